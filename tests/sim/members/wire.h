// Messages between members as bytes, and as text for people.
#pragma once
#include "messages/replication.pb.h"
#include <string>
#include <variant>

namespace troupe::sim {

std::string bytes_of(const msg::PaxosMessage& m);
std::string bytes_of(const msg::SnapshotRequest& m);
std::string bytes_of(const msg::SnapshotChunk& m);
std::variant<std::monostate, msg::PaxosMessage, msg::SnapshotRequest, msg::SnapshotChunk>
parse(const std::string& bytes);

// "1 to 3: accept 4.1, after 17, entries 18-20, commit 16"
std::string text_of(const msg::PaxosMessage& m);
std::string text_of(const msg::Ballot& b);
std::string text_of(const msg::Configuration& c);

} // namespace troupe::sim
