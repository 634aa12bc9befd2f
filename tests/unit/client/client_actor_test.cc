// The session's actor between the intake and the mail, on CAF's deterministic scheduler and virtual time.
#include "actors/client/client_actor.h"
#include "actors/client/values.h"
#include "actors/core/item/value.h"
#include "actors/kit/node_config.h"
#include "actors/kit/peers_actor.h"
#include "tests/unit/client/fake_router.h"
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <gtest/gtest.h>

namespace troupe::client {
namespace {

// Time as the test coordinator's timers see it.
class coordinated_clock final : public kit::clock {
public:
  explicit coordinated_clock(caf::scheduler::test_coordinator& scheduler) : scheduler_(scheduler) {}
  std::int64_t now_us() const override {
    auto now = const_cast<caf::scheduler::test_coordinator&>(scheduler_).clock().now();
    return std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() + 1;
  }
  std::int64_t unix_ms() const override { return now_us() / 1'000; }

private:
  caf::scheduler::test_coordinator& scheduler_;
};

struct ClientActor : testing::Test {
  kit::node_config config{{.network = false, .virtual_time = true}};
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  coordinated_clock clock{scheduler};

  // One node of the cluster: its peers actor and its router.
  struct node {
    wire::peers_actor peers;
    wire::role_actor router;
    std::shared_ptr<behaviour> how = std::make_shared<behaviour>();
    std::uint64_t run = 0;
  };
  std::shared_ptr<store> data = std::make_shared<store>();
  std::map<std::string, node> nodes;
  std::uint64_t runs = 100;

  std::shared_ptr<intake> in = std::make_shared<intake>(8);
  std::shared_ptr<meter> counted = std::make_shared<meter>(nullptr, "client-1");
  kit::peers_options mine{.cluster = "", .self = {.node = "client-1", .disk = 1, .run = 1, .client = true}};
  wire::peers_actor peers;
  client_actor client;
  std::vector<msg::Status> said;

  void SetUp() override {
    peers = system.spawn(kit::peers, mine, counted->handles());
    client_actor_options o;
    o.calls.client_id = 42;
    o.calls.seed = 3;
    o.calls.capacity = 8;
    o.calls.retry.patience = std::chrono::milliseconds(500);
    o.intake = in;
    o.meter = counted;
    o.peers = peers;
    o.clock = &clock;
    client = system.spawn(client_end, o);
    settle();
  }

  void TearDown() override { // an actor that lives keeps the system waiting for it
    for (auto& [name, n] : nodes)
      end(n);
    caf::anon_send(client, wire::stop_atom::value);
    caf::anon_send(peers, wire::stop_atom::value);
    settle();
  }

  void settle() {
    while (scheduler.try_run_once()) {
    }
  }
  void pass(std::chrono::milliseconds time) {
    for (auto end = scheduler.clock().now() + time; scheduler.clock().now() < end;) {
      scheduler.clock().advance_time(std::chrono::milliseconds(1));
      settle();
    }
  }

  node& start_node(const std::string& name) {
    auto& n = nodes[name];
    n.run = ++runs;
    kit::peers_options theirs{
        .cluster = "c", .self = {.node = name, .disk = 9, .run = n.run}, .clients_max = 4};
    auto m = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), name);
    n.peers = system.spawn(kit::peers, theirs, m);
    n.router = system.spawn(fake_router, n.peers, n.how, data);
    settle();
    // What a dialler does, without a network.
    auto& theirs_state = state_of<kit::peers_state>(n.peers);
    auto hello = theirs_state.greet(kit::hello_of(mine, ""), caf::actor_cast<caf::strong_actor_ptr>(peers));
    EXPECT_EQ(hello.refused(), "");
    caf::anon_send(peers, wire::link_up{hello, caf::actor_cast<wire::port_actor>(n.peers)});
    settle();
    return n;
  }
  void end(node& n) {
    if (!n.peers)
      return;
    caf::anon_send_exit(n.router, caf::exit_reason::user_shutdown);
    caf::anon_send(n.peers, wire::stop_atom::value);
    settle();
    n.router = wire::role_actor();
    n.peers = wire::peers_actor();
  }
  template <class State, class Handle>
  State& state_of(const Handle& handle) {
    using instance = typename Handle::template stateful_base<State>;
    return static_cast<instance&>(*caf::actor_cast<caf::abstract_actor*>(handle)).state;
  }

  errand errand_for(msg::ItemRequest request, std::int64_t timeout_ms = 5'000) {
    errand what;
    *what.request.mutable_item_request() = std::move(request);
    *what.request.mutable_to() = wire::address(msg::ROLE_ROUTER);
    *what.request.mutable_from() = wire::address(msg::ROLE_CLIENT);
    what.deadline_us = clock.now_us() + timeout_ms * 1'000;
    what.done = [this](const msg::Parcel& reply) { said.push_back(status_of(reply)); };
    return what;
  }
  intake::answer hand_in(errand what) {
    auto answer = in->push(what);
    if (answer == intake::answer::taken_wake)
      caf::anon_send(client, wire::flush_atom::value);
    return answer;
  }
  void put(const std::string& key, std::int64_t timeout_ms = 5'000) {
    hand_in(errand_for(put_item{.table = "t", .item = make_item({{"pk", s(key)}})}.to_message(), timeout_ms));
    settle();
  }
};

TEST_F(ClientActor, APutReachesTheRouterAndItsAnswerComesBack) {
  start_node("n1");
  put("a");
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  EXPECT_EQ(data->items.count("a"), 1u);
  EXPECT_EQ(counted->answered(), 1u);
  EXPECT_EQ(in->held(), 0u);
}

TEST_F(ClientActor, ManyRequestsWakeTheActorOnceAndTravelTogether) {
  auto& n = start_node("n1");
  auto get = get_item{.table = "t", .key = make_item({{"pk", s("a")}})}.to_message();
  EXPECT_EQ(hand_in(errand_for(get)), intake::answer::taken_wake);
  EXPECT_EQ(hand_in(errand_for(get)), intake::answer::taken);
  EXPECT_EQ(hand_in(errand_for(get)), intake::answer::taken);
  settle();
  EXPECT_EQ(said.size(), 3u);
  EXPECT_EQ(n.how->asked, 3);
}

TEST_F(ClientActor, TheIntakeIsBoundedUntilAnswersMakeRoom) {
  auto request = get_item{.table = "t", .key = make_item({{"pk", s("a")}})}.to_message();
  for (int i = 0; i < 8; ++i)
    EXPECT_NE(hand_in(errand_for(request)), intake::answer::full);
  EXPECT_EQ(hand_in(errand_for(request)), intake::answer::full);
  settle();
  EXPECT_EQ(hand_in(errand_for(request)), intake::answer::full) << "started is not answered";
  start_node("n1");
  EXPECT_EQ(said.size(), 8u);
  EXPECT_NE(hand_in(errand_for(request)), intake::answer::full);
  settle();
}

TEST_F(ClientActor, ALostReplyIsAskedForAgainAndTheWriteDoneOnce) {
  auto& n = start_node("n1");
  n.how->lose_replies = 1;
  put("a");
  EXPECT_TRUE(said.empty());
  pass(std::chrono::milliseconds(600));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  EXPECT_EQ(n.how->asked, 2);
  EXPECT_EQ(n.how->executed, 1);
}

TEST_F(ClientActor, RepliesThatComeTwiceAnswerOnce) {
  auto& n = start_node("n1");
  n.how->twice = true;
  put("a");
  put("b");
  EXPECT_EQ(said.size(), 2u);
}

TEST_F(ClientActor, AnOverloadedRouterIsAskedAgainAfterAWhile) {
  auto& n = start_node("n1");
  n.how->overloaded = 3;
  put("a");
  EXPECT_TRUE(said.empty());
  pass(std::chrono::milliseconds(200));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  EXPECT_EQ(n.how->asked, 4);
}

TEST_F(ClientActor, ANodeWithoutARouterSendsItBack) {
  auto& first = start_node("n1");
  caf::anon_send(first.peers, wire::enroll{wire::address(msg::ROLE_ROUTER), first.router, true});
  settle();
  put("a");
  EXPECT_TRUE(said.empty());
  start_node("n2");
  pass(std::chrono::milliseconds(200));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  EXPECT_EQ(first.how->asked, 0);
}

TEST_F(ClientActor, WhenItsNodeDiesARequestGoesToTheNext) {
  auto& first = start_node("n1");
  first.how->lose_requests = 1;
  put("a");
  auto& second = start_node("n2");
  end(first);
  pass(std::chrono::milliseconds(100));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  EXPECT_EQ(second.how->executed, 1);
  EXPECT_EQ(counted->routers(), 1u);
}

TEST_F(ClientActor, ANodeThatComesBackIsFoundAgain) {
  end(start_node("n1"));
  put("a");
  EXPECT_TRUE(said.empty());
  start_node("n1");
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
}

TEST_F(ClientActor, ALinkThatIsReplacedLosesAndFindsItsRouter) {
  auto& old = start_node("n1");
  old.how->lose_requests = 1;
  put("a");
  auto abandoned = old; // the node starts anew before anybody has noticed that it was gone
  start_node("n1");
  pass(std::chrono::milliseconds(100));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  end(abandoned);
  put("b");
  EXPECT_EQ(said.size(), 2u) << "the end of the old one says nothing about the new one";
}

TEST_F(ClientActor, ADeadlineEndsAWriteWithoutAnswerAsUnknown) {
  auto& n = start_node("n1");
  n.how->lose_requests = 100;
  put("a", 300);
  pass(std::chrono::milliseconds(310));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNKNOWN_OUTCOME);
  EXPECT_EQ(counted->unknown(), 1u);
}

TEST_F(ClientActor, WithoutRequestsNoTimerRuns) {
  auto& n = start_node("n1");
  n.how->lose_requests = 1;
  put("a");
  EXPECT_TRUE(state_of<client_state>(client).ticking);
  pass(std::chrono::milliseconds(600));
  pass(std::chrono::milliseconds(20));
  EXPECT_EQ(said.size(), 1u);
  EXPECT_FALSE(state_of<client_state>(client).ticking);
}

TEST_F(ClientActor, StoppingAnswersWhatWasSentAndWhatWasNot) {
  auto& n = start_node("n1");
  n.how->lose_requests = 1;
  put("sent");
  hand_in(errand_for(put_item{.table = "t", .item = make_item({{"pk", s("waiting")}})}.to_message()));
  caf::anon_send(client, wire::stop_atom::value);
  hand_in(errand_for(put_item{.table = "t", .item = make_item({{"pk", s("late")}})}.to_message()));
  settle();
  std::map<msg::Code, int> codes;
  for (auto& status : said)
    ++codes[status.code()];
  EXPECT_EQ(said.size(), 3u);
  EXPECT_EQ(codes[msg::OK] + codes[msg::UNKNOWN_OUTCOME] + codes[msg::UNAVAILABLE], 3);
  EXPECT_GE(codes[msg::UNKNOWN_OUTCOME], 1);
  auto after = errand_for({});
  EXPECT_EQ(in->push(after), intake::answer::closed);
}

TEST_F(ClientActor, AnActorThatIsEndedFromOutsideAnswersToo) {
  auto& n = start_node("n1");
  n.how->lose_requests = 1;
  put("a");
  caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
  settle();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNKNOWN_OUTCOME);
}

} // namespace
} // namespace troupe::client
