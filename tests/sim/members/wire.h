// Messages between members as bytes, and as text for people.
#pragma once
#include "messages/replication.pb.h"
#include "messages/rpc.pb.h"
#include <optional>
#include <string>
#include <variant>

namespace troupe::sim {

std::string bytes_of(const msg::PaxosMessage& m);
std::string bytes_of(const msg::SnapshotRequest& m);
std::string bytes_of(const msg::SnapshotChunk& m);
std::variant<std::monostate, msg::PaxosMessage, msg::SnapshotRequest, msg::SnapshotChunk>
parse(const std::string& bytes);

// A machine to a machine, in the name of a member that rests.
std::string bytes_of(std::uint64_t from, const msg::Pulse& m);
std::string bytes_of(std::uint64_t from, const msg::PulseReply& m);
struct beats_from {
  std::uint64_t from = 0; // 0: it is something else
  std::optional<msg::Pulse> pulse;
  std::optional<msg::PulseReply> reply;
};
beats_from parse_pulse(const std::string& bytes);

// "1 to 3: accept 4.1, after 17, entries 18-20, commit 16"
std::string text_of(const msg::PaxosMessage& m);
std::string text_of(const msg::Ballot& b);
std::string text_of(const msg::Configuration& c);

} // namespace troupe::sim
