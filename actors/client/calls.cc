#include "actors/client/calls.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace troupe::client {

namespace {

// A parcel's id names the request and which of its attempts this is, so that every answer finds its attempt.
constexpr int attempt_bits = 6;
constexpr int attempts_max = (1 << attempt_bits) - 1;

// The router hears of a deadline a little before ours, so that its last word still arrives in time.
constexpr std::int64_t head_start_ms = 50;

std::int64_t us(std::chrono::milliseconds time) {
  return std::chrono::microseconds(time).count();
}

// Refusals that another moment, or another router, may not repeat.
bool worth_a_retry(msg::Code code) {
  return code == msg::OVERLOADED || code == msg::UNAVAILABLE || code == msg::MOVED ||
         code == msg::UNKNOWN_OUTCOME;
}

// A refusal by what the item is. Of a repeated attempt it is remembered like an effect, and settles the
// request: a condition that does not hold, and an update that cannot be made.
bool is_judgement(const msg::Parcel& request, msg::Code code) {
  return code == msg::CONDITION_FAILED || (code == msg::VALIDATION && request.item_request().has_update());
}

bool fits(const msg::Parcel& request, const msg::Parcel& reply) {
  return request.has_item_request() ? reply.has_item_reply() : reply.has_admin_reply();
}

msg::Status& status_in(msg::Parcel& reply) {
  return reply.has_item_reply() ? *reply.mutable_item_reply()->mutable_status()
                                : *reply.mutable_admin_reply()->mutable_status();
}

} // namespace

bool is_change(const msg::Parcel& request) {
  if (request.has_item_request())
    return request.item_request().has_put() || request.item_request().has_delete_() ||
           request.item_request().has_update();
  const auto& admin = request.admin_request();
  return admin.has_create_table() || admin.has_delete_table() || admin.has_update_table() ||
         admin.has_hand_over() || admin.has_pause_healing() || admin.has_create_backup() ||
         admin.has_delete_backup() || admin.has_restore_table();
}

std::size_t operation_of(const msg::Parcel& request) {
  constexpr std::size_t none = operation_names.size() - 1;
  if (request.has_item_request()) {
    switch (request.item_request().op_case()) {
    case msg::ItemRequest::kPut:
      return 0;
    case msg::ItemRequest::kDelete:
      return 1;
    case msg::ItemRequest::kGet:
      return 2;
    case msg::ItemRequest::kQuery:
      return 3;
    case msg::ItemRequest::kUpdate:
      return 11;
    case msg::ItemRequest::kScan:
      return 12;
    case msg::ItemRequest::OP_NOT_SET:
      return none;
    }
  }
  switch (request.admin_request().op_case()) {
  case msg::AdminRequest::kCreateTable:
    return 4;
  case msg::AdminRequest::kDeleteTable:
    return 5;
  case msg::AdminRequest::kDescribeTable:
    return 6;
  case msg::AdminRequest::kListTables:
    return 7;
  case msg::AdminRequest::kClusterStatus:
    return 8;
  case msg::AdminRequest::kHandOver:
    return 9;
  case msg::AdminRequest::kUpdateTable:
    return 10;
  case msg::AdminRequest::kScrubNow:
    return 13;
  case msg::AdminRequest::kCreateBackup:
    return 14;
  case msg::AdminRequest::kDeleteBackup:
    return 15;
  case msg::AdminRequest::kDescribeBackup:
    return 16;
  case msg::AdminRequest::kListBackups:
    return 17;
  case msg::AdminRequest::kRestoreTable:
    return 18;
  case msg::AdminRequest::kPauseHealing:
    return 19;
  case msg::AdminRequest::OP_NOT_SET:
    break;
  }
  return none;
}

const msg::Status& status_of(const msg::Parcel& reply) {
  return reply.has_item_reply() ? reply.item_reply().status() : reply.admin_reply().status();
}

msg::Parcel refuse(const msg::Parcel& request, msg::Code code, std::string why) {
  msg::Parcel reply;
  auto& status = request.has_item_request() ? *reply.mutable_item_reply()->mutable_status()
                                            : *reply.mutable_admin_reply()->mutable_status();
  status.set_code(code);
  status.set_message(std::move(why));
  return reply;
}

calls::calls(calls_options options)
    : options_(std::move(options)), random_(options_.seed), pending_(options_.capacity) {
  auto& retry = options_.retry;
  retry.attempts = std::clamp(retry.attempts, 1, attempts_max);
  retry.first = std::max(retry.first, std::chrono::milliseconds(1));
  retry.longest = std::max(retry.longest, retry.first);
  retry.patience = std::max(retry.patience, std::chrono::milliseconds(1));
}

void calls::start(errand what, std::int64_t now_us) {
  if (pending_.full()) {
    std::fputs("invariant broken: more requests in a session than it let in\n", stderr);
    std::abort();
  }
  auto& request = what.request;
  auto& name = request.has_item_request() ? *request.mutable_item_request()->mutable_id()
                                          : *request.mutable_admin_request()->mutable_id();
  if (name.client() == 0) {
    name.set_client(options_.client_id);
    name.set_sequence(++sequence_);
  }
  auto deadline = what.deadline_us;
  auto call_id = pending_.add({.what = std::move(what), .started_us = now_us}, deadline);
  auto& p = *pending_.find(call_id);
  p.id = call_id;
  send(p, now_us);
}

void calls::found(const std::string& router, std::int64_t now_us) {
  if (std::find(up_.begin(), up_.end(), router) == up_.end())
    up_.push_back(router);
  for (auto call_id : std::exchange(waiting_, {}))
    send(*pending_.find(call_id), now_us);
}

void calls::lost(const std::string& router, std::int64_t now_us) {
  std::erase(up_, router);
  if (favourite_ == router)
    favourite_.clear();
  std::vector<id> hit;
  pending_.for_each([&](id call_id, pending& p) {
    if (std::erase_if(p.open, [&](const attempt& a) { return a.router == router; }) > 0)
      hit.push_back(call_id);
  });
  std::sort(hit.begin(), hit.end()); // in the order they were made, whatever the table's
  for (auto call_id : hit) {
    auto& p = *pending_.find(call_id);
    p.in_doubt = is_change(p.what.request);
    go_on(p, now_us);
  }
}

void calls::reply(msg::Parcel& reply, std::int64_t now_us) {
  auto call_id = reply.id() >> attempt_bits;
  auto number = static_cast<int>(reply.id() & attempts_max);
  auto* p = pending_.find(call_id);
  auto answered = p == nullptr ? std::vector<attempt>::iterator()
                               : std::find_if(p->open.begin(), p->open.end(),
                                              [&](const attempt& a) { return a.number == number; });
  if (p == nullptr || answered == p->open.end()) {
    ++late_replies_; // a duplicate, or the answer to a question that was settled otherwise
    return;
  }
  auto by = std::move(*answered);
  p->open.erase(answered);
  const auto& request = p->what.request;
  if (wire::undelivered(reply))
    reply = refuse(request, msg::UNAVAILABLE, "router " + p->router + " could not take the request");
  else if (!fits(request, reply))
    reply = refuse(request, msg::UNKNOWN_OUTCOME, "router " + p->router + " answered something else");
  auto code = status_of(reply).code();
  if (code == msg::OK || (is_judgement(request, code) && by.repeated)) {
    if (by.number > 1 && p->first_router == favourite_)
      favourite_ =
          by.router; // the former favourite is reached, and has no use: it may be cut off from the others
    finish(*p, std::move(reply));
  } else
    refused(*p, reply, now_us);
}

void calls::refused(pending& p, msg::Parcel& reply, std::int64_t now_us) {
  auto& status = status_in(reply);
  // A failed condition that is not remembered leaves open what an attempt in doubt does later; a repeated
  // attempt will tell.
  auto in_doubt = is_change(p.what.request) && (p.in_doubt || !p.open.empty());
  auto ask_again = worth_a_retry(status.code()) || (status.code() == msg::CONDITION_FAILED && in_doubt);
  p.settled = p.settled || !ask_again;
  if (status.code() == msg::UNKNOWN_OUTCOME) {
    p.in_doubt = is_change(p.what.request);
    status.set_code(msg::UNAVAILABLE); // what it is for a read; a change in doubt is never judged by this
  }
  p.last = std::move(reply);
  if (p.settled && !is_change(p.what.request))
    finish(p, std::move(*p.last));
  else
    go_on(p, now_us);
}

// One attempt less is open, and the request is not done.
void calls::go_on(pending& p, std::int64_t now_us) {
  auto may_retry = !p.settled && p.attempts < options_.retry.attempts;
  if (may_retry)
    try_later(p, now_us);
  else if (p.open.empty())
    finish(p, verdict(p, "gave up after " + std::to_string(p.attempts) + " attempts"));
  else
    set_timer(p, 0); // the attempts still open have the last word
}

void calls::try_later(pending& p, std::int64_t now_us) {
  auto at = now_us + backoff_us(p.attempts);
  if (at >= p.what.deadline_us && p.open.empty())
    finish(p, verdict(p, "no time is left for another attempt"));
  else
    set_timer(p, at);
}

void calls::send(pending& p, std::int64_t now_us) {
  const auto* router = choose_router(p);
  if (router == nullptr)
    return wait_for_router(p, now_us);
  p.waiting = false;
  p.router = *router;
  if (p.attempts == 0)
    p.first_router = p.router;
  auto repeated = is_change(p.what.request) && (p.in_doubt || !p.open.empty());
  p.open.push_back({++p.attempts, p.router, repeated});
  auto parcel = p.what.request;
  if (repeated && parcel.has_item_request())
    parcel.mutable_item_request()->mutable_id()->set_repeated(true);
  parcel.set_id(p.id << attempt_bits | static_cast<std::uint64_t>(p.attempts));
  auto left_ms = (p.what.deadline_us - now_us) / 1'000;
  left_ms -= std::min(head_start_ms, left_ms / 10);
  parcel.set_deadline_ms(static_cast<std::uint32_t>(std::max<std::int64_t>(left_ms, 1)));
  parcels.push_back({p.router, std::move(parcel)});
  ++attempts_;
  set_timer(p, p.attempts < options_.retry.attempts ? now_us + patience_us(p.attempts) : 0);
}

void calls::wait_for_router(pending& p, std::int64_t now_us) {
  p.waiting = true;
  waiting_.insert(p.id);
  set_timer(p, options_.reach.count() > 0 ? now_us + us(options_.reach) : 0);
}

void calls::tick(std::int64_t now_us) {
  for (auto& p : pending_.take_expired(now_us)) {
    auto waited = std::to_string((p.what.deadline_us - p.started_us) / 1'000) + " ms";
    auto why = p.attempts == 0 ? "no router could be reached within " + waited : "no answer within " + waited;
    auto reply = verdict(p, why);
    retire(std::move(p), std::move(reply));
  }
  while (!timers_.empty() && timers_.begin()->first <= now_us) {
    auto call_id = timers_.begin()->second;
    auto& p = *pending_.find(call_id);
    set_timer(p, 0);
    if (p.waiting)
      finish(p, verdict(p, "no router can be reached"));
    else
      send(p, now_us);
  }
}

void calls::close() {
  for (auto& p : pending_.take_all()) {
    auto reply = verdict(p, "the session was closed");
    retire(std::move(p), std::move(reply));
  }
}

// What is said of a request that ends without a router's last word.
msg::Parcel calls::verdict(pending& p, const std::string& why) const {
  if (is_change(p.what.request) && (p.in_doubt || !p.open.empty())) {
    auto text = why + "; an attempt that was sent may or may not take effect";
    if (p.last)
      text += " (another was refused: " + status_of(*p.last).message() + ")";
    return refuse(p.what.request, msg::UNKNOWN_OUTCOME, std::move(text));
  }
  if (p.last)
    return std::move(*p.last);
  return refuse(p.what.request, msg::UNAVAILABLE, why);
}

void calls::finish(pending& p, msg::Parcel reply) {
  retire(*pending_.take(p.id), std::move(reply));
}

void calls::retire(pending p, msg::Parcel reply) {
  if (p.timer_us != 0)
    timers_.erase({p.timer_us, p.id});
  waiting_.erase(p.id);
  answers.push_back({std::move(p.what), std::move(reply), p.started_us});
}

void calls::set_timer(pending& p, std::int64_t at_us) {
  if (p.timer_us != 0)
    timers_.erase({p.timer_us, p.id});
  p.timer_us = at_us;
  if (at_us != 0)
    timers_.emplace(at_us, p.id);
}

// A request begins with the favourite, so that what is under way travels together; a retry goes elsewhere if
// it can, and whoever serves it is the next favourite.
const std::string* calls::choose_router(const pending& p) {
  if (up_.empty())
    return nullptr;
  if (p.attempts == 0 && !options_.spread) {
    if (favourite_.empty())
      favourite_ = up_[random_() % up_.size()];
    return &favourite_;
  }
  const auto& next = up_[turn_++ % up_.size()];
  return p.attempts == 0 || next != p.router ? &next : &up_[turn_++ % up_.size()];
}

std::int64_t calls::backoff_us(int attempts) {
  auto full = us(options_.retry.first) << std::min(attempts - 1, 20);
  full = std::min(full, us(options_.retry.longest));
  return full - static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(full / 2 + 1));
}

std::int64_t calls::patience_us(int attempts) const {
  return us(options_.retry.patience) << std::min(attempts - 1, 10);
}

} // namespace troupe::client
