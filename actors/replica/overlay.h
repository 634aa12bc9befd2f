// What the item store does not hold yet: effects that are chosen and applied but not flushed, and, on the
// leader, effects that are proposed and not chosen.
//
// Together with the item store below it this is the replica's state machine. Writes are evaluated against the
// newest value, proposed ones included; reads see only what is applied. Flushes are coalesced: a key that was
// written ten times since the last one goes to the store once.
//
// Pure. One owner, one thread. Keys and items are bytes; items are serialized AttributeMaps.
#pragma once
#include "actors/replica/overlay_entries.h"
#include "messages/replication.pb.h"
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::replica {

class overlay {
public:
  struct version {
    std::uint64_t index = 0;
    bool removed = false;
    std::string item; // empty when removed
  };

  // From now on the entries of applied items can be walked. While nothing is applied yet.
  void keep_entries(std::shared_ptr<const item::local_indexes> indexes);

  // nullptr: nothing is known here, ask the item store.
  const version* newest(std::string_view key) const;
  const version* applied(std::string_view key) const;

  void propose(const msg::Effect& effect, std::uint64_t index);
  void apply(msg::Effect effect, std::uint64_t index);
  // Leadership is lost: what was proposed may or may not be chosen; if it is, it comes back through apply.
  void forget_proposed();
  // Everything: a snapshot has replaced the state.
  void clear();

  // Visits applied versions with keys in [from, to) (empty `to`: the end) in key order, forward or backward,
  // until visit returns false.
  template <class Visit>
  void walk(std::string_view from, std::string_view to, bool backward, Visit visit) const;

  // The same for the entries of one local index, which are in the order of their own keys: visit(entry's key,
  // version). Only after keep_entries.
  template <class Visit>
  void walk_entries(std::uint32_t index, std::string_view from, std::string_view to, bool backward,
                    Visit visit) const;

  // begin_flush takes every applied effect that no flush has taken yet; the caller writes them with the index
  // applied so far and then says how that went. While one is under way one more may be taken, to be written
  // after it; when the first one fails, the second has been given back with it, and must not be written.
  std::vector<msg::Effect> begin_flush();
  void end_flush(bool written);
  bool flushing() const { return flushing_; }
  bool next_taken() const { return next_taken_; }
  bool dirty() const { return !dirty_.empty(); }
  std::size_t dirty_bytes() const { return dirty_bytes_; } // not yet taken by a flush
  std::size_t bytes() const { return bytes_; }             // of all applied versions
  std::size_t size() const { return cells_.size(); }

private:
  struct cell {
    std::optional<version> applied;
    std::vector<version> proposed; // ascending by index
    bool dirty = false;            // its applied version waits for a flush to take it
    unsigned in_flush = 0;         // flushes that have taken it
  };
  // Keys begin with the hash of a partition key, so their first eight bytes nearly always tell them apart:
  // compared as a number in the node itself, which spares a look at bytes that lie elsewhere.
  struct probe {
    explicit probe(std::string_view b) : head(head_of(b)), bytes(b) {}
    std::uint64_t head;
    std::string_view bytes;
  };
  struct cell_key {
    explicit cell_key(std::string b) : head(head_of(b)), bytes(std::move(b)) {}
    std::uint64_t head;
    std::string bytes;
  };
  struct in_key_order {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.head != b.head ? a.head < b.head : std::string_view(a.bytes) < std::string_view(b.bytes);
    }
  };
  static std::uint64_t
  head_of(std::string_view bytes); // its first eight, big-endian, zeros behind a shorter one
  using cells = std::map<cell_key, cell, in_key_order>;
  void erase_if_empty(cells::iterator it);
  void give_back(const std::vector<cells::iterator>& taken);
  void hide_entries(const std::string& key, const cell& c);

  cells cells_;
  std::vector<cells::iterator> dirty_;
  std::vector<cells::iterator> taken_; // by the flush under way
  std::vector<cells::iterator> next_;  // by the one after it
  bool flushing_ = false;
  bool next_taken_ = false;
  std::size_t dirty_bytes_ = 0;
  std::size_t bytes_ = 0;
  std::unique_ptr<overlay_entries> entries_; // null: there are no indexes
};

template <class Visit>
void overlay::walk_entries(std::uint32_t index, std::string_view from, std::string_view to, bool backward,
                           Visit visit) const {
  entries_->walk(index, from, to, backward, [&](const std::string& entry, const std::string& key) {
    visit(entry, *cells_.find(probe(key))->second.applied);
  });
}

template <class Visit>
void overlay::walk(std::string_view from, std::string_view to, bool backward, Visit visit) const {
  auto first = cells_.lower_bound(probe(from));
  auto last = to.empty() ? cells_.end() : cells_.lower_bound(probe(to));
  if (!to.empty() && from >= to)
    return;
  if (backward) {
    while (last != first) {
      --last;
      if (last->second.applied && !visit(last->first.bytes, *last->second.applied))
        return;
    }
    return;
  }
  for (; first != last; ++first)
    if (first->second.applied && !visit(first->first.bytes, *first->second.applied))
      return;
}

} // namespace troupe::replica
