#include "tests/sim/members/cluster.h"
#include "tests/sim/members/wire.h"
#include <xxhash.h>

namespace troupe::sim {
namespace {

// What `value` reads at a boot: anything, as the clock counts from then.
local_clock booted_clock(world& w, std::int64_t ppm_at_most) {
  return {w.now(), w.chance().between(1, 1'000 * second), w.chance().between(-ppm_at_most, ppm_at_most)};
}

void add(paxos::counters& sum, const paxos::counters& more) {
  sum.elections_started += more.elections_started;
  sum.elections_won += more.elections_won;
  sum.pre_votes_dropped += more.pre_votes_dropped;
  sum.stepped_down += more.stepped_down;
  sum.leases_lost += more.leases_lost;
  sum.ignored += more.ignored;
  sum.links_refused += more.links_refused;
}

} // namespace

cluster::cluster(world& w, settings how, panel& checks)
    : world_(w), how_(std::move(how)), checks_(checks), network_(w, how_.links), store_(w, how_.store),
      machines_(how_.members.size() + how_.spare_machines) {
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    machines_[i].id = i + 1;
    machines_[i].clock = booted_clock(world_, how_.clock_ppm);
  }
  initial_.set_epoch(1);
  for (std::size_t i = 0; i < how_.members.size(); ++i) {
    homes_[i + 1] = i + 1;
    *initial_.add_members() = describe(i + 1, how_.members[i]);
  }
}

cluster::~cluster() = default;

msg::Member cluster::describe(member_id id, msg::MemberKind kind) const {
  const node_id at = homes_.at(id);
  msg::Member m;
  m.set_id(id);
  m.set_kind(kind);
  m.set_node("n" + std::to_string(at));
  m.set_zone("z" + std::to_string(at));
  m.set_disk(id * 1'000 + at);
  return m;
}

void cluster::start() {
  for (std::size_t i = 0; i < how_.members.size(); ++i)
    world_.after(world_.chance().between(0, 100 * millisecond),
                 [this, i] { create(machines_[i], how_.members[i], initial_, 0); });
}

member_id cluster::create(machine& m, msg::MemberKind kind, const msg::Configuration& known,
                          log_index known_at) {
  m.resident = next_member_id(m);
  homes_[m.resident] = m.id;
  m.log_only = kind == msg::LOG_REPLICA;
  m.storage = std::make_unique<disk>(world_, checks_, m.resident, how_.disks);
  msg::HardState first;
  *first.mutable_configuration() = known;
  first.set_configuration_index(known_at);
  world_.note("m{} is made on machine {}", m.resident, m.id);
  open(m, true, first);
  return m.resident;
}

member_id cluster::next_member_id(const machine& m) {
  const std::size_t first = how_.members.size();
  if (!started_.contains(m.id) && m.id <= first) { // the first configuration names its members 1, 2, ...
    started_.insert(m.id);
    return m.id;
  }
  return first + next_member_++;
}

machine* cluster::of(member_id id) {
  const auto found = homes_.find(id);
  if (found == homes_.end() || on(found->second).resident != id)
    return nullptr;
  return &on(found->second);
}

const machine* cluster::of(member_id id) const {
  return const_cast<cluster*>(this)->of(id);
}

member* cluster::running(member_id id) {
  machine* m = of(id);
  return m == nullptr ? nullptr : m->running.get();
}

member* cluster::leader() {
  for (auto& m : machines_)
    if (m.running && !m.running->paused() && m.running->group().serving(m.running->clock()))
      return m.running.get();
  return nullptr;
}

void cluster::crash(machine& m, bool power_lost) {
  if (!m.running)
    return;
  world_.note("m{} on machine {} crashes, power lost: {}", m.resident, m.id, power_lost);
  ++counters_.crashes;
  ++m.boot;
  add(ended_, m.running->group().counters());
  m.running.reset();
  m.storage->crash(power_lost);
  if (power_lost)
    m.clock = booted_clock(world_, how_.clock_ppm);
  checks_.closed(m.resident);
}

void cluster::restart(machine& m) {
  if (m.running || m.resident == 0)
    return;
  open(m, false, {});
}

std::shared_ptr<items> cluster::nothing_yet() {
  auto made = std::make_shared<items>(initial_);
  if (how_.scrub > 0)
    made->put_sleeper();
  made->begin_lineage(next_lineage());
  return made;
}

void cluster::open(machine& m, bool fresh, const msg::HardState& first) {
  if (fresh) {
    log_write identity;
    identity.hard_state = first;
    m.storage->write_now(identity);
    if (!m.log_only) {
      m.storage->publish_items(nothing_yet());
    }
  }
  auto found = m.storage->open();
  if (!found && how_.shell.rejoin_with_lost_log) {
    m.storage->forget_tail(0, true);
    found = m.storage->open();
  }
  if (!found) {
    ++counters_.damaged;
    return lose_disk(m, "its log is damaged or shorter than its mark");
  }
  reconcile(m, *found);
  paxos::restored from;
  from.fresh = fresh;
  from.hard_state = found->hard_state;
  from.base = found->base.index;
  from.base_link = found->base.link;
  from.base_ballot = found->base.ballot;
  from.entries = std::move(found->entries);
  from.applied = found->state ? found->state->index() : from.base;
  from.items = found->state != nullptr;
  from.items_link = found->state ? found->state->link() : 0;
  world_.note("m{} opens: log {} to {}, applied {}, commit {}, fresh {}", m.resident, from.base + 1,
              from.base + from.entries.size(), from.applied, from.hard_state.commit(), fresh);
  ++counters_.opened;
  ++m.boot;
  m.running = std::make_unique<member>(*this, m, m.resident, std::move(from), std::move(found->state));
  checks_.opened(*m.running);
}

// A crash between publishing a snapshot and emptying the log leaves items that are ahead of the log, or
// beside it. What the log holds up to the snapshot's index is then replaced by the snapshot; what it holds
// above are votes, and stays.
void cluster::reconcile(machine& m, disk::contents& found) {
  if (!found.state || found.state->index() <= found.base.index)
    return;
  const log_index at = found.state->index();
  if (at > found.base.index + found.entries.size())
    return; // what the log has is below: it goes on, and may reach further down than the archive
  const auto same = m.storage->base_at(at);
  if (same && same->link == found.state->link())
    return;
  log_write repair;
  repair.reset = log_base{at, found.state->link(), found.state->ballot()};
  repair.hard_state = found.hard_state;
  repair.hard_state->set_commit(std::max(found.hard_state.commit(), at));
  if (found.state->configuration_index() > found.hard_state.configuration_index()) {
    *repair.hard_state->mutable_configuration() = found.state->configuration();
    repair.hard_state->set_configuration_index(found.state->configuration_index());
  }
  for (const auto& e : found.entries)
    if (e.index() > at)
      repair.entries.push_back(std::make_shared<const msg::Entry>(e));
  world_.note("m{} completes the installation of a snapshot at {}", m.resident, at);
  m.storage->write_now(repair);
  found.hard_state = *repair.hard_state;
  found.base = *repair.reset;
  std::erase_if(found.entries, [at](const msg::Entry& e) { return e.index() <= at; });
}

void cluster::lose_disk(machine& m, const char* why) {
  if (m.resident == 0)
    return;
  world_.note("m{} on machine {} has lost its disk", m.resident, m.id);
  if (world_.traced())
    world_.tell(why);
  ++counters_.lost_disks;
  wipe(m);
}

void cluster::retire(machine& m) {
  if (m.resident == 0)
    return;
  world_.note("m{} on machine {} is retired", m.resident, m.id);
  wipe(m);
}

void cluster::wipe(machine& m) {
  ++m.boot;
  if (m.running) {
    add(ended_, m.running->group().counters());
    m.running.reset();
    checks_.closed(m.resident);
  }
  m.damaged = m.condemned = false;
  m.storage->crash(true); // completions on their way are void
  retired_disks_.push_back(std::move(m.storage));
  checks_.lost(std::exchange(m.resident, 0));
}

bool cluster::archive_reaches_logs() const {
  return how_.archive && std::any_of(machines_.begin(), machines_.end(), [this](const machine& m) {
           return m.running && m.running->archived() >= given_;
         });
}

void cluster::carry(node_id from, member_id to, std::string bytes) {
  const auto home = homes_.find(to);
  if (home == homes_.end())
    return;
  world_.mix(XXH3_64bits(bytes.data(), bytes.size()));
  network_.send(from, home->second, true, [this, at = home->second, bytes = std::move(bytes)] {
    if (on(at).running) // whoever lives there now: a stranger must say no for itself
      on(at).running->deliver(bytes);
  });
}

void cluster::ask(const request& r, node_id at) {
  network_.send(r.client, at, false, [this, r, at] {
    if (on(at).running)
      on(at).running->ask(r);
  });
}

void cluster::answer(const request& to, node_id from, const reply& what) {
  network_.send(from, to.client, false, [this, client = to.client, what] {
    if (const auto found = clients_.find(client); found != clients_.end())
      found->second(what);
  });
}

paxos::counters cluster::totals() const {
  paxos::counters sum = ended_;
  for (const auto& m : machines_)
    if (m.running)
      add(sum, m.running->group().counters());
  return sum;
}

} // namespace troupe::sim
