// The network between machines: each direction of each pair is a link of its own that may lose, repeat, hold
// up and reorder what passes, and may be cut. What travels is bytes; nothing is shared by pointer.
#pragma once
#include "tests/sim/world/world.h"
#include <map>
#include <set>
#include <utility>

namespace troupe::sim {

using node_id = std::uint64_t; // a machine; clients are machines too, from first_client on
inline constexpr node_id first_client = 1'000;

struct link_quality {
  unsigned drop = 0;      // per mille
  unsigned duplicate = 0; // per mille
  unsigned spike = 0;     // per mille of messages held up by up to spike_max
  instant delay_min = 150;
  instant delay_mean = 300; // on top of delay_min, with a tail
  instant spike_max = 0;
  bool ordered = false; // nothing overtakes
};

struct network_counters {
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t cut = 0; // lost because the link was cut
};

class network {
public:
  network(world& w, link_quality ordinary) : world_(w), ordinary_(ordinary) {}

  // Calls `arrive` at the other end once, several times, or never. repeatable: whether the transport may
  // deliver it twice (a request of a client on a connection may not; a message between members may).
  void send(node_id from, node_id to, bool repeatable, const std::function<void()>& arrive);

  void cut(node_id from, node_id to) { cut_.insert({from, to}); }
  void mend(node_id from, node_id to) { cut_.erase({from, to}); }
  bool is_cut(node_id from, node_id to) const { return cut_.contains({from, to}); }
  void set(node_id from, node_id to, link_quality q) { special_[{from, to}] = q; }
  void heal(link_quality all); // no link is cut, all are of this quality

  const network_counters& counters() const { return counters_; }

private:
  using direction = std::pair<node_id, node_id>;
  instant delay(const link_quality& q);

  world& world_;
  link_quality ordinary_;
  std::set<direction> cut_;
  std::map<direction, link_quality> special_;
  std::map<direction, instant> newest_arrival_; // of ordered links
  network_counters counters_;
};

} // namespace troupe::sim
