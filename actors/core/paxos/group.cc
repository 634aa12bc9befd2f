// The doors of the replication core. Behind them: state.h, which says where everything is.
#include "actors/core/paxos/state.h"
#include <algorithm>

namespace troupe::paxos {

group::state::state(options o, restored&& from, instant now)
    : opts(std::move(o)), random(opts.seed ^ (opts.self * 0x9e3779b97f4a7c15ull) ^ opts.group), clock(now),
      promised(from.hard_state.promised()), durable_promised(promised),
      log(from.base, from.base_link, std::move(from.entries)), leases(opts.lease),
      config(from.hard_state.configuration()), config_index(from.hard_state.configuration_index()),
      has_items(from.items), items_link(from.items_link) {
  commit = std::max({static_cast<log_index>(from.hard_state.commit()), from.applied, from.base});
  commit = std::min(commit, log.last());
  commit_hint = commit;
  handed = applied = applied_durably = std::max(from.applied, from.base);
  highest_round = promised.round();
  // An initial configuration has epoch 1 and stands at index 0; any other is in force only once the log, or a
  // snapshot, has reached it.
  provisional =
      config.members_size() == 0 || config_index > commit || (config_index == 0 && config.epoch() > 1);
  durable_epoch = epoch();
  for (log_index x = std::max(config_index, log.base()) + 1; x <= commit; ++x)
    if (log.at(x)->kind() == msg::Entry::CONFIGURATION)
      take_effect(*log.at(x));
  // An entry in the promised ballot was accepted on top of that leader's whole log.
  for (log_index x = log.last(); x > log.base() && agreed == 0; --x)
    if (same(log.at(x)->ballot(), promised))
      agreed = x;
  if (!from.fresh && !opts.mutations.forget_restart_lease)
    leases.withhold(now + opts.lease);
  wait_for_leader(opts.lease);
}

void group::state::tick() {
  if (removed)
    return;
  if (leading) {
    lead_on();
  } else if (trying && trying->preparing) {
    if (clock >= trying->give_up)
      drop_attempt(opts.heartbeat + jitter(opts.election_jitter));
    else if (clock >= trying->ask_again)
      send_prepares();
  } else if (trying) {
    if (clock >= trying->give_up)
      drop_attempt(std::max<instant>(trying->earliest_retry - clock, 0) + jitter(opts.election_jitter));
  } else if (clock >= election_deadline) {
    ask();
  }
}

group::group(options opts, restored from, instant now)
    : state_(std::make_unique<state>(std::move(opts), std::move(from), now)) {}

group::~group() = default;

void group::step(const msg::PaxosMessage& message, instant now) {
  step(msg::PaxosMessage(message), now);
}

void group::step(msg::PaxosMessage&& message, instant now) {
  state_->clock = std::max(state_->clock, now);
  state_->step(message);
}

void group::tick(instant now) {
  state_->clock = std::max(state_->clock, now);
  state_->tick();
}

instant group::next_deadline() const {
  const state& s = *state_;
  if (s.removed)
    return never;
  if (s.leading)
    return std::min(s.leading->next_heartbeat,
                    s.leading->successor != 0 ? s.leading->hand_over_until : never);
  if (s.trying)
    return std::min(s.trying->ask_again, s.trying->give_up);
  return s.election_deadline;
}

void group::campaign(instant now) {
  state& s = *state_;
  s.clock = std::max(s.clock, now);
  if (!s.trying && s.may_campaign())
    s.ask();
}

std::optional<log_index> group::propose(std::string payload, instant now) {
  state_->clock = std::max(state_->clock, now);
  return state_->propose(std::move(payload));
}

std::optional<log_index> group::propose_configuration(const msg::Configuration& next, instant now) {
  state_->clock = std::max(state_->clock, now);
  return state_->propose_configuration(next);
}

bool group::hand_over(member_id successor, instant now) {
  state_->clock = std::max(state_->clock, now);
  return state_->hand_over(successor);
}

void group::disk_healthy(bool healthy, instant now) {
  state& s = *state_;
  s.clock = std::max(s.clock, now);
  if (s.disk_ok == healthy)
    return;
  s.disk_ok = healthy;
  if (!healthy && s.leading)
    s.hand_over(0);
  if (!healthy && s.trying)
    s.drop_attempt(s.opts.lease);
}

bool group::has_ready() const {
  return state_->has_ready();
}

ready group::take_ready() {
  return state_->take_ready();
}

std::vector<msg::PaxosMessage> group::take_messages() {
  std::vector<msg::PaxosMessage> messages = std::move(state_->now_queue);
  state_->now_queue.clear();
  return messages;
}

void group::persisted(std::uint64_t ready_id, instant now) {
  state_->clock = std::max(state_->clock, now);
  state_->persisted(ready_id);
}

std::vector<std::shared_ptr<const msg::Entry>> group::take_chosen() {
  return state_->take_chosen();
}

void group::applied(log_index index, instant now) {
  state& s = *state_;
  s.clock = std::max(s.clock, now);
  invariant(index <= s.handed, "only what was handed out is applied");
  s.applied = std::max(s.applied, index);
  s.finish_reads();
  s.forget_applied();
}

void group::applied_durably(log_index index, instant now) {
  state& s = *state_;
  s.clock = std::max(s.clock, now);
  invariant(index <= s.handed, "only what was handed out is applied");
  s.applied_durably = std::max(s.applied_durably, index);
}

bool group::may_read(instant now) const {
  return !state_->opts.strict_reads && state_->serves(std::max(now, state_->clock));
}

void group::read_index(std::uint64_t token, instant now) {
  state_->clock = std::max(state_->clock, now);
  state_->read_index(token);
}

std::vector<read_result> group::take_reads() {
  return std::exchange(state_->read_results, {});
}

log_index group::truncatable(std::uint64_t keep_bytes) const {
  const state& s = *state_;
  log_index own = s.has_items ? s.applied_durably : std::min(s.handed, s.log.durable());
  log_index others = s.leading ? s.everywhere_applied() : s.settled;
  log_index forsaken = s.log.left_behind(keep_bytes);
  log_index index = std::min({own, s.commit, s.log.durable(), std::max(others, forsaken)});
  if (!s.has_items)
    index = std::min(index, s.held); // this log may be the second copy of what an item store holds
  // A configuration that only the log has must stay there.
  if (!s.config_durable)
    index = std::min(index, s.config_index - 1);
  return std::max(index, s.log.base());
}

void group::truncated(log_index up_to) {
  invariant(up_to <= state_->commit, "only what is chosen is truncated");
  state_->log.truncated(up_to);
}

void group::archived(log_index index) {
  state_->archived = index;
}

void group::set_log_reader(log_reader reader) {
  state_->log.set_reader(std::move(reader));
  state_->forget_applied();
}

void group::log_at_hand(instant now) {
  state_->clock = std::max(state_->clock, now);
  state_->log_at_hand();
}

const msg::Member* group::snapshot_host() const {
  return state_->snapshot_source ? state_->known_member(*state_->snapshot_source) : nullptr;
}

std::optional<member_id> group::wants_snapshot() const {
  return state_->snapshot_source;
}

void group::snapshot_refused(member_id by, instant now) {
  state_->clock = std::max(state_->clock, now);
  if (state_->snapshot_source)
    state_->look_past(by);
}

bool group::restore(const msg::SnapshotHeader& header, instant now) {
  state_->clock = std::max(state_->clock, now);
  return state_->restore(header);
}

bool group::serving(instant now) const {
  return state_->serves(std::max(now, state_->clock));
}

bool group::window_open(std::size_t payload_bytes) const {
  return state_->window_open(payload_bytes);
}

enum role group::role() const {
  return state_->role;
}

member_id group::leader() const {
  return state_->leader;
}

msg::Ballot group::ballot() const {
  return state_->promised;
}

log_index group::commit() const {
  return state_->commit;
}

log_index group::applied_index() const {
  return state_->applied;
}

log_index group::durable_index() const {
  return state_->log.durable();
}

log_index group::last_index() const {
  return state_->leading ? state_->leading->tail : state_->log.last();
}

log_index group::first_index() const {
  return state_->log.base() + 1;
}

std::uint64_t group::link_at(log_index index) const {
  return index > last_index() ? 0 : state_->log.link(index).value_or(0);
}

instant group::lease_until() const {
  return state_->leading ? std::max<instant>(state_->leading->lease_end, 0) : 0;
}

const msg::Configuration& group::configuration() const {
  return state_->config;
}

const msg::Configuration* group::change_under_way() const {
  return state_->leading && state_->leading->pending ? &state_->leading->pending->next : nullptr;
}

std::uint64_t group::durable_epoch() const {
  return state_->provisional ? 0 : state_->durable_epoch;
}

log_index group::configuration_index() const {
  return state_->config_index;
}

bool group::removed() const {
  return state_->removed;
}

std::vector<progress_view> group::progress() const {
  std::vector<progress_view> views;
  if (state_->leading)
    for (const follower& f : state_->leading->followers)
      views.push_back({f.id, f.match, f.applied, f.acked == long_ago ? 0 : f.heard, f.needs_snapshot});
  return views;
}

const struct counters& group::counters() const {
  return state_->counters;
}

std::string group::describe() const {
  const state& s = *state_;
  std::string out = "member " + std::to_string(s.opts.self);
  out += s.removed ? " removed" : s.leading ? " leader" : s.trying ? " candidate" : " follower";
  if (!s.leading && s.leader != 0)
    out += " of " + std::to_string(s.leader);
  out += " ballot " + text(s.promised) + " commit " + std::to_string(s.commit) + " applied " +
         std::to_string(s.applied) + " log " + std::to_string(s.log.base() + 1) + ".." +
         std::to_string(last_index()) + " epoch " + std::to_string(s.config.epoch());
  if (s.leading && s.leading->pending)
    out += " changing";
  if (s.leading && s.leading->successor != 0)
    out += " handing over to " + std::to_string(s.leading->successor);
  return out;
}

} // namespace troupe::paxos
