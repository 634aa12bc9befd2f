#include "actors/kit/dialer_actor.h"
#include "actors/kit/reach.h"
#include <algorithm>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>
#include <caf/openssl/middleman_actor.hpp>

namespace troupe::kit {

namespace {

using dialer_pointer = dialer_actor::stateful_pointer<dialer_state>;

constexpr auto knock_patience = std::chrono::seconds(1);
constexpr auto knock_timeout = std::chrono::seconds(10); // resolving a name takes its time
constexpr auto connect_timeout = std::chrono::seconds(2);
constexpr auto hello_timeout = std::chrono::seconds(1);

// 25 ms, doubling to 400 ms: a node that comes back is found within half a second.
std::chrono::milliseconds backoff(int failures) {
  return std::chrono::milliseconds(25 << std::min(failures, 4));
}

void again(dialer_pointer self, const std::string& why) {
  auto& state = self->state;
  state.dialing = false;
  state.port = nullptr;
  if (state.options.on_failure)
    state.options.on_failure(why);
  self->delayed_send(self, backoff(state.failures++), wire::dial_atom::value);
}

void greet(dialer_pointer self, wire::port_actor port) {
  auto& state = self->state;
  self->monitor(port); // a dead proxy answers DOWN at once
  auto failed = [self, port](const std::string& why) {
    self->demonitor(port.address());
    again(self, why);
  };
  self->request(port, hello_timeout, state.options.hello, state.options.own_port)
      .then(
          [self, port, failed](const msg::Hello& theirs) {
            if (!theirs.refused().empty())
              return failed(theirs.refused());
            self->state.port = port;
            self->state.dialing = false;
            self->state.failures = 0;
            self->send(self->state.peers, wire::link_up{theirs, port});
            if (self->state.options.on_link)
              self->state.options.on_link(theirs);
          },
          [self, failed](const caf::error& why) { failed(self->system().render(why)); });
}

// Lives for one knock, on a thread of its own.
using knocker_actor = caf::typed_actor<caf::replies_to<std::string, std::uint16_t>::with<std::string>>;

knocker_actor::behavior_type knocker(knocker_actor::pointer self) {
  return {[self](const std::string& host, std::uint16_t port) {
    self->quit();
    return knock(host, port, knock_patience);
  }};
}

// The connector has answered. True: nobody waits for the rest.
bool settled(dialer_pointer self) {
  self->state.connecting = false;
  if (self->state.stopping)
    self->quit();
  return self->state.stopping;
}

void connect(dialer_pointer self) {
  auto& state = self->state;
  state.connecting = true;
  self->request(state.connector, connect_timeout, caf::connect_atom::value, state.options.host,
                state.options.port)
      .then(
          [self](const caf::node_id&, const caf::strong_actor_ptr& port,
                 const std::set<std::string>& interface) {
            if (settled(self))
              return;
            auto wanted = self->system().message_types(caf::detail::type_list<wire::port_actor>{});
            if (!port || !self->system().assignable(interface, wanted))
              return again(self, "something else than a Troupe node answers there");
            greet(self, caf::actor_cast<wire::port_actor>(port));
          },
          [self](const caf::error& why) {
            if (!settled(self))
              again(self, self->system().render(why));
          });
}

void dial(dialer_pointer self) {
  auto& state = self->state;
  if (state.dialing || state.port)
    return;
  state.dialing = true;
  self->request(self->spawn<caf::detached>(knocker), knock_timeout, state.options.host, state.options.port)
      .then(
          [self](const std::string& trouble) {
            if (trouble.empty() && !self->state.stopping)
              connect(self);
            else
              again(self, trouble);
          },
          [self](const caf::error& why) { again(self, self->system().render(why)); });
}

} // namespace

caf::io::middleman_actor plain_connector(caf::actor_system& system) {
  auto& middleman = system.middleman();
  return caf::io::make_middleman_actor(system,
                                       middleman.named_broker<caf::io::basp_broker>(caf::atom("BASP")));
}

caf::io::middleman_actor tls_connector(caf::actor_system& system) {
  auto& middleman = system.middleman();
  return caf::openssl::make_middleman_actor(system,
                                            middleman.named_broker<caf::io::basp_broker>(caf::atom("BASP")));
}

dialer_actor::behavior_type dialer(dialer_pointer self, dialer_options options, wire::peers_actor peers) {
  auto& state = self->state;
  state.options = std::move(options);
  state.peers = std::move(peers);
  state.connector = state.options.make_connector();
  self->set_down_handler([self](caf::down_msg& down) {
    if (self->state.port && down.source == self->state.port.address())
      again(self, "the connection was lost");
  });
  self->attach_functor([connector = state.connector] {
    // The one reason that it does not ignore.
    caf::anon_send_exit(connector, caf::exit_reason::kill);
  });
  self->send(self, wire::dial_atom::value);
  return {
      [self](wire::dial_atom) { dial(self); },
      // A connection that is being made when the system ends keeps its connector alive, and that keeps the
      // system: the broker that would answer is gone.
      [self](wire::stop_atom) {
        self->state.stopping = true;
        if (!self->state.connecting)
          self->quit();
      },
  };
}

} // namespace troupe::kit
