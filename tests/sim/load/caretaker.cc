#include "tests/sim/load/caretaker.h"
#include <algorithm>

namespace troupe::sim {
namespace {

constexpr instant interval = 150 * millisecond;
constexpr instant patience = 3 * second; // for a proposed change, before it is tried again

void remove(msg::Configuration& c, member_id id) {
  auto* members = c.mutable_members();
  for (int i = 0; i < members->size(); ++i)
    if ((*members)[i].id() == id)
      return members->DeleteSubrange(i, 1);
}

bool contains(const msg::Configuration& c, member_id id) {
  return std::any_of(c.members().begin(), c.members().end(), [id](const auto& m) { return m.id() == id; });
}

unsigned count(const msg::Configuration& c, msg::MemberKind kind) {
  return static_cast<unsigned>(std::count_if(c.members().begin(), c.members().end(),
                                             [kind](const auto& m) { return m.kind() == kind; }));
}

} // namespace

void caretaker::start() {
  cluster_.place().after(cluster_.place().chance().between(interval / 2, interval), [this] {
    look();
    start();
  });
}

unsigned caretaker::wanted(msg::MemberKind kind) const {
  return count(cluster_.initial(), kind);
}

void caretaker::look() {
  member* leader = cluster_.leader();
  if (leader == nullptr)
    return;
  const msg::Configuration current = leader->group().configuration();
  std::erase_if(unwanted_, [&](member_id m) { return !contains(current, m); });
  std::erase_if(made_, [&](const auto& made) { return contains(current, made.first); });
  clean(current);
  const bool waiting = proposed_epoch_ > current.epoch() && cluster_.place().now() < proposed_at_ + patience;
  if (!waiting)
    improve(*leader);
}

bool caretaker::improve(member& leader) {
  const msg::Configuration& current = leader.group().configuration();
  const msg::Member* bad = nullptr; // a voter to be replaced
  const msg::Member* learner = nullptr;
  const msg::Member* log = nullptr;
  unsigned can_lead = 0;
  for (const auto& m : current.members())
    can_lead += m.kind() == msg::STORAGE_REPLICA && alive(m.id());
  for (const auto& m : current.members()) {
    // The last one that can lead stays until there is another.
    const bool may_go = unwanted_.contains(m.id()) && (m.id() != leader.id() || can_lead > 1);
    if (m.kind() == msg::LEARNER)
      learner = &m;
    else if (!alive(m.id()) || (may_go && (bad == nullptr || alive(bad->id()))))
      bad = &m;
    else if (m.kind() == msg::LOG_REPLICA)
      log = &m;
  }
  const bool ready = learner != nullptr && alive(learner->id()) && caught_up(leader, learner->id());
  const auto storage = count(current, msg::STORAGE_REPLICA), logs = count(current, msg::LOG_REPLICA);
  msg::Configuration next = current;
  const auto promote = [&](member_id leaves) {
    remove(next, leaves);
    for (auto& m : *next.mutable_members())
      if (m.id() == learner->id())
        m.set_kind(msg::STORAGE_REPLICA);
    return propose(leader, next);
  };
  const auto seat = [&](msg::MemberKind kind, member_id leaves) {
    const member_id made = make(kind, leader);
    if (made == 0)
      return false;
    remove(next, leaves);
    *next.add_members() = cluster_.describe(made, kind);
    return propose(leader, next);
  };
  if (learner != nullptr && !alive(learner->id())) {
    remove(next, learner->id());
    return propose(leader, next);
  }
  if (bad != nullptr && bad->id() == leader.id()) {
    leader.hand_over(0);
    return true;
  }
  if (bad != nullptr && ready && bad->kind() == msg::STORAGE_REPLICA)
    return promote(bad->id());
  if (bad != nullptr)
    return seat(msg::LOG_REPLICA, bad->id());
  if (storage < wanted(msg::STORAGE_REPLICA) && learner == nullptr)
    return seat(msg::LEARNER, 0);
  if (storage < wanted(msg::STORAGE_REPLICA) && ready)
    return promote(logs > wanted(msg::LOG_REPLICA) ? log->id() : 0);
  if (logs < wanted(msg::LOG_REPLICA))
    return seat(msg::LOG_REPLICA, 0);
  if (logs > wanted(msg::LOG_REPLICA) && storage >= wanted(msg::STORAGE_REPLICA)) {
    remove(next, log->id());
    return propose(leader, next);
  }
  return false;
}

bool caretaker::propose(member& leader, msg::Configuration next) {
  next.set_epoch(leader.group().configuration().epoch() + 1);
  if (!leader.propose_configuration(next))
    return false;
  proposed_epoch_ = next.epoch();
  proposed_at_ = cluster_.place().now();
  cluster_.place().note("m{} proposes configuration {}", leader.id(), next.epoch());
  return true;
}

machine* caretaker::free_machine() {
  for (auto& m : cluster_.machines())
    if (m.resident == 0)
      return &m;
  return nullptr;
}

// A member made for an earlier attempt that came to nothing is used again.
member_id caretaker::make(msg::MemberKind kind, member& leader) {
  for (const auto& [id, when] : made_)
    if (const machine* m = cluster_.of(id); m != nullptr && m->log_only == (kind == msg::LOG_REPLICA))
      return id;
  machine* m = free_machine();
  if (m == nullptr)
    return 0;
  const member_id id =
      cluster_.create(*m, kind, leader.group().configuration(), leader.group().configuration_index());
  made_[id] = cluster_.place().now();
  return id;
}

bool caretaker::holds_everything(member_id m) const {
  const machine* at = cluster_.of(m);
  if (at == nullptr)
    return false;
  if (!at->log_only && at->storage->durable_items() &&
      at->storage->durable_items()->index() >= truth_.length())
    return true;
  return at->storage->durable_last() >= truth_.length() &&
         (truth_.length() <= at->storage->durable_base() ||
          at->storage->durably_holds(truth_.length(), truth_.link_at(truth_.length())));
}

bool caretaker::caught_up(const member& leader, member_id learner) const {
  const member* m = cluster_.of(learner)->running.get();
  if (m == nullptr || m->applied() + 5 < leader.group().commit())
    return false;
  const auto all = leader.group().progress();
  return std::any_of(all.begin(), all.end(), [&](const paxos::progress_view& p) {
    return p.member == learner && !p.needs_snapshot && p.match + 5 >= leader.group().commit();
  });
}

void caretaker::clean(const msg::Configuration& current) {
  if (current.epoch() != truth_.newest().epoch())
    return;
  std::size_t voters = 0, know = 0;
  for (const auto& m : current.members()) {
    if (m.kind() == msg::LEARNER)
      continue;
    ++voters;
    know += alive(m.id()) && cluster_.of(m.id())->storage->durable_epoch() >= current.epoch();
  }
  if (know <= voters / 2)
    return;
  for (auto& m : cluster_.machines())
    if (m.resident != 0 && !contains(current, m.resident) && !made_.contains(m.resident))
      cluster_.retire(m);
}

bool caretaker::satisfied() const {
  const auto& current = truth_.newest();
  for (const auto& m : current.members())
    if (!alive(m.id()) || unwanted_.contains(m.id()))
      return false;
  const bool in_shape = count(current, msg::STORAGE_REPLICA) == wanted(msg::STORAGE_REPLICA) &&
                        count(current, msg::LOG_REPLICA) == wanted(msg::LOG_REPLICA);
  return in_shape &&
         std::all_of(cluster_.machines().begin(), cluster_.machines().end(), [&](const machine& m) {
           return m.resident == 0 || contains(current, m.resident) || made_.contains(m.resident);
         });
}

bool caretaker::may_lose(const machine& lost) const {
  const auto& current = truth_.newest();
  unsigned storage_left = 0;
  for (const auto& m : current.members()) {
    if (m.id() == lost.resident)
      continue;
    if (!alive(m.id()) || cluster_.of(m.id())->damaged)
      return false;
    if (m.kind() == msg::LEARNER)
      continue;
    if (!holds_everything(m.id()) || cluster_.of(m.id())->storage->durable_epoch() != current.epoch())
      return false;
    storage_left += m.kind() == msg::STORAGE_REPLICA;
  }
  return storage_left > 0 && count(current, msg::STORAGE_REPLICA) >= wanted(msg::STORAGE_REPLICA);
}

} // namespace troupe::sim
