// The index entries of the applied items in an overlay, in order, so that a page of an index need not look at
// all of them. Which are shown is for the overlay to say; they are made anew from the items each time.
//
// One owner, one thread. Items are serialized canonical AttributeMaps, keys are encoded.
#pragma once
#include "actors/core/item/local_indexes.h"
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::replica {

class overlay_entries {
public:
  // `indexes` must not be null.
  explicit overlay_entries(std::shared_ptr<const item::local_indexes> indexes);

  void add(std::string_view key, std::string_view item);
  void remove(std::string_view key, std::string_view item); // as it was added
  void clear() { entries_.clear(); }
  std::size_t size() const { return entries_.size(); }

  // Visits entries of one index with keys in [from, to) (empty `to`: the end) in order, forward or backward,
  // with the keys of their items.
  template <class Visit>
  void walk(std::uint32_t index, std::string_view from, std::string_view to, bool backward,
            Visit visit) const;

private:
  using entries = std::map<std::pair<std::uint32_t, std::string>, std::string>; // index, key -> item's key

  std::shared_ptr<const item::local_indexes> indexes_;
  entries entries_;
};

template <class Visit>
void overlay_entries::walk(std::uint32_t index, std::string_view from, std::string_view to, bool backward,
                           Visit visit) const {
  if (!to.empty() && from >= to)
    return;
  auto first = entries_.lower_bound({index, std::string(from)});
  auto last =
      to.empty() ? entries_.lower_bound({index + 1, {}}) : entries_.lower_bound({index, std::string(to)});
  if (backward)
    while (last != first) {
      --last;
      visit(last->first.second, last->second);
    }
  else
    for (; first != last; ++first)
      visit(first->first.second, first->second);
}

} // namespace troupe::replica
