#include "tests/sim/load/caretaker.h"
#include <algorithm>

namespace troupe::sim {
namespace {

constexpr instant interval = 150 * millisecond;
constexpr instant patience = 3 * second; // for a proposed change, before it is tried again

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

// What members look like from outside: by their machines, and by what the leader says of them.
healing::group_view caretaker::seen_by(const member& leader) {
  healing::group_view view;
  view.now = &leader.group().configuration();
  view.leader = leader.id();
  const instant now = cluster_.place().now();
  for (const auto& m : view.now->members()) {
    auto& one = view.members.emplace_back();
    const machine* at = cluster_.of(m.id());
    const bool runs = at != nullptr && at->running;
    auto& since = down_since_[m.id()];
    since = runs ? 0 : since == 0 ? now : since;
    if (at == nullptr || unwanted_.contains(m.id())) {
      one.is = healing::health::lost;
    } else if (!runs) {
      one.is = healing::health::silent;
      one.silent_us = one.away_us = now - since;
    }
    one.votes = runs;
    one.steady_us = runs ? 60 * second : 0; // who comes and goes is let in at once, which is the harder case
    one.level = runs && caught_up(leader, m.id());
    one.has_items = at != nullptr && !at->log_only;
  }
  return view;
}

bool caretaker::improve(member& leader) {
  auto view = seen_by(leader);
  // The newcomer's id and machine are found before it is known whether one is needed; who was made for an
  // earlier attempt is used again.
  const machine* free = free_machine();
  for (const auto& [id, when] : made_)
    if (const machine* m = cluster_.of(id))
      free = m;
  std::vector<healing::spare> spares;
  if (free != nullptr)
    spares.push_back({"n" + std::to_string(free->id), "z" + std::to_string(free->id), 0, 0});
  view.spares = spares;
  view.next_member = 1;
  healing::rules by;
  by.wanted = {wanted(msg::STORAGE_REPLICA), wanted(msg::LOG_REPLICA)};
  by.silence_us = 2 * second;
  by.grace_us = 5 * second;
  const auto step = healing::next_step(view, by);
  switch (step.what) {
  case healing::step::kind::hand_over:
    leader.hand_over(0);
    return true;
  case healing::step::kind::grow: {
    member* grows = cluster_.running(step.member);
    for (const auto& m : view.now->members())
      if (m.kind() == msg::STORAGE_REPLICA && cluster_.running(m.id()) != nullptr && grows != nullptr) {
        grows->grow(m.id());
        return true;
      }
    return false;
  }
  case healing::step::kind::change: {
    auto target = step.target;
    if (step.newcomer != 0) {
      const member_id made = make(leader);
      if (made == 0)
        return false;
      *target.mutable_members()->rbegin() = cluster_.describe(made, msg::LOG_REPLICA);
    }
    return propose(leader, target);
  }
  case healing::step::kind::none:
    return false;
  }
  return false;
}

bool caretaker::propose(member& leader, const msg::Configuration& next) {
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
member_id caretaker::make(member& leader) {
  for (const auto& [id, when] : made_)
    if (cluster_.of(id) != nullptr)
      return id;
  machine* m = free_machine();
  if (m == nullptr)
    return 0;
  const member_id id = cluster_.create(*m, msg::LOG_REPLICA, leader.group().configuration(),
                                       leader.group().configuration_index());
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
  unsigned storage_left = 0, voters = 0, voters_left = 0;
  for (const auto& m : current.members())
    voters += m.kind() != msg::LEARNER;
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
    ++voters_left;
  }
  return storage_left > 0 && 2 * voters_left > voters &&
         count(current, msg::STORAGE_REPLICA) >= wanted(msg::STORAGE_REPLICA);
}

} // namespace troupe::sim
