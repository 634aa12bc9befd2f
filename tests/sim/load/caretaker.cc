#include "tests/sim/load/caretaker.h"
#include "tests/sim/archive/rebuild.h"
#include <algorithm>
#include <utility>

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
  const bool busy = std::exchange(length_seen_, truth_.length()) != truth_.length();
  if (busy && cluster_.how().shell.heals_in_quiet)
    return;
  member* leader = cluster_.leader();
  if (leader == nullptr)
    return adopt();
  const msg::Configuration current = leader->group().configuration();
  std::erase_if(unwanted_, [&](member_id m) { return !contains(current, m); });
  std::erase_if(proposed_, [&](const auto& c) { return c.epoch() <= current.epoch(); });
  std::erase_if(made_, [&](const auto& made) { return contains(current, made.first); });
  clean(current);
  const bool waiting = proposed_epoch_ > current.epoch() && cluster_.place().now() < proposed_at_ + patience;
  if (!waiting)
    improve(*leader);
}

// Everybody who had items and a vote may be lost: then somebody gets them from a learner that is back, or
// from the archive.
void caretaker::adopt() {
  const auto view = seen(truth_.newest(), nullptr);
  const auto step = healing::next_step(view, rules());
  member* grows = step.what == healing::step::kind::grow ? cluster_.running(step.member) : nullptr;
  if (grows == nullptr)
    return;
  member* giver = giver_for(*grows);
  if (giver != nullptr && (!cluster_.how().archive || cluster_.place().chance().coin())) {
    ++cluster_.counters().given;
    return grows->grow(giver->id());
  }
  if (cluster_.how().archive)
    rebuild(*grows);
}

// A learner whose items reach up to where the log of the other begins.
member* caretaker::giver_for(const member& grows) const {
  for (const auto& m : truth_.newest().members()) {
    member* one = m.kind() == msg::LEARNER ? cluster_.running(m.id()) : nullptr;
    if (one != nullptr && one->has_items() && !cluster_.of(m.id())->condemned &&
        one->applied() + 1 >= grows.group().first_index())
      return one;
  }
  return nullptr;
}

// Up to what it knows to be chosen. The archive has that, and does not always show it. Now and then what lies
// there is, behind some entry, somebody else's history.
void caretaker::rebuild(member& grows) {
  dice& chance = cluster_.place().chance();
  const auto& log = grows.group();
  auto made =
      rebuild_from(cluster_.store(), cluster_.nothing_yet(), std::min(log.commit(), log.durable_index()));
  if (made.state == nullptr) { // the store is away, or lies: again later
    if (cluster_.place().traced())
      cluster_.place().tell("m" + std::to_string(grows.id()) + " is not to grow yet: " + made.trouble);
    return;
  }
  const log_index last = made.state->index();
  if (made.state->link() != truth_.link_at(last))
    return cluster_.place().find("archive", "what is rebuilt of it at entry " + std::to_string(last) +
                                                " is another history than what was chosen");
  if (last + 1 >= log.first_index())
    return grows.grow_from_archive(chance.below(8) == 0 ? another_history(last) : std::move(made.state));
  if (const log_index reach = cluster_.store().reaches(); reach + 1 < log.first_index())
    cluster_.place().find("coverage", "the archive ends with entry " + std::to_string(reach) +
                                          ", and the log of m" + std::to_string(grows.id()) +
                                          ", which is to have items made of it, begins with " +
                                          std::to_string(log.first_index()));
}

std::shared_ptr<items> caretaker::another_history(log_index last) {
  dice& chance = cluster_.place().chance();
  auto state = cluster_.nothing_yet();
  const log_index wrong = 1 + chance.below(last + 1);
  std::uint64_t broken = 0; // what the links from there on differ by
  for (log_index x = 1; x <= last; ++x) {
    msg::Entry entry = truth_.at(x);
    if (x == wrong) {
      entry.set_kind(msg::Entry::NOOP);
      entry.clear_payload();
      broken = 1 + chance.next() / 2;
    }
    entry.set_link(entry.link() ^ broken);
    state->apply(entry);
  }
  return state;
}

caretaker::standing caretaker::stands() {
  standing now;
  const member* leader = cluster_.leader();
  now.epoch = truth_.newest().epoch();
  for (const auto& m : truth_.newest().members()) {
    const member* one = cluster_.running(m.id());
    if (one == nullptr)
      continue;
    const bool level = leader != nullptr && (one == leader || caught_up(*leader, m.id()));
    now.members[m.id()] = {!level || !one->has_items(), one->has_items(),
                           one->pieces_taken() + one->applied() + (level ? 0 : one->group().last_index())};
  }
  return now;
}

bool caretaker::moved(const standing& since, std::uint64_t so_much) {
  const auto now = stands();
  if (now.epoch != since.epoch)
    return true;
  for (const auto& [id, before] : since.members) {
    const auto found = now.members.find(id);
    if (!before.lacks || found == now.members.end())
      continue;
    const auto& after = found->second;
    if (!after.lacks || after.has_items != before.has_items || after.got >= before.got + so_much)
      return true;
  }
  return false;
}

healing::rules caretaker::rules() const {
  healing::rules by;
  by.wanted = {wanted(msg::STORAGE_REPLICA), wanted(msg::LOG_REPLICA)};
  by.silence_us = 2 * second;
  by.grace_us = 5 * second;
  by.archive = cluster_.how().archive;
  return by;
}

// What members look like from outside: by their machines, and by what the leader says of them, if there is
// one.
healing::group_view caretaker::seen(const msg::Configuration& now_in_force, const member* leader) {
  healing::group_view view;
  view.now = &now_in_force;
  view.leader = leader == nullptr ? 0 : leader->id();
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
    one.level = runs && leader != nullptr && caught_up(*leader, m.id());
    one.has_items = at != nullptr && !at->log_only;
    one.runs = runs && at->running->group().configuration_index() <= at->running->group().commit();
    one.chosen = runs ? at->running->group().commit() : 0;
    one.first = runs ? at->running->group().first_index() : 0;
    one.applied = runs ? at->running->applied() : 0;
  }
  return view;
}

bool caretaker::improve(member& leader) {
  auto view = seen(leader.group().configuration(), &leader);
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
  const auto step = healing::next_step(view, rules());
  switch (step.what) {
  case healing::step::kind::hand_over:
    leader.hand_over(0);
    return true;
  case healing::step::kind::grow: {
    member* grows = cluster_.running(step.member);
    for (const auto& m : view.now->members())
      if (m.kind() == msg::STORAGE_REPLICA && cluster_.running(m.id()) != nullptr && grows != nullptr &&
          !cluster_.of(m.id())->condemned) {
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
  proposed_.push_back(next);
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

// Enough voters are left, and somebody with items among them, where those cannot be had from the archive.
bool caretaker::survives(const msg::Configuration& c, const machine& lost) const {
  unsigned storage_left = 0, voters = 0, voters_left = 0;
  for (const auto& m : c.members()) {
    if (m.kind() == msg::LEARNER)
      continue;
    ++voters;
    if (m.id() == lost.resident || !alive(m.id()))
      continue;
    ++voters_left;
    storage_left += m.kind() == msg::STORAGE_REPLICA;
  }
  return 2 * voters_left > voters && (storage_left > 0 || cluster_.archive_reaches_logs());
}

bool caretaker::may_lose(const machine& lost) const {
  const auto& current = truth_.newest();
  for (const auto& m : current.members()) {
    if (m.id() == lost.resident)
      continue;
    if (!alive(m.id()) || cluster_.of(m.id())->damaged)
      return false;
    if (m.kind() != msg::LEARNER &&
        (!holds_everything(m.id()) || cluster_.of(m.id())->storage->durable_epoch() != current.epoch()))
      return false;
  }
  // The next leader may find what was proposed, and have it chosen.
  for (const auto& c : proposed_)
    if (c.epoch() > current.epoch() && !survives(c, lost))
      return false;
  return survives(current, lost) && (cluster_.archive_reaches_logs() ||
                                     count(current, msg::STORAGE_REPLICA) >= wanted(msg::STORAGE_REPLICA));
}

} // namespace troupe::sim
