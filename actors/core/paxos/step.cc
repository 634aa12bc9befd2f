// Where a message goes, and who is heard at all.
#include "actors/core/paxos/state.h"

namespace troupe::paxos {

msg::PaxosMessage group::state::to(member_id member) const {
  msg::PaxosMessage message;
  message.set_group(opts.group);
  message.set_from(opts.self);
  message.set_to(member);
  message.set_epoch(epoch());
  return message;
}

// Strangers: whoever knows a newer configuration is believed, since only committed ones are announced;
// whoever knows an older one and is not in ours has been removed, and is told. Questions about what was
// chosen are answered to everybody.
bool group::state::admit(const msg::PaxosMessage& message) {
  if (message.group() != opts.group || message.to() != opts.self || message.from() == opts.self ||
      message.from() == 0)
    return false;
  using body = msg::PaxosMessage;
  bool asks = false;
  switch (message.body_case()) {
  case body::kPreVote:
  case body::kPrepare:
  case body::kAccept:
  case body::kHeartbeat:
  case body::kHandOff:
    asks = true;
    break;
  default:
    break;
  }
  if (!asks || message.epoch() >= epoch() || is_member(config, message.from()))
    return true;
  // The newcomer of a change still under way is a stranger too; being told changes nothing for it.
  msg::PaxosMessage reply = to(message.from());
  tell_removed(*reply.mutable_removed());
  now_queue.push_back(std::move(reply));
  return false;
}

void group::state::step(msg::PaxosMessage& message) {
  if (!admit(message)) {
    ignore();
    return;
  }
  if (removed) {
    tell_as_removed(message);
    return;
  }
  using body = msg::PaxosMessage;
  switch (message.body_case()) {
  case body::kPreVote:
    on_pre_vote(message);
    break;
  case body::kPreVoteReply:
    on_pre_vote_reply(message);
    break;
  case body::kPrepare:
    on_prepare(message);
    break;
  case body::kPromise:
    on_promise(message);
    break;
  case body::kAccept:
    on_accept(message);
    break;
  case body::kAccepted:
    on_accepted(message);
    break;
  case body::kHeartbeat:
    on_heartbeat(message);
    break;
  case body::kHeartbeatReply:
    on_heartbeat_reply(message);
    break;
  case body::kCatchUp:
    on_catch_up(message);
    break;
  case body::kChosen:
    on_chosen(message);
    break;
  case body::kHandOff:
    on_hand_off(message);
    break;
  case body::kRemoved:
    on_removed(message);
    break;
  case body::BODY_NOT_SET:
    ignore();
    return;
  }
  // Somebody knows a configuration that has not reached us: what was chosen up to there is worth having. Our
  // own leader sends it anyway.
  if (!removed && !leading && message.from() != leader && message.epoch() > epoch())
    ask_catch_up(message.from(), false);
}

} // namespace troupe::paxos
