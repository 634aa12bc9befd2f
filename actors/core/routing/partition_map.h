// Which partition holds a key: one version of the metadata group's tables and partitions, ready to be asked.
//
// A snapshot never changes once made; a router keeps the newest one and hands references to it around. A
// table is routable only when its partitions cover the key space exactly once: with a hole a key would have
// no home, with an overlap two, and either means that the metadata is wrong, so nothing is guessed about that
// table. Other tables are not disturbed by it.
//
// Thread: immutable, share freely. Pointers into a snapshot live as long as it does.
#pragma once
#include "messages/table.pb.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::routing {

class partition_map {
public:
  // An empty map of version 0.
  partition_map();
  // From an answer that carries tables and partitions (not `unchanged`). Order in the reply does not matter.
  explicit partition_map(msg::MapReply reply);
  partition_map(const partition_map&) = delete;
  partition_map& operator=(const partition_map&) = delete;

  std::uint64_t version() const { return reply_.version(); }
  std::size_t tables() const { return by_name_.size(); }
  std::size_t partitions() const { return by_group_.size(); }

  // nullptr when there is no table of that name. Creating and deleting tables are found as well.
  const msg::TableRecord* find(std::string_view table) const;

  // The partition that holds the encoded key. nullptr when the table is not of this map or not routable.
  const msg::PartitionRecord* locate(const msg::TableRecord& table, std::string_view key) const;

  // All partitions of the table in key order; empty when it is not routable.
  std::span<const msg::PartitionRecord* const> partitions_of(const msg::TableRecord& table) const;
  // Those that share keys with [from, to), in key order; an empty `to` is the end.
  std::span<const msg::PartitionRecord* const>
  partitions_in(const msg::TableRecord& table, std::string_view from, std::string_view to) const;

  const msg::PartitionRecord* group(std::uint64_t group) const; // nullptr when unknown

  // Why tables are not routable, and what else did not fit together; for the log. Empty when all is well.
  // A table that is still being created is allowed to have no partitions yet.
  const std::vector<std::string>& troubles() const { return troubles_; }

private:
  struct entry {
    const msg::TableRecord* record = nullptr;
    std::vector<const msg::PartitionRecord*> partitions; // ascending by `from`; empty when not routable
  };

  msg::MapReply reply_; // owns the records
  std::unordered_map<std::uint64_t, entry> by_id_;
  std::unordered_map<std::string_view, const msg::TableRecord*> by_name_;
  std::unordered_map<std::uint64_t, const msg::PartitionRecord*> by_group_;
  std::vector<std::string> troubles_;
};

// Whether partitions in ascending order of `from` cover the key space exactly once; empty when they do, else
// the first thing that is wrong.
std::string coverage_trouble(std::span<const msg::PartitionRecord* const> ascending);

// The newer of what is held and what was answered: `held` itself when the reply is not OK, is unchanged, or
// is not newer (answers may overtake each other).
std::shared_ptr<const partition_map> advance(std::shared_ptr<const partition_map> held, msg::MapReply reply);

} // namespace troupe::routing
