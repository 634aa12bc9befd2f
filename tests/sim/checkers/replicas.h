// Replicas that applied the same index hold the same state, however they got there: by the log, by the log
// again after a restart, or by a snapshot.
#pragma once
#include "tests/sim/checkers/checker.h"
#include <unordered_map>

namespace troupe::sim {

class replicas : public checker {
public:
  explicit replicas(world& w) : checker(w, "replicas") {}

  void applied(member_id m, log_index index, std::uint64_t digest) override {
    const auto [first, is_first] = digests_.try_emplace(index, seen{digest, m});
    if (!is_first && first->second.digest != digest)
      find("m" + std::to_string(m) + " and m" + std::to_string(first->second.by) + " applied entry " +
           std::to_string(index) + " and are not equal");
  }
  void installed(member_id m, const msg::SnapshotHeader& h) override { applied(m, h.index(), h.digest()); }

private:
  struct seen {
    std::uint64_t digest;
    member_id by;
  };
  std::unordered_map<log_index, seen> digests_;
};

} // namespace troupe::sim
