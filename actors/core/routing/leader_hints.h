// Whom to ask first: the last word heard about who leads each group.
//
// A hint is a guess that saves a round trip, never an authority: a wrong one costs a `moved` reply or a
// timeout and is then corrected. Constant work for each call, and never more than `capacity` hints; the
// oldest learnt is forgotten first.
//
// Thread: none of its own; one caller at a time.
#pragma once
#include "actors/core/routing/partition_map.h"
#include "config/limits.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::routing {

class leader_hints {
public:
  explicit leader_hints(std::size_t capacity = limits::leader_hints);

  struct hint {
    std::string node;        // empty: known not to be known
    std::uint64_t epoch = 0; // configuration epoch it was heard under
  };

  // A replica refused and says what it knows. Ignored when it speaks of an older epoch than the hint held;
  // within an epoch leaders change too, so the later word wins.
  void update_from_moved(const msg::Moved& moved);
  // A node answered as the leader.
  void learn(std::uint64_t group, std::string_view node, std::uint64_t epoch);
  // A node did not answer. Only a hint at that very node is dropped.
  void suspect(std::uint64_t group, std::string_view node);
  // Drops the hints of groups that are not in the map.
  void retain(const partition_map& map);

  const hint* find(std::uint64_t group) const; // nullptr when none is held
  std::size_t size() const { return hints_.size(); }

  // The node to ask for the partition: the hint, unless the partition's configuration is newer and no longer
  // has that node as a storage replica; without a hint the preferred leader, which is the first storage
  // replica. Empty only for a partition without storage replicas. Valid until the next change of either.
  std::string_view target(const msg::PartitionRecord& partition) const;
  // The storage replica after `tried` in the configuration's order, around the end; the first one when
  // `tried` is not among them.
  static std::string_view after(const msg::PartitionRecord& partition, std::string_view tried);
  // The epoch to name in a request: the newest heard of, from the map or from a hint.
  std::uint64_t epoch(const msg::PartitionRecord& partition) const;

private:
  // The group's hint, made when there is none; forgets the oldest when full.
  hint& put(std::uint64_t group);

  std::size_t capacity_;
  std::unordered_map<std::uint64_t, hint> hints_;
  std::vector<std::uint64_t> order_; // a ring of the groups in the order they were first learnt
  std::size_t next_ = 0;             // the slot of the ring that is written, and forgotten, next
};

} // namespace troupe::routing
