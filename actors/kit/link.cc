#include "actors/kit/link.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::kit {

namespace {

// Seldom enough that a peer which is merely slow is not drowned in questions.
constexpr int ticks_per_question = 8;

} // namespace

bool link::push(msg::Parcel& parcel) {
  auto bytes = parcel.ByteSizeLong();
  if (queued_bytes_ + bytes > limits::link_queue_bytes)
    return false;
  queued_bytes_ += bytes;
  queue_.push_back({std::move(parcel), bytes});
  return true;
}

bool link::owes_acknowledgement(bool now) const {
  auto owed = received_ - told_;
  return owed >= limits::link_window / 2 || (now && owed > 0);
}

bool link::asks_for_credit(bool tick) {
  if (queue_.empty() || on_the_way() < limits::link_window) {
    starved_ticks_ = 0;
    return false;
  }
  if (!tick || ++starved_ticks_ < ticks_per_question)
    return false;
  starved_ticks_ = 0;
  return true;
}

std::optional<msg::Envelope> link::next(bool acknowledge_now) {
  auto credit = on_the_way() < limits::link_window;
  auto asks = asks_for_credit(acknowledge_now);
  if (!(credit && !queue_.empty()) && !asks && !owes_acknowledgement(acknowledge_now))
    return std::nullopt;
  msg::Envelope envelope;
  envelope.set_session(session_);
  envelope.set_received_session(their_session_);
  envelope.set_received(received_);
  told_ = received_;
  // An envelope that only acknowledges has no number of its own, so that it needs no acknowledgement.
  if (!asks && (!credit || queue_.empty()))
    return envelope;
  envelope.set_sequence(++sent_);
  if (asks)
    return envelope;
  for (std::size_t bytes = 0; !queue_.empty(); queue_.pop_front()) {
    auto& first = queue_.front();
    if (bytes > 0 && bytes + first.bytes > limits::envelope_bytes)
      break;
    bytes += first.bytes;
    queued_bytes_ -= first.bytes;
    *envelope.add_parcels() = std::move(first.parcel);
  }
  return envelope;
}

bool link::receive(const msg::Envelope& envelope) {
  if (envelope.session() != their_session_) {
    their_session_ = envelope.session();
    received_ = told_ = 0;
  }
  if (envelope.received_session() == session_)
    acknowledged_ = std::clamp(envelope.received(), acknowledged_, sent_);
  if (envelope.sequence() == 0)
    return true;
  if (envelope.sequence() <= received_)
    return false;
  received_ = envelope.sequence();
  return true;
}

std::deque<msg::Parcel> link::drain() {
  std::deque<msg::Parcel> result;
  for (auto& one : queue_)
    result.push_back(std::move(one.parcel));
  queue_.clear();
  queued_bytes_ = 0;
  return result;
}

} // namespace troupe::kit
