// Typed handles of every role: what each actor can be sent. Their implementations live in folders of their
// own and never include each other; they meet here.
#pragma once
#include "actors/wire/glue.h"
#include "actors/wire/mail.h"
#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace troupe::wire {

using tick_atom = caf::atom_constant<caf::atom("tick")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using dial_atom = caf::atom_constant<caf::atom("dial")>;

// Version of the messages in messages/. A peer of another major version is refused at the handshake; fields
// come and go within one version as protobuf allows.
inline constexpr std::uint32_t protocol_version = 1;

// To every enrolled role: nothing more will come from that peer, and what was under way to it may be lost.
struct peer_lost {
  std::string node;
};

// To whoever enrolled as a watcher: parcels to that peer have a link again. After a peer_lost of the same
// node.
struct peer_found {
  peer who;
};
using watcher_actor = caf::typed_actor<caf::reacts_to<peer_found>>;

// Whatever takes parcels: router, replica, admin, agent, a client's own end.
using role_actor = caf::typed_actor<caf::reacts_to<inbox>, caf::reacts_to<peer_lost>>;

// The face of a process to other processes. Only this is ever published.
using port_actor =
    caf::typed_actor<caf::replies_to<msg::Hello, caf::strong_actor_ptr>::with<msg::Hello>, // who are you;
                                                                                           // here I am
                     caf::reacts_to<msg::Envelope>>;

// A role announces itself to the peers actor, or leaves.
struct enroll {
  msg::Address address;
  role_actor actor;
  bool leave = false;
  watcher_actor watcher; // may be null; hears of the links that are up and of those to come
};
// A dialler has reached a peer, or an accepted handshake brought one.
struct link_up {
  msg::Hello hello; // the peer's
  port_actor port;
};

using peers_actor =
    port_actor::extend<caf::reacts_to<outbox>, caf::reacts_to<enroll>, caf::reacts_to<link_up>,
                       caf::reacts_to<flush_atom>, caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>>;

// Wakes others: see kit/ticker_actor.h.
struct arm {
  caf::strong_actor_ptr who; // is sent tick_atom
  std::int64_t at = 0;       // on the node's clock, microseconds
};
using ticker_actor = caf::typed_actor<caf::reacts_to<arm>, caf::reacts_to<tick_atom>>;

} // namespace troupe::wire

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::inbox)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::outbox)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::enroll)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::link_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::peer_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::peer_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::arm)
