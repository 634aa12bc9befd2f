#include "tests/sim/world/network.h"
#include <algorithm>

namespace troupe::sim {

void network::send(node_id from, node_id to, bool repeatable, const std::function<void()>& arrive) {
  ++counters_.sent;
  const direction way{from, to};
  if (cut_.contains(way)) {
    ++counters_.cut;
    return;
  }
  const auto found = special_.find(way);
  const link_quality& q = found == special_.end() ? ordinary_ : found->second;
  if (world_.chance().per_mille(q.drop)) {
    ++counters_.dropped;
    return;
  }
  const int copies = repeatable && world_.chance().per_mille(q.duplicate) ? 2 : 1;
  counters_.duplicated += static_cast<std::uint64_t>(copies - 1);
  for (int i = 0; i < copies; ++i) {
    instant when = world_.now() + delay(q);
    if (q.ordered) {
      instant& newest = newest_arrival_[way];
      when = newest = std::max(when, newest);
    }
    world_.at(when, arrive);
  }
}

instant network::delay(const link_quality& q) {
  dice& chance = world_.chance();
  if (chance.per_mille(q.spike))
    return q.delay_min + chance.between(0, q.spike_max);
  return q.delay_min + chance.tailed(q.delay_mean);
}

void network::heal(link_quality all) {
  cut_.clear();
  special_.clear();
  ordinary_ = all;
}

} // namespace troupe::sim
