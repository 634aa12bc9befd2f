// What others hear of the archive: each replica how far its log is in it, people what they should look at,
// other nodes when what they wait for is there.
#include "actors/archiver/archiver_state.h"
#include "actors/kit/log.h"
#include "messages/status.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::archiver {

namespace {

constexpr int failures_alarm = 3; // in a row
constexpr std::size_t askers_max = 16;
constexpr std::int64_t patience_us = 30'000'000; // of an asker that names none, and
constexpr std::int64_t patience_max_us = 120'000'000;
constexpr auto replica_answers_within = std::chrono::seconds(2);
constexpr std::int64_t show_again_us = 1'000'000;

} // namespace

alarm archiver_state::alarm_of(const charge& one) const {
  auto& k = *one.keeper;
  if (k.stuck())
    return alarm::stuck;
  if (!one.unsound.empty())
    return alarm::unsound;
  if (k.exhausted())
    return alarm::damaged;
  if (k.pressure() == archive::pressure::refuse)
    return alarm::refusing;
  if (one.gap)
    return alarm::gap;
  if (k.failures() >= failures_alarm)
    return alarm::unreachable;
  return k.pressure() == archive::pressure::alarm ? alarm::behind : alarm::none;
}

std::string archiver_state::text_of(alarm which, const charge& one) const {
  auto because = one.trouble.empty() ? std::string{} : ": " + one.trouble;
  switch (which) {
  case alarm::stuck:
    return "the archive holds another history than this log; nothing is archived until somebody has looked";
  case alarm::unsound:
    return "this log is not archived, as it is damaged: " + one.unsound;
  case alarm::damaged:
    return "every copy of the next entries in the archive is damaged" + because;
  case alarm::refusing:
    return "so much is not archived that writes are refused" + because;
  case alarm::gap:
    return "the archive ends below where this log begins";
  case alarm::unreachable:
    return "the archive fails" + because;
  case alarm::behind:
    return "much is not archived" + because;
  case alarm::none:
    break;
  }
  return {};
}

// A replica is told when something has changed; people when there is another alarm, or none any more.
void archiver_state::tell(std::uint64_t group) {
  auto& one = charges.at(group);
  if (!one.keeper)
    return;
  auto raised = alarm_of(one);
  auto next = one.told;
  next.set_archived(proven(one));
  next.set_may_cut(one.keeper->archived());
  next.set_heard(one.keeper->committed());
  next.set_reach(one.unproven == 0 ? msg::ArchiveProgress::WHOLE
                 : one.gap         ? msg::ArchiveProgress::GAP
                                   : msg::ArchiveProgress::UNSEEN);
  next.set_behind_bytes(one.keeper->unarchived_bytes());
  auto since = one.keeper->unarchived_since();
  if (since == archive::never)
    next.clear_behind_since_ms();
  else if (since != one.since_us || next.behind_since_ms() == 0)
    next.set_behind_since_ms(options.clock->unix_ms() - (now() - since) / 1000);
  one.since_us = since;
  next.set_refusing(one.keeper->pressure() == archive::pressure::refuse);
  if (raised != one.raised) {
    next.set_alarm(text_of(raised, one));
    auto about = "group " + std::to_string(group) + ": ";
    if (raised != alarm::none)
      kit::log(kit::level::warning, options.node, "archiver", about + next.alarm());
    else
      kit::log(kit::level::info, options.node, "archiver", about + "archived as it should be again");
    one.raised = raised;
  }
  if (one.told_once && next.SerializeAsString() == one.told.SerializeAsString())
    return;
  one.told_once = true;
  one.told = next;
  wake_at(shown_us + show_again_us);
  self->send(one.replica, std::move(next));
}

void archiver_state::show() {
  shown_us = now();
  std::uint64_t bytes = 0;
  std::int64_t oldest = 0;
  std::array<int, alarms> raised{};
  for (auto& [group, one] : charges) {
    if (!one.keeper)
      continue;
    bytes += one.keeper->unarchived_bytes();
    if (auto since = one.keeper->unarchived_since(); since != archive::never)
      oldest = std::max(oldest, shown_us - since);
    ++raised[static_cast<std::size_t>(one.raised)];
  }
  meter->behind_bytes.Set(static_cast<double>(bytes));
  meter->behind_seconds.Set(static_cast<double>(oldest) / 1e6);
  auto any = bytes > 0;
  for (std::size_t i = 1; i < alarms; ++i) {
    meter->raised[i]->Set(raised[i]);
    any = any || raised[i] > 0;
  }
  if (any)
    wake_at(shown_us + show_again_us);
}

void archiver_state::receive(wire::inbox& mail) {
  for (auto& from : mail)
    if (from.parcel.has_archive_request() && !from.from->client)
      on_request(from);
}

// What is committed, the replica itself is asked: what it has pushed may be a second old.
void archiver_state::on_request(const wire::delivery& from) {
  auto group = from.parcel.archive_request().group();
  auto patience =
      from.parcel.deadline_ms() == 0 ? patience_us : std::int64_t{from.parcel.deadline_ms()} * 1000;
  asker who{from.from->node, wire::reply_to(from.parcel), 0, now() + std::min(patience, patience_max_us)};
  auto it = charges.find(group);
  if (it == charges.end() || !it->second.keeper)
    return answer(who, msg::MOVED, "no member of the group runs here");
  if (it->second.askers.size() >= askers_max)
    return answer(who, msg::OVERLOADED, "as many wait for this group as may");
  self->request(it->second.replica, replica_answers_within, wire::standing_atom::value)
      .then([this, group, who](const wire::log_standing& standing) { wait_for(group, who, standing); },
            [this, who](const caf::error&) { answer(who, msg::MOVED, "the member here has ended"); });
}

void archiver_state::wait_for(std::uint64_t group, asker who, const wire::log_standing& standing) {
  auto it = charges.find(group);
  if (it == charges.end() || !it->second.keeper || !standing.serves)
    return answer(who, msg::MOVED, "the member here does not lead");
  auto& one = it->second;
  if (!one.about || cluster_id == 0)
    return answer(who, msg::UNAVAILABLE, "this node has not heard yet whose log it is");
  who.target = standing.applied;
  one.keeper->told({standing.leads, standing.base, standing.committed, standing.bytes}, now());
  one.keeper->hurry(who.target);
  wake_at(who.due_us);
  one.askers.push_back(std::move(who));
  answer_askers(one);
  consider(group);
  start_jobs();
}

void archiver_state::answer_askers(charge& one) {
  auto there = [this, &one](const asker& who) {
    return one.unproven == 0 && who.target <= one.keeper->archived();
  };
  for (auto& who : one.askers)
    if (there(who))
      answer(who, msg::OK, {}, proven(one));
  std::erase_if(one.askers, there);
}

void archiver_state::answer(const asker& who, msg::Code code, const std::string& text,
                            std::uint64_t archived) {
  wire::outbox out;
  auto& reply = out.emplace_back(wire::outgoing{who.node, who.head});
  auto& body = *reply.parcel.mutable_archive_reply();
  *body.mutable_status() = make_status(code, text);
  body.set_archived(archived);
  self->send(options.peers, std::move(out));
}

} // namespace troupe::archiver
