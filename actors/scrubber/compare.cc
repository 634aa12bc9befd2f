// Comparing the members of groups that are led here, and answering those who compare groups led elsewhere.
#include "actors/kit/log.h"
#include "actors/scrubber/scrubber_state.h"
#include "config/limits.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::scrubber {

namespace {

constexpr std::size_t comparisons_at_once = 4;
constexpr std::size_t storage_replicas = 3; // that all groups have when they are whole
constexpr std::size_t answers_kept = 64;
constexpr std::int64_t question_us = 2'000'000; // after which nobody waits for its answer any more

std::string printable(const std::string& key) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char c : key.substr(0, 24)) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return key.size() > 24 ? out + "..." : out;
}

std::string describe(const scrub::round::result& seen) {
  std::string out = std::to_string(seen.verdict.differing.size()) + " of its ranges of keys differ between " +
                    std::to_string(seen.members.size()) + " members at index " + std::to_string(seen.index);
  for (std::size_t i = 0; i < seen.keys.size() && i < 4; ++i)
    out += (i == 0 ? ": key " : ", ") + printable(seen.keys[i]);
  return out;
}

// A version that knows no lineages names none, and so nobody who can be relied on.
template <class Members, class Lineages>
std::vector<scrub::witness> witnesses_in(const Members& members, const Lineages& lineages) {
  std::vector<scrub::witness> out;
  for (int i = 0; i < std::min(members.size(), lineages.size()); ++i)
    out.push_back({members.Get(i), lineages.Get(i)});
  return out;
}

std::vector<scrub::witness> compared_copies(const comparison& one) {
  std::vector<scrub::witness> out;
  for (auto member : one.round->outcome().members)
    out.push_back({member, one.lineages.contains(member) ? one.lineages.at(member) : 0});
  return out;
}

} // namespace

void scrubber_state::begin_comparisons() {
  while (comparing.size() < comparisons_at_once) {
    auto group = comparisons->due(now());
    if (!group)
      return;
    comparisons->begun(*group, now());
    if (comparing.contains(*group))
      continue;
    auto number = ++next_number;
    comparing[*group].number = number;
    self->request(residents.at(*group).actor, caf::infinite, wire::scrub_view_atom::value)
        .then([this, group = *group,
               number](const wire::scrub_view& view) { begin_comparison(group, number, view); },
              [this, group = *group, number](const caf::error&) {
                if (auto it = comparing.find(group); it != comparing.end() && it->second.number == number)
                  comparing.erase(it);
              });
  }
}

void scrubber_state::begin_comparison(std::uint64_t group, std::uint64_t number,
                                      const wire::scrub_view& view) {
  auto it = comparing.find(group);
  auto one = residents.find(group);
  if (it == comparing.end() || it->second.number != number)
    return;
  if (one == residents.end()) {
    comparing.erase(it);
    return;
  }
  if (view.serves && !one->second.led)
    one->second.led_us = now();
  one->second.led = view.serves;
  if (!view.serves || view.storage.size() < 2) {
    comparing.erase(it);
    if (view.leader_node.empty()) // it may be led here in a moment
      comparisons->failed(group, now());
    else
      comparisons->put_off(group, now() + cycle_us() / 8); // or some day
    return;
  }
  std::vector<std::uint64_t> members;
  for (const auto& m : view.storage) {
    members.push_back(m.id);
    it->second.nodes[m.id] = m.node;
  }
  it->second.round = std::make_unique<scrub::round>(std::move(members), view.epoch, now(), proves());
  drive_comparisons();
  send_out();
}

void scrubber_state::drive_comparisons() {
  for (auto it = comparing.begin(); it != comparing.end();) {
    auto here = it++;
    if (here->second.round && !drive(here->first, here->second))
      comparing.erase(here);
  }
  std::erase_if(questions, [this](const auto& one) { return now() - one.second.asked_us > question_us; });
  tell_sentences();
}

bool scrubber_state::drive(std::uint64_t group, comparison& one) {
  auto step = one.round->next(now());
  switch (step.what) {
  case scrub::round::want::nothing:
    return true;
  case scrub::round::want::mark:
    propose_mark(group, one);
    return true;
  case scrub::round::want::read:
    ask_members(group, one, step);
    return true;
  case scrub::round::want::done:
    finish(group, one);
    return false;
  }
  return false;
}

void scrubber_state::propose_mark(std::uint64_t group, comparison& one) {
  auto it = residents.find(group);
  if (it == residents.end())
    return one.round->refused();
  self->request(it->second.actor, caf::infinite, wire::propose_mark{one.round->named_leaves()})
      .then(
          [this, group, number = one.number](const wire::mark_proposed& answer) {
            auto known = comparing.find(group);
            if (known == comparing.end() || known->second.number != number || !known->second.round)
              return;
            if (!answer.leads)
              known->second.round->refused();
            else if (answer.index != 0)
              known->second.round->marked(answer.index);
            drive_comparisons();
            send_out();
          },
          [](const caf::error&) {}); // it has ended: asked again, and then given up
}

void scrubber_state::ask_members(std::uint64_t group, comparison& one, const scrub::round::step& step) {
  for (auto member : step.whom) {
    msg::ScrubRequest request;
    request.set_group(group);
    auto& ask = *request.mutable_read_mark();
    ask.set_member(member);
    ask.set_index(one.round->index());
    ask.set_leaves(step.leaves);
    ask.set_records(step.records);
    auto id = ++next_id;
    auto& asked = questions[id];
    asked.group = group;
    asked.comparison = one.number;
    asked.member = member;
    asked.index = one.round->index();
    asked.leaves = step.leaves;
    asked.records = step.records;
    asked.asked_us = now();
    post(one.nodes.at(member), std::move(request), id);
  }
}

void scrubber_state::on_reply(const wire::delivery& from) {
  auto asked = questions.find(from.parcel.id());
  if (asked == questions.end() || !from.parcel.has_scrub_reply())
    return; // undelivered: asked again
  const auto q = asked->second;
  questions.erase(asked);
  if (q.what == question::kind::sentence) {
    if (from.parcel.scrub_reply().state() == msg::ScrubReply::HERE) // else it may be about to start
      sentences.erase({q.group, q.member});
    return;
  }
  if (q.what == question::kind::proof) { // whoever has enough to do may have less by then
    if (from.parcel.scrub_reply().state() != msg::ScrubReply::HERE)
      comparisons->put_off(q.group, now() + cycle_us() / 20);
    return;
  }
  auto it = comparing.find(q.group);
  if (it == comparing.end() || it->second.number != q.comparison || !it->second.round)
    return;
  auto& round = *it->second.round;
  const auto& reply = from.parcel.scrub_reply();
  it->second.lineages[q.member] = reply.lineage();
  if (it->second.agreed.size() < answers_kept)
    it->second.agreed.push_back(witnesses_in(reply.agreed(), reply.agreed_lineages()));
  switch (reply.state()) {
  case msg::ScrubReply::HERE:
    break;
  case msg::ScrubReply::GONE:
  case msg::ScrubReply::UNKNOWN:
    return round.unknown(q.member, q.index);
  default:
    return;
  }
  if (q.records) {
    std::vector<scrub::record> records;
    for (int i = 0; i < std::min(reply.keys_size(), reply.checks_size()); ++i)
      records.push_back({reply.keys(i), reply.checks(i)});
    round.read_records(q.member, q.index, std::move(records), !reply.more());
  } else if (q.leaves) {
    scrub::leaf_list leaves;
    for (int i = 0; i < std::min(reply.sums_size(), reply.items_size()); ++i)
      leaves.push_back({reply.sums(i), reply.items(i)});
    round.read_leaves(q.member, q.index, std::move(leaves));
  } else {
    round.root(q.member, q.index, reply.root());
  }
}

void scrubber_state::finish(std::uint64_t group, const comparison& one) {
  const auto& seen = one.round->outcome();
  if (!seen.compared) {
    meter->inconclusive.Increment();
    comparisons->failed(group, now());
    return;
  }
  const bool all = seen.members.size() == one.nodes.size();
  if (all)
    comparisons->ended(group, now());
  else
    comparisons->put_off(group,
                         now() + cycle_us() / 20); // somebody could not say, and may be able to by then
  if (auto it = residents.find(group); all && it != residents.end()) {
    it->second.compared_us = now();
    it->second.report.set_compared_ms(options.clock->unix_ms());
    tell(it->second);
  }
  if (seen.verdict.agreed()) {
    meter->equal.Increment();
    if (!all)
      return;
    agree(group, one);
    return order_proof(group, one, false);
  }
  meter->different.Increment();
  outvoted(group, one);
}

// All members remember that they were equal once: what one of them says later is then a word of its own.
void scrubber_state::agree(std::uint64_t group, const comparison& one) {
  const auto equal = compared_copies(one);
  for (const auto& [member, node] : one.nodes) {
    msg::ScrubRequest news;
    news.set_group(group);
    for (const auto& copy : equal) {
      news.mutable_agreed()->add_members(copy.member);
      news.mutable_agreed()->add_lineages(copy.lineage);
    }
    post(node, std::move(news));
  }
}

// Only who was outvoted by two others may be repaired, and only where these two are known to be two
// witnesses: a member whose copy was built from another one's, when it joined or when it had fallen behind,
// repeats what that one says until it was found equal to the third.
void scrubber_state::outvoted(std::uint64_t group, const comparison& one) {
  const auto& seen = one.round->outcome();
  const auto what = describe(seen);
  if (seen.verdict.wrong.empty() || seen.members.size() < storage_replicas) {
    found(group, finding::undecided, what + "; which of them is right cannot be told");
    return order_proof(group, one, true);
  }
  const bool witnesses = std::any_of(one.agreed.begin(), one.agreed.end(), [&](const auto& known) {
    return scrub::were_equal(known, compared_copies(one));
  });
  if (!witnesses) {
    found(group, finding::undecided,
          what + "; nobody remembers that these copies were equal, so one may have been made from another");
    return order_proof(group, one, true);
  }
  const auto wrong = seen.verdict.wrong.front();
  const auto& node = one.nodes.at(wrong);
  msg::Condemn sentence;
  sentence.set_member(wrong);
  sentence.set_epoch(one.round->epoch());
  sentence.set_lineage(one.lineages.at(wrong));
  sentence.set_why(what + "; member " + std::to_string(wrong) + " on " + node +
                   " disagrees with the others, who agree");
  condemn(group, node, std::move(sentence));
}

// --- what others ask ---------------------------------------------------------------------------------------

void scrubber_state::on_request(const wire::delivery& from) {
  const auto& request = from.parcel.scrub_request();
  auto it = residents.find(request.group());
  switch (request.op_case()) {
  case msg::ScrubRequest::kReadMark:
    return on_read_mark(from);
  case msg::ScrubRequest::kCompare:
    return comparisons->hurry(request.group(), now());
  case msg::ScrubRequest::kPass:
    passes->hurry(request.group(), now());
    return comparisons->hurry(request.group(), now());
  case msg::ScrubRequest::kCondemn:
    return on_condemn(from);
  case msg::ScrubRequest::kProve:
    return on_prove(from);
  case msg::ScrubRequest::kProved:
    return on_proved(request.group(), request.proved());
  case msg::ScrubRequest::kAgreed:
    if (it != residents.end())
      it->second.agreed = witnesses_in(request.agreed().members(), request.agreed().lineages());
    return;
  default:
    return;
  }
}

void scrubber_state::on_read_mark(const wire::delivery& from) {
  const auto& request = from.parcel.scrub_request();
  const auto& ask = request.read_mark();
  auto it = residents.find(request.group());
  auto reply = wire::outgoing{from.from->node, wire::reply_to(from.parcel)};
  if (it == residents.end() || it->second.member != ask.member()) {
    reply.parcel.mutable_scrub_reply()->set_state(msg::ScrubReply::GONE);
    outbox.push_back(std::move(reply));
    return;
  }
  wire::read_mark what{request.group(), ask.member(), ask.index(), ask.leaves(), ask.records()};
  self->request(options.items(request.group()), caf::infinite, what)
      .then(
          [this, reply, agreed = it->second.agreed](const msg::ScrubReply& said) mutable {
            *reply.parcel.mutable_scrub_reply() = said;
            for (const auto& copy : agreed) {
              reply.parcel.mutable_scrub_reply()->add_agreed(copy.member);
              reply.parcel.mutable_scrub_reply()->add_agreed_lineages(copy.lineage);
            }
            outbox.push_back(std::move(reply));
            send_out();
          },
          [](const caf::error&) {}); // this node is ending
}

} // namespace troupe::scrubber
