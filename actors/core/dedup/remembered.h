// Which requests have taken effect, for as long as a client may repeat them. A part of the replicated state:
// what is remembered and forgotten depends on the log alone, so every member agrees, and a new leader knows
// what the old one did.
#pragma once
#include "messages/replication.pb.h"
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::dedup {

using request_key = std::pair<std::uint64_t, std::uint64_t>; // client, sequence

struct request_key_hash {
  std::size_t operator()(const request_key& k) const { return k.first * 0x9e3779b97f4a7c15u ^ k.second; }
};

inline request_key key_of(const msg::RequestId& id) {
  return {id.client(), id.sequence()};
}
// Requests without an id are not remembered: nobody can repeat them.
inline bool has_id(const msg::RequestId& id) {
  return id.sequence() != 0;
}

// How a Command or an AppliedRequest says that its request was refused; OK: it was not. Versions that did not
// say how knew of conditions, which is what nearly all refusals are.
template <class Message>
msg::Code refusal_in(const Message& said) {
  if (!said.refused())
    return msg::OK;
  return said.refused_with() == msg::OK ? msg::CONDITION_FAILED : said.refused_with();
}

// What the leader's clock said when it made this. Commands' times are never smaller than those before them:
// after a leader whose clock was ahead they stand still, and this goes on.
std::int64_t clock_in(const msg::Command& command);

class remembered {
public:
  static constexpr std::int64_t step_most_ms = 1'000;
  struct outcome {
    std::uint64_t index = 0;     // where it took effect, or was refused
    msg::Code refused = msg::OK; // how; OK: it was not
  };
  std::optional<outcome> find(const msg::RequestId& id) const;

  // A command with this id was applied at `index`, when its leader's clock said so. Forgets what is older
  // than limits::remembered_ms before it, and the oldest past limits::remembered_requests. Leaders' clocks
  // differ: from one command to the next no more than step_most_ms pass, and no less than nothing, whatever
  // the two leaders say.
  void add(const msg::RequestId& id, outcome what, std::int64_t leader_ms);
  // Requests that may still be repeated had to be forgotten: whether an unknown one took effect is not known.
  bool crowded() const;

  void restore(const std::vector<msg::AppliedRequest>& requests); // replaces everything
  std::vector<msg::AppliedRequest> take_new(); // added since the last call, still remembered
  std::int64_t oldest_ms() const;              // those with a smaller time may be forgotten elsewhere, too
  std::size_t size() const { return order_.size(); }

private:
  struct slot {
    request_key key;
    outcome what;
    std::int64_t time_ms; // on the clock below
  };
  std::unordered_map<request_key, outcome, request_key_hash> known_;
  std::deque<slot> order_;    // ascending by index
  std::uint64_t taken_ = 0;   // index up to which take_new has handed out
  std::int64_t clock_ms_ = 0; // begins with a leader's time, and goes on in bounded steps
  std::int64_t seen_ms_ = 0;  // what the leader's said last
};

} // namespace troupe::dedup
