// How a member answers clients. Writes are evaluated against what is applied overlaid with what is in flight;
// what goes into the log is the effect. A refusal is an answer about the state too, and is given only when
// that state is known to be the newest: it takes the same proof of leadership as a strong read, and waits for
// the entries in flight that it depended on.
#include "tests/sim/members/cluster.h"
#include "tests/sim/members/member.h"

namespace troupe::sim {

void member::reply_to(const request& r, answer what, std::optional<std::string> value) {
  reply back{r.id, r.attempt, what, std::move(value), 0, applied_};
  if (what == answer::moved)
    back.leader = group_.leader();
  world_.note("m{} answers client {} request {}: {}", id_, r.id.first, r.id.second,
              static_cast<std::uint64_t>(what));
  home_.answer(r, on_.id, back);
}

void member::serve(const request& r) {
  notice_leadership();
  const bool trusting = home_.how().shell.read_without_lease && group_.role() == paxos::role::leader;
  if (!state_ || on_.condemned)
    return reply_to(r, answer::moved);
  if (r.what == operation::eventual_read)
    return reply_to(r, answer::done, state_->at(r.key));
  if (r.writes())
    return serve_write(r);
  if (group_.may_read(clock()) || trusting)
    return reply_to(r, answer::done, state_->at(r.key));
  if (!home_.how().options.strict_reads || group_.role() != paxos::role::leader)
    return reply_to(r, answer::moved);
  rounds_[++tokens_] = {r, std::nullopt};
  group_.read_index(tokens_, clock());
}

void member::serve_write(const request& r) {
  if (!group_.serving(clock()))
    return reply_to(r, answer::moved);
  if (state_->contains(r.id) && !home_.how().shell.forget_duplicates)
    return reply_to(r, answer::done);
  for (auto& [index, f] : flights_)
    if (f.id == r.id && !home_.how().shell.forget_duplicates) {
      f.waiting.push_back(r);
      return;
    }
  log_index depends_on = 0;
  const flight* newest = newest_flight(r.key, depends_on);
  const auto current = newest != nullptr ? newest->written : state_->at(r.key);
  if (r.what == operation::compare_and_set && current != r.expected) {
    if (newest != nullptr)
      refusals_.emplace(depends_on, r);
    else
      refuse(r);
    return;
  }
  msg::Command command;
  auto* effect = command.add_effects();
  effect->set_key(r.key);
  effect->set_remove(!r.written.has_value());
  if (r.written)
    effect->set_item(*r.written);
  command.mutable_id()->set_client(r.id.first);
  command.mutable_id()->set_sequence(r.id.second);
  command.set_time_ms(clock() / millisecond);
  const auto index = group_.propose(command.SerializeAsString(), clock());
  if (!index)
    return reply_to(r, answer::moved);
  world_.note("m{} proposes client {} request {} at {}", id_, r.id.first, r.id.second, *index);
  led_ = group_.ballot();
  flights_[*index] = {r.id, r.key, r.written, {r}};
}

const member::flight* member::newest_flight(const std::string& key, log_index& at) const {
  if (home_.how().shell.ignore_in_flight)
    return nullptr;
  for (auto f = flights_.rbegin(); f != flights_.rend(); ++f)
    if (f->second.key == key) {
      at = f->first;
      return &f->second;
    }
  return nullptr;
}

void member::refuse(const request& r) {
  if (group_.may_read(clock()))
    return reply_to(r, answer::refused);
  if (!home_.how().options.strict_reads)
    return reply_to(r, answer::moved);
  rounds_[++tokens_] = {r, answer::refused};
  group_.read_index(tokens_, clock());
}

void member::answer_applied(const msg::Entry& entry) {
  const auto found = flights_.find(entry.index());
  if (found == flights_.end())
    return;
  msg::Command command;
  const bool ours = entry.kind() == msg::Entry::COMMAND && command.ParseFromString(entry.payload()) &&
                    key_of(command.id()) == found->second.id;
  for (const auto& r : found->second.waiting)
    reply_to(r, ours ? answer::done : answer::unknown);
  const auto [first, last] = refusals_.equal_range(entry.index());
  for (auto at = first; at != last; ++at)
    reply_to(at->second, ours ? answer::refused : answer::unknown);
  refusals_.erase(first, last);
  flights_.erase(found);
}

void member::answer_reads() {
  for (const auto& result : group_.take_reads()) {
    const auto found = rounds_.find(result.token);
    if (found == rounds_.end())
      continue;
    const read_round round = std::move(found->second);
    rounds_.erase(found);
    if (!result.ok)
      reply_to(round.asked, answer::moved);
    else if (round.decided)
      reply_to(round.asked, *round.decided);
    else
      reply_to(round.asked, answer::done, state_->at(round.asked.key));
  }
}

// Proposals of a ballot that no longer leads have an outcome that is not known here.
void member::notice_leadership() {
  const bool leads = group_.role() == paxos::role::leader && group_.ballot().round() == led_.round() &&
                     group_.ballot().member() == led_.member();
  if (leads || (flights_.empty() && refusals_.empty()))
    return;
  for (const auto& [index, f] : std::exchange(flights_, {}))
    for (const auto& r : f.waiting)
      reply_to(r, answer::unknown);
  for (const auto& [index, r] : std::exchange(refusals_, {}))
    reply_to(r, answer::moved);
}

} // namespace troupe::sim
