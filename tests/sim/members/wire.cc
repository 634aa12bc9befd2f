#include "tests/sim/members/wire.h"

namespace troupe::sim {
namespace {

std::string tagged(char tag, const google::protobuf::MessageLite& m) {
  std::string bytes(1, tag);
  m.AppendToString(&bytes);
  return bytes;
}

template <class Message>
Message untagged(const std::string& bytes) {
  Message m;
  m.ParseFromArray(bytes.data() + 1, static_cast<int>(bytes.size()) - 1);
  return m;
}

template <class Entries>
std::string entries_text(const Entries& entries) {
  if (entries.empty())
    return "no entries";
  std::string text = "entries";
  for (const auto& e : entries) {
    text += " " + std::to_string(e.index()) + "@" + text_of(e.ballot());
    if (e.kind() == msg::Entry::NOOP)
      text += " noop";
    if (e.kind() == msg::Entry::CONFIGURATION)
      text += " configuration";
  }
  return text;
}

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

} // namespace

std::string bytes_of(const msg::PaxosMessage& m) {
  return tagged('p', m);
}
std::string bytes_of(const msg::SnapshotRequest& m) {
  return tagged('r', m);
}
std::string bytes_of(const msg::SnapshotChunk& m) {
  return tagged('c', m);
}

std::string bytes_of(std::uint64_t from, const msg::Pulse& m) {
  return "b" + number(from) + " " + m.SerializeAsString();
}
std::string bytes_of(std::uint64_t from, const msg::PulseReply& m) {
  return "a" + number(from) + " " + m.SerializeAsString();
}

beats_from parse_pulse(const std::string& bytes) {
  beats_from result;
  if (bytes.empty() || (bytes[0] != 'b' && bytes[0] != 'a'))
    return result;
  const auto space = bytes.find(' ');
  result.from = std::stoull(bytes.substr(1, space - 1));
  if (bytes[0] == 'b')
    result.pulse.emplace().ParseFromString(bytes.substr(space + 1));
  else
    result.reply.emplace().ParseFromString(bytes.substr(space + 1));
  return result;
}

std::variant<std::monostate, msg::PaxosMessage, msg::SnapshotRequest, msg::SnapshotChunk>
parse(const std::string& bytes) {
  switch (bytes.empty() ? '\0' : bytes[0]) {
  case 'p':
    return untagged<msg::PaxosMessage>(bytes);
  case 'r':
    return untagged<msg::SnapshotRequest>(bytes);
  case 'c':
    return untagged<msg::SnapshotChunk>(bytes);
  default:
    return std::monostate{};
  }
}

std::string text_of(const msg::Ballot& b) {
  return number(b.round()) + "." + number(b.member());
}

std::string text_of(const msg::Configuration& c) {
  std::string text = "{epoch " + number(c.epoch());
  for (const auto& m : c.members()) {
    const char* kind = m.kind() == msg::LOG_REPLICA ? " log"
                       : m.kind() == msg::LEARNER   ? " learner"
                                                    : " storage";
    text += "," + std::string(kind) + " m" + number(m.id());
  }
  return text + "}";
}

std::string text_of(const msg::PaxosMessage& m) {
  std::string text = number(m.from()) + " to " + number(m.to()) + ": ";
  switch (m.body_case()) {
  case msg::PaxosMessage::kPreVote:
    return text + "pre-vote " + text_of(m.pre_vote().ballot()) + ", commit " + number(m.pre_vote().commit());
  case msg::PaxosMessage::kPreVoteReply:
    return text + "pre-vote reply " + text_of(m.pre_vote_reply().ballot()) +
           (m.pre_vote_reply().granted() ? " granted" : " refused") +
           (m.pre_vote_reply().hears_leader() ? ", hears the leader" : "") +
           (m.pre_vote_reply().behind() ? ", behind" : "") + ", commit " +
           number(m.pre_vote_reply().commit());
  case msg::PaxosMessage::kPrepare:
    return text + "prepare " + text_of(m.prepare().ballot()) + ", commit " + number(m.prepare().commit());
  case msg::PaxosMessage::kPromise:
    return text + "promise " + text_of(m.promise().ballot()) +
           (m.promise().granted() ? " granted, " : " refused for " + text_of(m.promise().promised()) + ", ") +
           entries_text(m.promise().entries()) + ", commit " + number(m.promise().commit()) +
           ", lease left " + std::to_string(m.promise().lease_left_us()) +
           (m.promise().behind() ? ", behind" : "");
  case msg::PaxosMessage::kAccept:
    return text + "accept " + text_of(m.accept().ballot()) + ", after " +
           number(m.accept().previous_index()) + ", " + entries_text(m.accept().entries()) + ", commit " +
           number(m.accept().commit());
  case msg::PaxosMessage::kAccepted:
    return text + "accepted " + text_of(m.accepted().ballot()) +
           (m.accepted().granted() ? ", match " + number(m.accepted().match())
                                   : " refused for " + text_of(m.accepted().promised()) + ", need " +
                                         number(m.accepted().need()));
  case msg::PaxosMessage::kHeartbeat:
    return text + "heartbeat " + text_of(m.heartbeat().ballot()) + ", commit " +
           number(m.heartbeat().commit()) + ", read round " + number(m.heartbeat().read_round());
  case msg::PaxosMessage::kHeartbeatReply:
    return text + "heartbeat reply " + text_of(m.heartbeat_reply().ballot()) +
           (m.heartbeat_reply().granted() ? " granted" : " refused") + ", match " +
           number(m.heartbeat_reply().match()) + ", commit " + number(m.heartbeat_reply().commit());
  case msg::PaxosMessage::kCatchUp:
    return text + "catch up from " + number(m.catch_up().from());
  case msg::PaxosMessage::kChosen:
    return text + "chosen after " + number(m.chosen().previous_index()) + ", " +
           entries_text(m.chosen().entries()) + ", commit " + number(m.chosen().commit()) +
           (m.chosen().gone() ? ", gone" : "");
  case msg::PaxosMessage::kHandOff:
    return text + "hand-off " + text_of(m.hand_off().ballot()) + " to m" + number(m.hand_off().successor());
  case msg::PaxosMessage::kRemoved:
    return text + "removed by " + text_of(m.removed().configuration());
  case msg::PaxosMessage::BODY_NOT_SET:
    break;
  }
  return text + "nothing";
}

} // namespace troupe::sim
