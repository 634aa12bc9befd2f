// One direction-pair of mail between this process and one peer: what waits to be sent, how much is on its
// way, and how far the other side has received.
//
// CAF has no backpressure: messages to a stopped peer pile up without end. So at most limits::link_window
// envelopes are unacknowledged at a time; the rest waits here, in a queue with a bound in bytes, and travels
// together once credit comes back. That is also what makes batches: the busier the link, the fuller they are.
// Pure; one owner, one thread.
#pragma once
#include "messages/rpc.pb.h"
#include <cstdint>
#include <deque>
#include <optional>

namespace troupe::kit {

class link {
public:
  // A link that has just come up: numbering starts anew, nothing is on its way, the queue is empty.
  explicit link(std::uint64_t session) : session_(session) {}

  // False when the queue is full; the parcel is then unchanged.
  bool push(msg::Parcel& parcel);

  // The next envelope to send, filled with what is ready, up to limits::envelope_bytes; nothing without
  // credit, or when there is neither a parcel nor an acknowledgement to send. The caller adds the sender.
  // `acknowledge_now` is true at every tick. A link that has been without credit for some ticks asks for it,
  // by a numbered envelope without parcels: what was lost with a broken connection is never acknowledged, and
  // would hold the link up for good. The answer acknowledges all that came before, lost or not.
  std::optional<msg::Envelope> next(bool acknowledge_now);

  // What an envelope from the other side says about this link. False when it must be ignored (a duplicate).
  bool receive(const msg::Envelope& envelope);

  bool idle() const { return queue_.empty(); }
  std::size_t queued_bytes() const { return queued_bytes_; }
  std::uint64_t on_the_way() const { return sent_ - acknowledged_; }

  // Empties the queue: the parcels that have not left.
  std::deque<msg::Parcel> drain();

private:
  bool owes_acknowledgement(bool now) const;
  bool asks_for_credit(bool tick);

  std::uint64_t session_;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0; // <= sent_
  std::uint64_t their_session_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t told_ = 0; // the received_ that the other side knows; <= received_
  struct waiting {
    msg::Parcel parcel;
    std::size_t bytes;
  };
  int starved_ticks_ = 0; // without credit, though something waits; since the last question
  std::deque<waiting> queue_;
  std::size_t queued_bytes_ = 0;
};

} // namespace troupe::kit
