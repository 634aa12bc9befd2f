// What was found is counted, logged, and told with the replica's reports.
#include "actors/kit/log.h"
#include "actors/scrubber/scrubber_state.h"
#include <caf/all.hpp>

namespace troupe::scrubber {

namespace {

constexpr std::int64_t tell_again_us = 2'000'000;
constexpr std::int64_t sentence_us = 60'000'000; // after which it is not told any more

} // namespace

void scrubber_state::found(std::uint64_t group, finding what, const std::string& text) {
  meter->findings.at(what)->Increment();
  auto it = residents.find(group);
  const std::string table = it == residents.end() ? std::string() : it->second.table;
  kit::log(kit::level::error, options.node, "scrubber",
           "group " + std::to_string(group) + (table.empty() ? "" : " of table " + table) + ": " +
               name_of(what) + ": " + text);
  if (it == residents.end())
    return;
  auto& report = it->second.report;
  report.set_findings(report.findings() + 1);
  report.set_finding(std::string(name_of(what)) + ": " + text);
  tell(it->second);
}

void scrubber_state::repaired(std::uint64_t group) {
  auto it = residents.find(group);
  if (it == residents.end())
    return;
  it->second.report.set_repairs(it->second.report.repairs() + 1);
  tell(it->second);
}

// --- sentences ---------------------------------------------------------------------------------------------

// It was found wrong, and is to be replaced.
void scrubber_state::condemn(std::uint64_t group, const std::string& node, msg::Condemn what) {
  found(group, finding::replica, what.why());
  meter->members_condemned.Increment();
  repaired(group);
  auto& one = sentences[{group, what.member()}];
  one = {node, std::move(what), now(), 0};
  tell_sentences();
}

// Until somebody has heard it. A node that stays away for longer may come back with another copy: then the
// next comparison says what is to be said of that.
void scrubber_state::tell_sentences() {
  std::erase_if(sentences, [this](const auto& one) { return now() - one.second.since_us > sentence_us; });
  for (auto& [whom, one] : sentences) {
    if (one.told_us != 0 && now() - one.told_us < tell_again_us)
      continue;
    one.told_us = now();
    msg::ScrubRequest request;
    request.set_group(whom.first);
    *request.mutable_condemn() = one.text;
    auto id = ++next_id;
    auto& asked = questions[id];
    asked.group = whom.first;
    asked.member = whom.second;
    asked.what = question::kind::sentence;
    asked.asked_us = now();
    post(one.node, std::move(request), id);
  }
}

// As the scrubber beside it. Whether the copy that was compared is still the one it has only the replica
// knows: it may be taking another one this moment.
void scrubber_state::on_condemn(const wire::delivery& from) {
  const auto group = from.parcel.scrub_request().group();
  const auto& sentence = from.parcel.scrub_request().condemn();
  auto reply = wire::outgoing{from.from->node, wire::reply_to(from.parcel)};
  auto answer = [this, reply](msg::ScrubReply::State state) mutable {
    reply.parcel.mutable_scrub_reply()->set_state(state);
    outbox.push_back(std::move(reply));
    send_out();
  };
  auto it = residents.find(group);
  if (it == residents.end() || it->second.member != sentence.member())
    return answer(msg::ScrubReply::GONE);
  self->request(it->second.actor, caf::infinite,
                wire::condemn{true, sentence.epoch(), sentence.why(), sentence.lineage()})
      .then(
          [answer](bool heard) mutable { answer(heard ? msg::ScrubReply::HERE : msg::ScrubReply::NOT_YET); },
          [](const caf::error&) {}); // its teller tells it again
}

void scrubber_state::tell(resident& one) {
  self->send(one.actor, one.report);
}

} // namespace troupe::scrubber
