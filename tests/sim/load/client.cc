#include "tests/sim/load/client.h"

namespace troupe::sim {
namespace {

using linearizability::action;
using linearizability::outcome;

action action_of(const request& r) {
  switch (r.what) {
  case operation::put:
    return action::put;
  case operation::remove:
    return action::remove;
  case operation::compare_and_set:
    return action::cas;
  default:
    return action::get;
  }
}

} // namespace

client::client(cluster& c, unsigned number, linearizability::recorder& history, load_counters& counters)
    : cluster_(c), world_(c.place()), number_(first_client + number), history_(history), counters_(counters) {
  cluster_.on_reply(number_, [this](const reply& r) { hear(r); });
}

void client::think() {
  if (stopped_)
    return;
  world_.after(world_.chance().tailed(cluster_.how().think_mean), [this] { begin(); });
}

request client::draw() {
  dice& chance = world_.chance();
  request r;
  r.client = number_;
  r.id = {number_, ++sequence_};
  r.key = "k" + std::to_string(chance.below(cluster_.how().keys));
  const auto roll = chance.below(100);
  const unsigned reads = cluster_.how().reads;
  if (roll < reads) {
    r.what = chance.below(5) == 0 ? operation::eventual_read : operation::read;
    return r;
  }
  const std::string value = "c" + std::to_string(number_ - first_client) + "." + std::to_string(sequence_);
  const auto kind = chance.below(100);
  if (kind < 40) {
    r.what = operation::put;
    r.written = value;
  } else if (kind < 90) {
    r.what = operation::compare_and_set;
    r.expected = last_seen_[r.key];
    if (kind < 80)
      r.written = value;
  } else {
    r.what = operation::remove;
  }
  return r;
}

void client::begin() {
  if (stopped_)
    return;
  busy_ = true;
  current_ = draw();
  asked_ = world_.now();
  deadline_ = asked_ + world_.chance().between(2 * second, 6 * second);
  open_.clear();
  if (current_.what != operation::eventual_read)
    recorded_ = history_.invoke({.client = "c" + std::to_string(number_ - first_client),
                                 .key = current_.key,
                                 .what = action_of(current_),
                                 .written = current_.written,
                                 .expected = current_.expected},
                                asked_);
  attempt();
}

void client::attempt() {
  if (world_.now() >= deadline_)
    return finish(open_.empty() ? outcome::failed : outcome::unknown, {});
  ++current_.attempt;
  if (current_.attempt > 1)
    ++counters_.retries;
  open_.insert(current_.attempt);
  cluster_.ask(current_, target_);
  const instant patience = world_.chance().between(200 * millisecond, second);
  world_.after(patience, [this, id = current_.id, number = current_.attempt] {
    if (!busy_ || current_.id != id || current_.attempt != number)
      return;
    target_ = 1 + world_.chance().below(cluster_.machines().size());
    attempt();
  });
}

void client::hear(const reply& r) {
  if (!busy_ || r.id != current_.id || !open_.contains(r.attempt))
    return;
  switch (r.what) {
  case answer::done:
    return finish(outcome::ok, r);
  case answer::refused:
    open_.erase(r.attempt);
    return finish(open_.empty() ? outcome::condition_failed : outcome::unknown, r);
  case answer::moved:
    open_.erase(r.attempt);
    break;
  case answer::unknown: // stays open
    break;
  }
  if (r.attempt != current_.attempt)
    return;
  const machine* leads = r.leader == 0 ? nullptr : cluster_.of(r.leader);
  target_ = leads != nullptr ? leads->id : 1 + world_.chance().below(cluster_.machines().size());
  ++current_.attempt; // its timeout is void
  world_.after(world_.chance().between(millisecond, 60 * millisecond), [this, id = current_.id] {
    if (busy_ && current_.id == id)
      attempt();
  });
}

void client::finish(outcome how, const reply& last) {
  busy_ = false;
  const bool writes = current_.writes();
  if (current_.what != operation::eventual_read)
    history_.complete(recorded_, how, world_.now(), last.value);
  world_.note("client {} request {} ends: {}", current_.id.first, current_.id.second,
              static_cast<std::uint64_t>(how));
  switch (how) {
  case outcome::ok:
    (writes                             ? counters_.writes
     : current_.what == operation::read ? counters_.reads
                                        : counters_.eventual_reads)++;
    if (writes && asked_ >= counters_.last_write_asked) {
      counters_.last_write = world_.now();
      counters_.last_write_asked = asked_;
    }
    last_seen_[current_.key] = writes ? current_.written : last.value;
    break;
  case outcome::condition_failed:
    ++counters_.refused;
    last_seen_.erase(current_.key);
    break;
  case outcome::failed:
    ++counters_.failed;
    break;
  case outcome::unknown:
    ++counters_.unknown;
    break;
  }
  if (last.attempt != 0)
    cluster_.checks().answered(current_, last, how != outcome::unknown);
  think();
}

} // namespace troupe::sim
