#include "actors/kit/peers_actor.h"
#include "actors/kit/log.h"
#include "actors/kit/mailbox.h"
#include "config/limits.h"
#include <caf/all.hpp>
#include <utility>

namespace troupe::kit {

namespace {

constexpr auto acknowledge_after = std::chrono::milliseconds(20); // unless something is sent before

std::pair<int, std::uint64_t> key_of(const msg::Address& address) {
  return {address.role(), address.group()};
}

} // namespace

peers_metrics::peers_metrics(metrics& m)
    : parcels_in(m.counter("troupe_parcels_received_total", "Parcels that arrived over links.")),
      parcels_out(m.counter("troupe_parcels_sent_total", "Parcels that left over links.")),
      envelopes_in(m.counter("troupe_envelopes_received_total", "Envelopes that arrived over links.")),
      envelopes_out(m.counter("troupe_envelopes_sent_total", "Envelopes that left over links.")),
      undelivered(
          m.counter("troupe_parcels_undelivered_total", "Requests returned to their sender undelivered.")),
      dropped(m.counter("troupe_parcels_dropped_total",
                        "One-way parcels and replies dropped for want of a link.")),
      strangers(m.counter("troupe_envelopes_refused_total",
                          "Envelopes and greetings from peers that are not known.")),
      links(m.gauge("troupe_links", "Links to other processes that are up.")),
      queued_bytes(m.gauge("troupe_link_queued_bytes", "Bytes waiting for credit on all links.")),
      clock_off(m.gauge("troupe_clock_off_seconds", "How far this node's clock is ahead of most nodes'.")),
      envelope_parcels(
          m.histogram("troupe_envelope_parcels", "Parcels that travel in one envelope.", size_buckets())),
      mailbox(mailbox_depth(m, "peers")) {}

msg::Hello hello_of(const peers_options& options, const std::string& expected) {
  msg::Hello hello;
  hello.set_protocol(wire::protocol_version);
  hello.set_cluster(options.cluster);
  hello.set_node(options.self.node);
  hello.set_disk(options.self.disk);
  hello.set_run(options.self.run);
  hello.set_client(options.self.client);
  hello.set_expected_node(expected);
  return hello;
}

std::string peers_state::objection(const msg::Hello& hello) const {
  if (hello.protocol() != wire::protocol_version)
    return "this node speaks protocol " + std::to_string(wire::protocol_version) + ", not " +
           std::to_string(hello.protocol());
  // A client may not know the cluster's name; a node must.
  if (hello.cluster() != options.cluster && !(hello.client() && hello.cluster().empty()))
    return "this is cluster '" + options.cluster + "', not '" + hello.cluster() + "'";
  if (!hello.expected_node().empty() && hello.expected_node() != options.self.node)
    return "this is node '" + options.self.node + "', not '" + hello.expected_node() + "'";
  if (hello.node().empty() || hello.node() == options.self.node)
    return "the name '" + hello.node() + "' is no other node's";
  if (hello.client() && remotes.count(hello.node()) == 0 && remotes.size() >= options.clients_max)
    return "too many clients are connected to node '" + options.self.node + "'";
  return {};
}

msg::Hello peers_state::greet(const msg::Hello& hello, const caf::strong_actor_ptr& port) {
  auto answer = hello_of(options, hello.node());
  answer.set_refused(objection(hello));
  if (!answer.refused().empty()) {
    meter->strangers.Increment();
    return answer;
  }
  auto it = remotes.find(hello.node());
  auto is_new = it == remotes.end() || it->second.who->run != hello.run();
  if (port && is_new)
    link({hello, caf::actor_cast<wire::port_actor>(port)});
  return answer;
}

void peers_state::link(const wire::link_up& up) {
  auto it = remotes.find(up.hello.node());
  if (it != remotes.end()) {
    if (it->second.port == up.port)
      return; // both sides dialled, and this is the same way
    self->demonitor(it->second.port.address());
    drop(it); // what waited for the old link must not vanish with it
  }
  auto who = std::make_shared<wire::peer>(
      wire::peer{up.hello.node(), up.hello.disk(), up.hello.run(), up.hello.client()});
  remotes.emplace(up.hello.node(), remote{who, up.port, kit::link(options.seed + ++sessions)});
  self->monitor(up.port);
  meter->links.Set(static_cast<double>(remotes.size()));
  for (auto& [address, watcher] : watchers)
    self->send(watcher, wire::peer_found{*who});
}

void peers_state::unlink(const caf::actor_addr& port) {
  for (auto it = remotes.begin(); it != remotes.end(); ++it) {
    if (it->second.port.address() == port)
      return drop(it);
  }
}

void peers_state::drop(std::map<std::string, remote>::iterator lost) {
  auto node = lost->first;
  auto unsent = lost->second.mail.drain();
  remotes.erase(lost);
  meter->links.Set(static_cast<double>(remotes.size()));
  for (auto& parcel : unsent)
    bounce(me, parcel);
  for (auto& [address, role] : roles)
    if (address.first != msg::ROLE_REPLICA)
      self->send(role, wire::peer_lost{node});
}

void peers_state::enroll(const wire::enroll& e) {
  auto key = key_of(e.address);
  if (e.leave) {
    if (auto it = roles.find(key); it != roles.end() && it->second == e.actor) {
      roles.erase(it);
      watchers.erase(key);
    }
    return;
  }
  roles[key] = e.actor;
  if (!e.watcher)
    return;
  watchers[key] = e.watcher;
  for (auto& [node, known] : remotes)
    self->send(e.watcher, wire::peer_found{*known.who});
}

void peers_state::post(wire::outbox& mail) {
  wire::inbox here;
  for (auto& out : mail) {
    if (out.node == options.self.node)
      here.push_back({me, std::move(out.parcel)});
    else
      send_to(out.node, out.parcel);
  }
  deliver(me, here);
  request_flush();
}

void peers_state::send_to(const std::string& node, msg::Parcel& parcel) {
  auto it = remotes.find(node);
  if (it == remotes.end() || !it->second.mail.push(parcel))
    bounce(me, parcel);
}

// A request goes back to who sent it; anything else is lost, and counted.
void peers_state::bounce(const wire::peer_ptr& from, const msg::Parcel& parcel) {
  if (parcel.id() == 0 || parcel.reply()) {
    meter->dropped.Increment();
    return;
  }
  meter->undelivered.Increment();
  auto back = wire::reply_to(parcel);
  if (from != me) {
    send_to(from->node, back);
    return;
  }
  wire::inbox one;
  one.push_back({me, std::move(back)});
  deliver(me, one);
}

// Mail is carried to an address, and an address may come to mean somebody else.
bool peers_state::is_for_me(const msg::Envelope& envelope) const {
  return envelope.to_run() == 0 || envelope.to_run() == options.self.run;
}

// Clients may be anybody's machines.
void peers_state::hear_clock(const wire::peer& from, std::int64_t sent_ms) {
  if (!options.clock || from.client || sent_ms == 0)
    return;
  options.clock->heard(from.node, sent_ms);
  auto off = options.clock->off_ms();
  meter->clock_off.Set(static_cast<double>(off) / 1000);
  if (clock_is_off == (off != 0))
    return;
  clock_is_off = off != 0;
  if (clock_is_off)
    log(level::warning, options.self.node, "clock",
        "this node's clock is " + std::to_string(off) +
            " ms ahead of most others: writes are given their time");
  else
    log(level::info, options.self.node, "clock", "this node's clock agrees with the others again");
}

void peers_state::accept(msg::Envelope& envelope) {
  auto it = remotes.find(envelope.from_node());
  if (it == remotes.end() || it->second.who->run != envelope.from_run() ||
      it->second.who->disk != envelope.from_disk() || envelope.protocol() != wire::protocol_version ||
      !is_for_me(envelope)) {
    meter->strangers.Increment();
    return;
  }
  hear_clock(*it->second.who, envelope.sent_ms());
  if (!it->second.mail.receive(envelope))
    return;
  meter->envelopes_in.Increment();
  meter->parcels_in.Increment(envelope.parcels_size());
  wire::inbox arrived;
  arrived.reserve(static_cast<std::size_t>(envelope.parcels_size()));
  auto who = it->second.who;
  for (auto& parcel : *envelope.mutable_parcels())
    arrived.push_back({who, std::move(parcel)});
  deliver(who, arrived);
  request_flush(); // credit may have come back
  if (envelope.sequence() != 0 && !std::exchange(acknowledging, true))
    self->delayed_send(self, acknowledge_after, wire::tick_atom::value);
}

// Hands each role all that came for it in one message, in the order it came.
void peers_state::deliver(const wire::peer_ptr& from, wire::inbox& batch) {
  std::unordered_map<wire::role_actor*, wire::inbox> sorted;
  for (auto& d : batch) {
    auto it = roles.find(key_of(d.parcel.to()));
    // Clients ask routers and nobody else: what nodes order of each other is not theirs to order.
    auto allowed = !from->client || d.parcel.to().role() == msg::ROLE_ROUTER;
    if (it == roles.end() || !allowed)
      bounce(from, d.parcel);
    else
      sorted[&it->second].push_back(std::move(d));
  }
  for (auto& [role, mail] : sorted)
    self->send(*role, std::move(mail));
}

void peers_state::flush(bool acknowledge_now) {
  observe_mailbox(meter->mailbox, self);
  flush_pending = false;
  std::size_t queued = 0;
  for (auto& [node, to] : remotes) {
    while (auto envelope = to.mail.next(acknowledge_now)) {
      envelope->set_protocol(wire::protocol_version);
      envelope->set_from_node(options.self.node);
      envelope->set_from_disk(options.self.disk);
      envelope->set_from_run(options.self.run);
      envelope->set_to_run(to.who->run);
      if (options.clock)
        envelope->set_sent_ms(options.clock->own_ms());
      meter->envelopes_out.Increment();
      meter->parcels_out.Increment(envelope->parcels_size());
      if (envelope->parcels_size() > 0)
        meter->envelope_parcels.Observe(envelope->parcels_size());
      self->send(to.port, std::move(*envelope));
    }
    queued += to.mail.queued_bytes();
  }
  meter->queued_bytes.Set(static_cast<double>(queued));
  if (queued > 0 && !std::exchange(acknowledging, true)) // a link without credit counts ticks: see link::next
    self->delayed_send(self, acknowledge_after, wire::tick_atom::value);
}

// The flush waits behind whatever is in the mailbox already: that is what gathers a batch.
void peers_state::request_flush() {
  if (flush_pending)
    return;
  flush_pending = true;
  self->send(self, wire::flush_atom::value);
}

wire::peers_actor::behavior_type peers(peers_pointer self, peers_options options, metrics_ptr m) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.me = std::make_shared<wire::peer>(state.options.self);
  state.metrics = std::move(m);
  state.meter = std::make_unique<peers_metrics>(*state.metrics);
  self->set_down_handler([self](caf::down_msg& down) { self->state.unlink(down.source); });
  return {
      [self](const msg::Hello& hello, const caf::strong_actor_ptr& port) {
        return self->state.greet(hello, port);
      },
      [self](msg::Envelope& envelope) { self->state.accept(envelope); },
      [self](wire::outbox& mail) { self->state.post(mail); },
      [self](const wire::enroll& e) { self->state.enroll(e); },
      [self](const wire::link_up& up) { self->state.link(up); },
      [self](wire::flush_atom) { self->state.flush(false); },
      [self](wire::tick_atom) {
        self->state.acknowledging = false;
        self->state.flush(true);
      },
      [self](wire::stop_atom) { self->quit(); },
  };
}

} // namespace troupe::kit
