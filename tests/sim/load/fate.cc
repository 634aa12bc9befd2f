#include "tests/sim/load/fate.h"

namespace troupe::sim {

void fate::every(instant mean, std::function<void()> what) {
  if (mean == 0)
    return;
  world_.after(world_.chance().tailed(mean), [this, mean, what] {
    if (resting_)
      return;
    what();
    every(mean, what);
  });
}

void fate::start() {
  const misfortunes& f = cluster_.how().faults;
  every(f.crash, [this] {
    if (machine* m = victim())
      crash(*m);
  });
  every(f.crash_all, [this] {
    for (auto& m : cluster_.machines())
      crash(m);
  });
  every(f.pause, [this, &f] {
    if (machine* m = victim()) {
      ++cluster_.counters().pauses;
      m->running->pause(world_.now() + world_.chance().between(20 * millisecond, f.pause_max));
    }
  });
  every(f.partition, [this] { partition(); });
  every(f.isolate, [this] {
    if (const machine* m = victim())
      isolate(*m);
  });
  every(f.one_way, [this] { cut_one(false); });
  every(f.cut_link, [this] { cut_one(true); });
  every(f.slow_link, [this] { slow_link(); });
  every(f.stall_disk, [this] {
    if (machine* m = victim()) {
      ++counters_.stalls;
      const instant until = world_.now() + world_.chance().between(50 * millisecond, 3 * second);
      world_.note("the disk of m{} stalls for {} us", m->resident, until - world_.now());
      m->storage->stall(until);
    }
  });
  every(f.lose_disk, [this] { damage(); });
  every(f.rot, [this] {
    for (const auto& m : cluster_.machines())
      if (m.running && m.running->state() != nullptr && m.running->state()->rotten())
        return; // one at a time: two are more than the scrub can tell apart
    machine* m = victim();
    if (m == nullptr || m->running->state() == nullptr)
      return;
    ++cluster_.counters().rotten;
    m->running->rot(world_.chance().next());
  });
  every(f.rot_archive, [this] { cluster_.store().rot(); });
  every(f.hand_over, [this] {
    if (member* leader = cluster_.leader()) {
      ++counters_.hand_overs;
      const machine* to = somebody(true);
      leader->hand_over(world_.chance().coin() || to == nullptr ? 0 : to->resident);
    }
  });
  every(f.campaign, [this] {
    if (machine* m = somebody(true))
      m->running->campaign();
  });
  every(f.membership, [this] { change_membership(); });
  cluster_.on_new_leader([this, &f](machine& m) {
    if (!resting_ && world_.chance().per_mille(f.strike))
      world_.after(world_.chance().between(0, f.strike_within), [this, &m, boot = m.boot] {
        if (!resting_ && m.running && m.boot == boot)
          strike(m);
      });
  });
}

// The most delicate moment of a group: somebody has just been elected and has told half of it.
void fate::strike(machine& m) {
  switch (world_.chance().below(4)) {
  case 0:
    return isolate(m);
  case 1:
    ++cluster_.counters().pauses;
    return m.running->pause(world_.now() + world_.chance().between(20 * millisecond, 2 * second));
  default:
    return crash(m);
  }
}

void fate::rest() {
  resting_ = true;
  world_.note("the faults end");
  network& net = cluster_.net();
  link_quality calm;
  if (cluster_.how().shell.deaf)
    calm.drop = 1'000;
  net.heal(calm);
  cluster_.store().rest();
  for (auto& m : cluster_.machines())
    cluster_.restart(m);
}

machine* fate::somebody(bool running) {
  std::vector<machine*> candidates;
  for (auto& m : cluster_.machines())
    if (m.resident != 0 && (!running || m.running))
      candidates.push_back(&m);
  return candidates.empty() ? nullptr : world_.chance().pick(candidates);
}

machine* fate::victim() {
  member* leader = cluster_.leader();
  if (leader != nullptr && world_.chance().coin())
    return cluster_.of(leader->id());
  return somebody(true);
}

void fate::crash(machine& m) {
  if (!m.running)
    return;
  cluster_.crash(m, world_.chance().coin());
  restart_later(m);
}

void fate::restart_later(machine& m) {
  const instant down = world_.chance().per_mille(300)
                           ? world_.chance().between(1, 50 * millisecond)
                           : world_.chance().tailed(cluster_.how().faults.down_mean);
  world_.after(down, [this, &m] { cluster_.restart(m); });
}

void fate::cut(const std::vector<std::pair<node_id, node_id>>& directions) {
  ++counters_.partitions;
  for (const auto& [from, to] : directions) {
    world_.note("the link from machine {} to {} is cut", from, to);
    cluster_.net().cut(from, to);
  }
  world_.after(world_.chance().tailed(cluster_.how().faults.cut_mean), [this, directions] {
    for (const auto& [from, to] : directions) {
      world_.note("the link from machine {} to {} is mended", from, to);
      cluster_.net().mend(from, to);
    }
  });
}

void fate::partition() {
  const std::size_t n = cluster_.machines().size();
  const std::uint64_t sides = world_.chance().next();
  std::vector<std::pair<node_id, node_id>> across;
  for (node_id a = 1; a <= n; ++a)
    for (node_id b = 1; b <= n; ++b)
      if (((sides >> a) & 1) != ((sides >> b) & 1))
        across.emplace_back(a, b);
  cut(across);
}

void fate::isolate(const machine& m) {
  const bool speaks = world_.chance().below(4) != 0, hears = world_.chance().below(4) != 0;
  std::vector<std::pair<node_id, node_id>> around;
  for (const auto& other : cluster_.machines()) {
    if (other.id == m.id)
      continue;
    if (speaks)
      around.emplace_back(m.id, other.id);
    if (hears)
      around.emplace_back(other.id, m.id);
  }
  cut(around);
}

void fate::cut_one(bool both_ways) {
  const machine* a = victim();
  const machine* b = somebody(false);
  if (a == nullptr || b == nullptr || a->id == b->id)
    return;
  if (both_ways)
    cut({{a->id, b->id}, {b->id, a->id}});
  else if (world_.chance().coin())
    cut({{a->id, b->id}});
  else
    cut({{b->id, a->id}});
}

void fate::slow_link() {
  const machine* a = victim();
  const machine* b = somebody(false);
  if (a == nullptr || b == nullptr || a->id == b->id)
    return;
  link_quality slow = cluster_.how().links;
  slow.delay_mean = world_.chance().between(20, 600) * millisecond;
  cluster_.net().set(a->id, b->id, slow);
  world_.note("the link from machine {} to {} is slow", a->id, b->id);
  world_.after(world_.chance().tailed(cluster_.how().faults.cut_mean), [this, from = a->id, to = b->id] {
    if (!resting_)
      cluster_.net().set(from, to, cluster_.how().links);
  });
}

// One disk fails, in one of three ways. The group is asked to survive one loss at a time.
void fate::damage() {
  machine* m = victim();
  if (m == nullptr)
    return;
  if (!keeper_.may_lose(*m))
    return;
  const auto way = world_.chance().below(3);
  if (way == 0)
    return cluster_.lose_disk(*m, "it is gone");
  m->damaged = true;
  if (way == 1) {
    world_.note("a bit flips on the disk of m{}", m->resident);
    m->storage->flip_a_bit();
  }
  cluster_.crash(*m, true);
  if (way == 2) {
    world_.note("the disk of m{} forgets the end of its log", m->resident);
    m->storage->forget_tail(1 + world_.chance().below(5), false);
  }
  restart_later(*m);
}

void fate::change_membership() {
  std::vector<member_id> voters;
  for (const auto& m : cluster_.machines())
    if (m.running)
      voters.push_back(m.resident);
  if (voters.empty())
    return;
  ++counters_.vacated;
  const member_id leaves = world_.chance().pick(voters);
  world_.note("m{} is to be replaced", leaves);
  keeper_.vacate(leaves);
}

} // namespace troupe::sim
