// What role actors hand to each other inside a process: parcels, with the peer they came from or go to.
//
// A role never knows whether the other end is in this process, in another one, or in a simulation. It puts
// parcels into an outbox, and the peers actor (kit/peers_actor.h) takes them where they belong; what comes
// back arrives as an inbox. Both are plain C++ values and never leave the process: between processes the same
// parcels travel in a msg::Envelope.
#pragma once
#include "messages/rpc.pb.h"
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::wire {

// Who is at the other end of a link. A client is a peer too; its name is made up and unique.
struct peer {
  std::string node;
  std::uint64_t disk = 0; // identity of its data directory
  std::uint64_t run = 0;  // of this start of its process
  bool client = false;
};
using peer_ptr = std::shared_ptr<const peer>;

struct delivery {
  peer_ptr from;
  msg::Parcel parcel;
};
using inbox = std::vector<delivery>;

struct outgoing {
  std::string node;
  msg::Parcel parcel;
};
using outbox = std::vector<outgoing>;

// Where a role that has started begins to number its questions, made from a random number. Not where it began
// in its former life: answers to that may still be on their way, to the same node and the same role. Bits are
// left for what a role puts beside the number.
inline std::uint64_t first_id(std::uint64_t random) {
  return random >> 20;
}

// The parcel that answers `request`, addressed to its sender; the body is for the caller to set.
inline msg::Parcel reply_to(const msg::Parcel& request) {
  msg::Parcel reply;
  *reply.mutable_to() = request.from();
  *reply.mutable_from() = request.to();
  reply.set_id(request.id());
  reply.set_reply(true);
  return reply;
}

// A request that could not be handed over comes back to its sender as a reply without a body: it had no
// effect anywhere. Its `from` is the address it was meant for.
inline bool undelivered(const msg::Parcel& reply) {
  return reply.reply() && reply.body_case() == msg::Parcel::BODY_NOT_SET;
}

// The replication group that holds tables, partitions and nodes. Those of partitions are numbered above it.
inline constexpr std::uint64_t metadata_group = 1;

inline msg::Address address(msg::Role role, std::uint64_t group = 0) {
  msg::Address result;
  result.set_role(role);
  result.set_group(group);
  return result;
}

} // namespace troupe::wire
