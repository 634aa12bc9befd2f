// From a foreign thread to the router of the same node and back.
#include "actors/client/values.h"
#include "actors/core/item/value.h"
#include "actors/gateway/node_backend.h"
#include "actors/kit/node_config.h"
#include "actors/kit/peers_actor.h"
#include "tests/unit/client/fake_router.h"
#include <caf/all.hpp>
#include <future>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

using namespace troupe;
using namespace troupe::gateway;

namespace {

struct NodeBackend : testing::Test {
  kit::node_config config{{.network = false}};
  caf::actor_system system{config};
  std::shared_ptr<client::behaviour> how = std::make_shared<client::behaviour>();
  std::shared_ptr<client::store> data = std::make_shared<client::store>();
  wire::peers_actor peers;
  wire::role_actor router;
  std::unique_ptr<node_backend> backend;

  void open(std::size_t in_flight = 64, std::chrono::milliseconds deadline = std::chrono::seconds(5)) {
    kit::peers_options mine{.cluster = "c", .self = {.node = "n1", .disk = 1, .run = 1}};
    auto metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
    peers = system.spawn(kit::peers, mine, metrics);
    router = system.spawn(client::fake_router, peers, how, data);
    backend = std::make_unique<node_backend>(
        system,
        node_backend_options{.node = "n1", .peers = peers, .in_flight = in_flight, .deadline = deadline});
  }

  void TearDown() override {
    backend.reset();
    caf::anon_send(peers, wire::stop_atom::value);
    caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
    peers = nullptr;
    router = nullptr;
  }

  static msg::ItemRequest put(int i) {
    msg::ItemRequest out;
    out.set_table("t");
    out.mutable_put()->set_item(item::serialize(client::make_item({{"pk", client::n(i)}})));
    return out;
  }

  std::future<msg::ItemReply> ask(msg::ItemRequest request) {
    auto promise = std::make_shared<std::promise<msg::ItemReply>>();
    auto answer = promise->get_future();
    backend->submit(std::move(request), [promise](msg::ItemReply r) { promise->set_value(std::move(r)); });
    return answer;
  }
};

} // namespace

TEST_F(NodeBackend, AsksTheRouterOfItsOwnNode) {
  open();
  std::vector<std::future<msg::ItemReply>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(ask(put(i)));
  for (auto& a : answers)
    EXPECT_EQ(a.get().status().code(), msg::OK);
  EXPECT_EQ(how->executed, 50);
  EXPECT_TRUE(backend->ready());
}

TEST_F(NodeBackend, LeavesItToTheClientToComeAgain) {
  open();
  how->overloaded = 1;
  EXPECT_EQ(ask(put(1)).get().status().code(), msg::OVERLOADED);
  EXPECT_EQ(how->asked, 1);
}

TEST_F(NodeBackend, SaysThatItDoesNotKnowWhatBecameOfALostWrite) {
  open(64, std::chrono::milliseconds(200));
  how->lose_replies = 1;
  EXPECT_EQ(ask(put(1)).get().status().code(), msg::UNKNOWN_OUTCOME);
}

TEST_F(NodeBackend, RefusesMoreThanItsBound) {
  open(2, std::chrono::seconds(1));
  how->lose_requests = 2;
  auto first = ask(put(1));
  auto second = ask(put(2));
  EXPECT_EQ(ask(put(3)).get().status().code(), msg::OVERLOADED);
  EXPECT_EQ(first.get().status().code(), msg::UNKNOWN_OUTCOME);
  EXPECT_EQ(second.get().status().code(), msg::UNKNOWN_OUTCOME);
}

TEST_F(NodeBackend, AnswersWhateverIsUnderWayWhenItCloses) {
  open();
  how->lose_requests = 1;
  auto open_still = ask(put(1));
  backend->close();
  EXPECT_EQ(open_still.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_NE(open_still.get().status().code(), msg::OK);
  EXPECT_EQ(ask(put(2)).get().status().code(), msg::UNAVAILABLE);
}
