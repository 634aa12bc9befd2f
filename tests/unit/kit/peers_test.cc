// What a process takes from a link, and what it refuses.
#include "actors/kit/node_config.h"
#include "actors/kit/peers_actor.h"
#include "actors/wire/mail.h"
#include "tests/nodes/virtual_clock.h"
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <gtest/gtest.h>

namespace troupe::kit {
namespace {

wire::port_actor::behavior_type far_end(wire::port_actor::pointer, std::vector<msg::Envelope>* sent) {
  return {
      [](const msg::Hello& hello, const caf::strong_actor_ptr&) { return hello; },
      [=](msg::Envelope& envelope) { sent->push_back(std::move(envelope)); },
  };
}

wire::role_actor::behavior_type role(wire::role_actor::pointer, std::vector<msg::Parcel>* got) {
  return {
      [=](wire::inbox& mail) {
        for (auto& one : mail)
          got->push_back(std::move(one.parcel));
      },
      [](const wire::peer_lost&) {},
  };
}

// The peers actor of node n1, whose run is 11, with a link to n2, whose run is 22 and whose end the test
// holds.
struct Peers : testing::Test {
  Peers() : scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())) {
    peers_options o;
    o.cluster = "c";
    o.self = {"n1", 1, 11, false};
    o.clock = &clock;
    n1 = system.spawn(peers, o, std::make_shared<metrics>(std::make_shared<prometheus::Registry>(), "n1"));
    port = system.spawn(far_end, &sent);
    router = system.spawn(role, &got);
    caf::anon_send(n1, wire::enroll{wire::address(msg::ROLE_ROUTER), router, false, {}});
    msg::Hello hello;
    hello.set_node("n2");
    hello.set_disk(2);
    hello.set_run(22);
    caf::anon_send(n1, wire::link_up{hello, port});
    scheduler.run();
  }
  ~Peers() override {
    for (auto& one : {caf::actor_cast<caf::actor>(n1), caf::actor_cast<caf::actor>(port),
                      caf::actor_cast<caf::actor>(router)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    for (auto& one : ports)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    scheduler.run();
  }

  // The next envelope of n2, with one parcel for the router.
  msg::Envelope mail() {
    msg::Envelope e;
    e.set_protocol(wire::protocol_version);
    e.set_from_node("n2");
    e.set_from_disk(2);
    e.set_from_run(22);
    e.set_to_run(11);
    e.set_session(5);
    e.set_sequence(++sequence);
    *e.add_parcels()->mutable_to() = wire::address(msg::ROLE_ROUTER);
    return e;
  }
  std::size_t arrived(const msg::Envelope& e) {
    got.clear();
    caf::anon_send(n1, e);
    scheduler.run();
    return got.size();
  }

  void link_to(const std::string& node, std::uint64_t run, bool client) {
    msg::Hello hello;
    hello.set_node(node);
    hello.set_run(run);
    hello.set_client(client);
    ports.push_back(system.spawn(far_end, &sent));
    caf::anon_send(n1, wire::link_up{hello, ports.back()});
    scheduler.run();
  }
  // From there, sent when its clock was so far from this machine's.
  void hear(const std::string& node, std::uint64_t run, std::int64_t off_ms) {
    auto e = mail();
    e.set_from_node(node);
    e.set_from_disk(node == "n2" ? 2 : 0);
    e.set_from_run(run);
    e.set_sent_ms(system_clock().unix_ms() + off_ms);
    caf::anon_send(n1, e);
    scheduler.run();
  }

  common_clock clock{system_clock()};
  node_config config{nodes_test::on_virtual_time()};
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler;
  std::vector<msg::Envelope> sent;
  std::vector<msg::Parcel> got;
  wire::peers_actor n1;
  wire::port_actor port;
  wire::role_actor router;
  std::vector<wire::port_actor> ports; // of others than n2
  std::uint64_t sequence = 0;
};

TEST_F(Peers, MailOfAKnownProcessForThisOneIsDelivered) {
  EXPECT_EQ(arrived(mail()), 1u);
  EXPECT_EQ(arrived(mail()), 1u);
}

TEST_F(Peers, MailOfAFormerLifeOfTheSenderIsRefused) {
  auto old = mail();
  old.set_from_run(21);
  EXPECT_EQ(arrived(old), 0u);
  auto other_disk = mail();
  other_disk.set_from_disk(3);
  EXPECT_EQ(arrived(other_disk), 0u);
}

// Two sessions of one program were once reached under one address, and took each other's answers.
TEST_F(Peers, MailForAnotherProcessIsRefused) {
  auto astray = mail();
  astray.set_to_run(12);
  EXPECT_EQ(arrived(astray), 0u);
  EXPECT_EQ(arrived(mail()), 1u) << "and the link goes on";
}

TEST_F(Peers, MailOfAVersionThatDidNotSayForWhomIsDelivered) {
  auto older = mail();
  older.clear_to_run();
  EXPECT_EQ(arrived(older), 1u);
}

TEST_F(Peers, NodesTellEachOtherWhatTheirClocksSay) {
  constexpr std::int64_t day = 86'400'000;
  sent.clear();
  arrived(mail());
  scheduler.trigger_timeouts();
  scheduler.run();
  ASSERT_FALSE(sent.empty());
  EXPECT_LT(std::abs(sent.back().sent_ms() - system_clock().unix_ms()), 60'000);
  link_to("n3", 33, false);
  link_to("somebody", 44, true);
  hear("n2", 22, -day);
  hear("somebody", 44, -day);
  EXPECT_EQ(clock.off_ms(), 0) << "a client has no say, and of two nodes neither";
  hear("n3", 33, -day);
  EXPECT_LT(std::abs(clock.off_ms() - day), 60'000);
}

TEST_F(Peers, AClientReachesTheRouterAndNobodyElse) {
  std::vector<msg::Parcel> orders;
  auto replica = system.spawn(role, &orders);
  caf::anon_send(n1, wire::enroll{wire::address(msg::ROLE_REPLICA, 7), replica, false, {}});
  auto order = mail();
  *order.mutable_parcels(0)->mutable_to() = wire::address(msg::ROLE_REPLICA, 7);
  order.mutable_parcels(0)->set_id(1);
  arrived(order);
  EXPECT_EQ(orders.size(), 1u) << "of a node";

  msg::Hello hello;
  hello.set_node("client-1");
  hello.set_run(33);
  hello.set_client(true);
  auto client = system.spawn(far_end, &sent);
  caf::anon_send(n1, wire::link_up{hello, client});
  order.set_from_node("client-1");
  order.set_from_disk(0);
  order.set_from_run(33);
  order.set_sequence(1);
  sent.clear();
  arrived(order);
  EXPECT_EQ(orders.size(), 1u) << "of a client";
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(wire::undelivered(sent[0].parcels(0))) << "it is told";
  *order.mutable_parcels(0)->mutable_to() = wire::address(msg::ROLE_ROUTER);
  order.set_sequence(2);
  EXPECT_EQ(arrived(order), 1u);
  caf::anon_send_exit(replica, caf::exit_reason::kill);
  caf::anon_send_exit(client, caf::exit_reason::kill);
  scheduler.run();
}

TEST_F(Peers, WhatIsSentSaysFromWhomAndForWhomItIs) {
  wire::outbox out(1);
  out[0].node = "n2";
  *out[0].parcel.mutable_to() = wire::address(msg::ROLE_ROUTER);
  caf::anon_send(n1, std::move(out));
  scheduler.run();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].from_node(), "n1");
  EXPECT_EQ(sent[0].from_run(), 11u);
  EXPECT_EQ(sent[0].to_run(), 22u);
}

} // namespace
} // namespace troupe::kit
