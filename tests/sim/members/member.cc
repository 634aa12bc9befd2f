#include "tests/sim/members/member.h"
#include "tests/sim/members/cluster.h"
#include "tests/sim/members/wire.h"
#include <algorithm>

namespace troupe::sim {
namespace {

// A core that always has something more to do would spin here for ever.
constexpr int rounds_at_most = 1'000;
constexpr std::size_t offers_at_most = 4;
constexpr instant an_hour = 3'600 * second;

paxos::options options_for(const settings& how, member_id self, dice& chance) {
  paxos::options o = how.options;
  o.group = group_number;
  o.self = self;
  o.seed = chance.next();
  return o;
}

} // namespace

member::member(cluster& home, machine& on, member_id id, paxos::restored from,
               std::shared_ptr<const items> state)
    : home_(home), on_(on), world_(home.place()), id_(id),
      group_(options_for(home.how(), id, world_.chance()), from, on.clock.read(world_.now())),
      state_(state ? std::make_unique<items>(*state) : nullptr), applied_(from.applied),
      flushed_(from.applied) {
  group_.set_log_reader(
      [this](log_index first, log_index last, std::size_t bytes) { return read_log(first, last, bytes); });
  if (home_.how().archive)
    archiving_.emplace(home_.how(), group_.first_index() - 1, world_.chance().next());
  later(world_.chance().between(1, home_.how().housekeeping), [this] { housekeeping(); });
  later(0, [this] { drain(); });
  world_.after(world_.chance().between(1, home_.how().options.heartbeat), guarded([this] { pulse(); }));
}

member::~member() = default;

// As the shell does: what is not at hand is read, and comes later.
std::vector<msg::Entry> member::read_log(log_index first, log_index last, std::size_t bytes) {
  if (!at_hand_.empty() && at_hand_.front().index() <= first && first <= at_hand_.back().index())
    return {at_hand_.begin() + static_cast<std::ptrdiff_t>(first - at_hand_.front().index()), at_hand_.end()};
  if (std::exchange(reading_, true))
    return {};
  later(world_.chance().between(0, home_.how().options.heartbeat / 10), [this, first, last, bytes] {
    reading_ = false;
    auto found = on_.storage->read(first, last, bytes);
    if (!found) // after this, which ends with the member
      return world_.after(0, [&m = on_, boot = on_.boot, &all = home_] {
        if (m.boot == boot)
          all.lose_disk(m, "a stored entry is damaged");
      });
    at_hand_ = std::move(*found);
    if (!at_hand_.empty())
      group_.log_at_hand(clock());
    drain();
  });
  return {};
}

instant member::clock() const {
  return on_.clock.read(world_.now());
}

bool member::paused() const {
  return paused_until_ > world_.now();
}

std::function<void()> member::guarded(std::function<void()> what) {
  return [this, &m = on_, boot = on_.boot, act = std::move(what)] {
    if (m.boot != boot)
      return;
    if (paused())
      backlog_.push_back(act);
    else
      act();
  };
}

std::function<void()> member::awake(std::function<void()> what) {
  return guarded([this, act = std::move(what)] {
    wake();
    act();
  });
}

void member::later(instant delay, std::function<void()> what) {
  world_.after(delay, awake(std::move(what)));
}

void member::pause(instant until) {
  world_.note("m{} stops for {} us", id_, until - world_.now());
  paused_until_ = until;
  world_.at(until, [this, &m = on_, boot = on_.boot] {
    if (m.boot != boot || paused())
      return;
    world_.note("m{} continues", id_);
    for (const auto& missed : std::exchange(backlog_, {}))
      world_.after(0, guarded(missed));
  });
}

void member::deliver(const std::string& bytes) {
  const auto beats = parse_pulse(bytes);
  if (beats.from != 0) {
    guarded([this, beats] {
      if (beats.pulse)
        on_pulse(beats.from, *beats.pulse);
      if (beats.reply)
        on_pulse_reply(beats.from, *beats.reply);
    })();
    return;
  }
  awake([this, bytes] {
    const auto parsed = parse(bytes);
    if (const auto* m = std::get_if<msg::PaxosMessage>(&parsed)) {
      if (world_.traced())
        world_.tell("m" + std::to_string(id_) + " gets " + text_of(*m));
      ++home_.counters().messages;
      group_.step(*m, clock());
    } else if (const auto* wanted = std::get_if<msg::SnapshotRequest>(&parsed)) {
      give(*wanted);
    } else if (const auto* chunk = std::get_if<msg::SnapshotChunk>(&parsed)) {
      take(*chunk);
    }
    drain();
  })();
}

void member::ask(const request& r) {
  awake([this, r] {
    serve(r);
    drain();
  })();
}

void member::hand_over(member_id successor) {
  awake([this, successor] {
    const bool taken = group_.hand_over(successor, clock());
    world_.note("m{} is told to hand over to m{}: {}", id_, successor, taken);
    drain();
  })();
}

void member::campaign() {
  awake([this] {
    world_.note("m{} is told to campaign", id_);
    group_.campaign(clock());
    drain();
  })();
}

bool member::propose_configuration(const msg::Configuration& next) {
  if (paused())
    return false;
  wake();
  const auto at = group_.propose_configuration(next, clock());
  drain();
  return at.has_value();
}

// Persist, then speak, then answer.
void member::drain() {
  notice_leadership();
  int rounds = 0;
  while (!writing_ && group_.has_ready()) {
    if (++rounds > rounds_at_most) {
      world_.find("progress",
                  "m" + std::to_string(id_) + " always has something ready: " + group_.describe());
      return;
    }
    paxos::ready r = group_.take_ready();
    speak(r.messages_now);
    if (r.needs_disk()) {
      write(std::move(r));
      break;
    }
    speak(r.messages_after);
    group_.persisted(r.id, clock());
  }
  if (writing_ && home_.how().speaks_while_writing)
    speak(group_.take_messages());
  for (auto& entry : group_.take_chosen()) {
    home_.checks().chosen(id_, *entry);
    to_apply_.push_back(std::move(entry));
  }
  apply_chosen();
  notice_leadership();
  answer_reads();
  fetch_if_wanted();
  rests_ = !home_.how().never_rests && !fetching_ && to_apply_.empty() && group_.rest(deputy_, clock());
  if (!rests_ && !home_.how().shell.deputy_stays)
    deputy_.dismiss();
  arm();
  const bool leads = group_.role() == paxos::role::leader;
  if (leads && !std::exchange(leads_, leads))
    home_.lead(on_);
  leads_ = leads;
  home_.checks().touched(*this);
}

void member::write(paxos::ready r) {
  log_write batch;
  if (r.reset_log) {
    batch.reset = log_base{r.reset_log->index, r.reset_log->link, r.reset_log->ballot};
    if (!state_)
      applied_ = std::max(applied_, r.reset_log->index); // a log replica was told where to begin
  }
  if (!home_.how().shell.forget_promises)
    batch.hard_state = r.hard_state;
  batch.entries = r.entries;
  batch.clear_above = home_.how().shell.overwrite_clears;
  writing_ = true;
  writing_since_ = clock();
  world_.note("m{} writes {} entries from {}, hard state {}, reset {}", id_, r.entries.size(),
              r.entries.empty() ? 0 : r.entries.front()->index(), r.hard_state.has_value(),
              r.reset_log.has_value());
  on_.storage->write(std::move(batch), awake([this, id = r.id, after = std::move(r.messages_after)] {
                       writing_ = false;
                       speak(after);
                       group_.persisted(id, clock());
                       if (std::exchange(unhealthy_, false))
                         group_.disk_healthy(true, clock());
                       drain();
                     }));
}

void member::speak(const std::vector<msg::PaxosMessage>& messages) {
  for (const auto& m : messages) {
    if (world_.traced())
      world_.tell("m" + std::to_string(id_) + " says " + text_of(m));
    home_.carry(on_.id, m.to(), bytes_of(m));
  }
}

void member::apply_chosen() {
  if (applying_ || to_apply_.empty())
    return;
  const auto apply_all = [this] {
    while (!to_apply_.empty()) {
      const auto entry = std::move(to_apply_.front());
      to_apply_.pop_front();
      apply(*entry);
    }
    if (applied_ > group_.applied_index())
      group_.applied(applied_, clock());
  };
  if (!world_.chance().per_mille(home_.how().slow_apply))
    return apply_all();
  applying_ = true;
  later(world_.chance().between(1, 20 * millisecond), [this, apply_all] {
    applying_ = false;
    apply_all();
    drain();
  });
}

void member::apply(const msg::Entry& entry) {
  if (entry.index() <= applied_) // came again after a restart, or lies inside a snapshot
    return;
  if (entry.index() != applied_ + 1) {
    world_.find("monotonic", "m" + std::to_string(id_) + " was handed entry " +
                                 std::to_string(entry.index()) + " after " + std::to_string(applied_));
    return;
  }
  applied_ = entry.index();
  if (!state_)
    return;
  state_->apply(entry, !home_.how().shell.forget_duplicates);
  if (home_.how().shell.diverge && id_ == 2 && entry.index() % 50 == 0)
    state_->corrupt();
  home_.checks().applied(id_, entry.index(), state_->digest());
  keep_mark(entry);
  answer_applied(entry);
}

void member::keep_mark(const msg::Entry& entry) {
  msg::Command command;
  if (home_.how().scrub == 0 || entry.kind() != msg::Entry::COMMAND ||
      !command.ParseFromString(entry.payload()) || !command.has_mark())
    return;
  marks_[entry.index()] = {state_->leaves(), state_->lineage(), state_->rotten()};
  while (marks_.size() > 2)
    marks_.erase(marks_.begin());
}

const member::mark* member::marked(log_index index) const {
  const auto found = marks_.find(index);
  return found == marks_.end() ? nullptr : &found->second;
}

std::optional<log_index> member::propose_mark() {
  if (paused())
    return std::nullopt;
  wake();
  msg::Command command;
  command.mutable_mark();
  command.set_time_ms(clock() / millisecond);
  const auto at = group_.propose(command.SerializeAsString(), clock());
  drain();
  return at;
}

void member::rot(std::uint64_t how) {
  world_.note("an item of m{} rots", id_);
  state_->rot(how);
  flushed_ = std::min(flushed_, state_->index() - 1); // and on the disk with the next that is written
}

bool member::condemn(std::uint64_t epoch, std::uint64_t lineage) {
  if (!state_ || on_.condemned || group_.configuration().epoch() != epoch || state_->lineage() != lineage)
    return false;
  world_.note("m{} is outvoted", id_);
  on_.condemned = true; // housekeeping hands over
  return true;
}

void member::arm() {
  const instant deadline = rests_ ? clock() + 2 * an_hour : group_.next_deadline();
  if (armed_ == deadline || (rests_ && armed_ > clock() + an_hour))
    return;
  armed_ = deadline;
  ++timer_;
  if (deadline > clock() + an_hour) // never, for a member that was removed
    return;
  const instant lateness = world_.chance().between(1, home_.how().tick_lateness);
  const instant when = std::max(world_.now(), on_.clock.when(deadline)) + lateness;
  world_.at(when, awake([this, number = timer_] {
              if (number != timer_)
                return;
              armed_ = 0;
              group_.tick(clock());
              drain();
            }));
}

void member::housekeeping() {
  if (on_.condemned && group_.role() == paxos::role::leader)
    hand_over(0);
  archive();
  if (archiving_ && !home_.how().shell.newcomers_ignore_archive)
    group_.archived(archiving_->proven());
  if (writing_ && !unhealthy_ && clock() - writing_since_ > home_.how().options.lease) {
    unhealthy_ = true;
    ++home_.counters().disk_alarms;
    world_.note("m{}: its disk does not answer", id_);
    group_.disk_healthy(false, clock());
  }
  if (state_ && !flushing_ && state_->index() > flushed_) {
    flushing_ = true;
    auto copy = std::make_shared<const items>(*state_);
    on_.storage->write_items(copy, awake([this, index = copy->index()] {
                               flushing_ = false;
                               flushed_ = std::max(flushed_, index);
                               group_.applied_durably(flushed_, clock());
                               truncate();
                               drain();
                             }));
  } else if (!state_ && ((!growing_ && !rebuilding_) || home_.how().shell.truncate_while_growing)) {
    truncate(); // one that grows needs its log down to where the items will stand
  }
  while (offers_.size() > offers_at_most)
    offers_.erase(offers_.begin());
  later(home_.how().housekeeping, [this] { housekeeping(); });
  drain();
}

void member::truncate() {
  log_index up_to = group_.truncatable(home_.how().keep_bytes);
  if (home_.how().shell.truncate_greedily)
    up_to = group_.commit();
  if (archiving_)
    up_to = std::min(up_to, archiving_->keeper.archived());
  const auto base = on_.storage->base_at(up_to);
  if (!base || up_to < on_.storage->first())
    return;
  world_.note("m{} truncates its log up to {}", id_, up_to);
  ++home_.counters().truncations;
  on_.storage->write({std::nullopt, std::nullopt, {}, base, false}, [] {});
  group_.truncated(up_to);
}

} // namespace troupe::sim
