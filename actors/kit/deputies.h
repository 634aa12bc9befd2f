// The deputies of a node's replicas (core/paxos/deputy.h), where replicas and the pulse meet.
//
// A replica rests on one thread while the pulse speaks for it on another; a lock per replica, held for
// nanoseconds, is all they share. Replicas enroll when they start to run, and leave when they end.
#pragma once
#include "actors/core/paxos/deputy.h"
#include "actors/wire/storage_roles.h"
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::kit {

// Everything but `group`, `member` and `actor` is used under `lock`.
struct deputy_seat {
  const std::uint64_t group;
  const std::uint64_t member;
  const wire::replica_actor actor;

  struct neighbour {
    std::uint64_t member = 0;
    std::string node;
    std::uint64_t disk = 0;
  };

  std::mutex lock;
  paxos::deputy deputy;
  std::uint64_t epoch = 0;       // of the configuration that `others` are from
  std::vector<neighbour> others; // the other members
  std::int64_t called_us = 0;    // when it was called and has not come since; 0: it has
  std::int64_t seen_us = 0;      // when its replica last did anything

  deputy_seat(std::uint64_t g, std::uint64_t m, wire::replica_actor a)
      : group(g), member(m), actor(std::move(a)) {}
};
using deputy_seat_ptr = std::shared_ptr<deputy_seat>;

class deputies {
public:
  deputy_seat_ptr enroll(std::uint64_t group, std::uint64_t member, wire::replica_actor actor);
  void leave(const deputy_seat_ptr& seat);
  deputy_seat_ptr find(std::uint64_t group) const; // null: that group has no replica that runs here
  std::vector<deputy_seat_ptr> all() const;
  // Changes with every enrolment and leave, so that a list from all() need not be made anew each time.
  std::uint64_t version() const;

private:
  mutable std::mutex lock_;
  std::map<std::uint64_t, deputy_seat_ptr> seats_; // by group
  std::uint64_t version_ = 0;
};

} // namespace troupe::kit
