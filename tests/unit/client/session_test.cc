// Sessions over real sockets on loopback: routers in actor systems of their own, which come and go.
#include "actors/client/client.h"
#include "actors/kit/node_config.h"
#include "actors/kit/peers_actor.h"
#include "actors/kit/publish.h"
#include "tests/unit/client/fake_router.h"
#include <arpa/inet.h>
#include <array>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <future>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace troupe::client {
namespace {

using namespace std::chrono_literals;

// A node as far as clients can tell.
class node {
public:
  node(std::string name, std::shared_ptr<store> data, std::uint16_t port = 0) : data_(std::move(data)) {
    kit::peers_options mine{
        .cluster = "test", .self = {.node = std::move(name), .disk = 1}, .clients_max = 16};
    mine.self.run = kit::random_id();
    auto m = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), mine.self.node);
    peers_ = system_.spawn(kit::peers, mine, m);
    router_ = system_.spawn(fake_router, peers_, how, data_);
    auto opened = kit::publish(system_, caf::actor_cast<wire::port_actor>(peers_), "127.0.0.1", port, false);
    EXPECT_EQ(opened.trouble, "");
    at = {"127.0.0.1", opened.port};
  }
  ~node() {
    caf::anon_send_exit(router_, caf::exit_reason::user_shutdown);
    caf::anon_send(peers_, wire::stop_atom::value);
  }

  std::shared_ptr<behaviour> how = std::make_shared<behaviour>();
  endpoint at;

private:
  std::shared_ptr<store> data_;
  kit::node_config config_{};
  caf::actor_system system_{config_};
  wire::peers_actor peers_;
  wire::role_actor router_;
};

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds at_most = 10s) {
  for (auto end = std::chrono::steady_clock::now() + at_most; std::chrono::steady_clock::now() < end;) {
    if (condition())
      return true;
    std::this_thread::sleep_for(2ms);
  }
  return condition();
}

put_item put(const std::string& key, std::chrono::milliseconds timeout = 0ms) {
  return {.table = "t", .item = make_item({{"pk", s(key)}, {"v", n(1)}}), .timeout = timeout};
}
get_item get(const std::string& key) {
  return {.table = "t", .key = make_item({{"pk", s(key)}})};
}

struct Session : testing::Test {
  std::shared_ptr<store> data = std::make_shared<store>();
};

TEST_F(Session, WritesAndReadsBackInAllThreeWays) {
  node n1("n1", data);
  auto [db, trouble] = connect({.routers = {n1.at}});
  ASSERT_EQ(trouble, "");
  EXPECT_TRUE(db->call(put("a")).ok());
  auto there = db->ask(get("a")).get();
  ASSERT_TRUE(there.item.has_value());
  EXPECT_EQ(find(*there.item, "v")->n(), "1");
  std::promise<bool> missing;
  db->send(get("b"), [&](const read_result& r) { missing.set_value(r.ok() && !r.item); });
  EXPECT_TRUE(missing.get_future().get());
  EXPECT_EQ(db->call(list_tables{}).tables.at(0).name(), "music");
  auto counted = db->counts();
  EXPECT_EQ(counted.requests, 4u);
  EXPECT_EQ(counted.in_flight, 0u);
  EXPECT_EQ(counted.routers, 1u);
}

TEST_F(Session, ARouterThatStartsLaterIsWaitedFor) {
  std::uint16_t port = 0;
  {
    node soon("n1", data);
    port = soon.at.port;
  }
  auto [db, trouble] = connect({.routers = {{"127.0.0.1", port}}});
  auto answer = db->ask(put("a"));
  ASSERT_TRUE(wait_until([&db = db] { return !db->troubles().empty(); }));
  node n1("n1", data, port);
  EXPECT_TRUE(answer.get().ok());
  EXPECT_TRUE(db->troubles().empty());
}

TEST_F(Session, AnotherRouterTakesOverWhenOneDies) {
  auto n1 = std::make_unique<node>("n1", data);
  auto n2 = std::make_unique<node>("n2", data);
  auto [db, trouble] = connect({.routers = {n1->at, n2->at}});
  ASSERT_TRUE(wait_until([&db = db] { return db->counts().routers == 2; }));
  EXPECT_TRUE(db->call(put("a")).ok());
  (n1->how->asked > 0 ? n1 : n2).reset(); // the one that is used
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(db->call(put("b" + std::to_string(i))).ok());
  EXPECT_EQ(data->items.size(), 21u);
}

TEST_F(Session, ManyThreadsShareOneSession) {
  node n1("n1", data);
  auto [db, trouble] = connect({.routers = {n1.at}});
  std::vector<std::thread> threads;
  std::atomic<int> ok{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&db = db, &ok, t] {
      for (int i = 0; i < 250; ++i)
        ok += db->call(put(std::to_string(t) + "/" + std::to_string(i))).ok();
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(ok, 2'000);
  EXPECT_EQ(data->items.size(), 2'000u);
  EXPECT_EQ(n1.how->executed, 2'000);
}

// Who made it, who closes it and who destroys it may be three threads of the program, all of which live on.
TEST_F(Session, MayEndOnAnotherThreadThanItBeganOn) {
  auto db = connect({.routers = {{"127.0.0.1", 1}}}).session;
  std::promise<void> closed, ended, go_home;
  auto home = go_home.get_future().share();
  std::thread closer([&] {
    db->close();
    closed.set_value();
    home.wait();
  });
  closed.get_future().wait();
  std::thread destroyer([&] {
    db.reset();
    ended.set_value();
    home.wait();
  });
  bool in_time = ended.get_future().wait_for(10s) == std::future_status::ready;
  EXPECT_TRUE(in_time);
  if (!in_time)
    std::_Exit(1); // nobody can join it
  go_home.set_value();
  closer.join();
  destroyer.join();
}

TEST_F(Session, PastTheBoundRequestsAreRefusedAtOnce) {
  node n1("n1", data);
  n1.how->lose_requests = 1'000;
  auto [db, trouble] = connect({.routers = {n1.at}, .in_flight = 3});
  std::vector<std::future<write_result>> held;
  for (int i = 0; i < 3; ++i)
    held.push_back(db->ask(put("a", 400ms)));
  auto refused = db->ask(put("b"));
  ASSERT_EQ(refused.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(refused.get().status.code(), msg::OVERLOADED);
  for (auto& one : held)
    EXPECT_TRUE(one.get().unknown());
  n1.how->lose_requests = 0;
  EXPECT_TRUE(db->call(put("b")).ok()) << "answers make room";
}

TEST_F(Session, ACallbackMayAskForMore) {
  node n1("n1", data);
  auto [db, trouble] = connect({.routers = {n1.at}, .in_flight = 1});
  std::promise<bool> both;
  db->send(put("a"), [&, session = db.get()](const write_result&) {
    session->send(get("a"), [&](const read_result& r) { both.set_value(r.item.has_value()); });
  });
  EXPECT_TRUE(both.get_future().get());
}

TEST_F(Session, ClosingAnswersWhatIsUnderWay) {
  node n1("n1", data);
  n1.how->lose_requests = 1'000;
  auto [db, trouble] = connect({.routers = {n1.at}});
  ASSERT_TRUE(wait_until([&db = db] { return db->counts().routers == 1; }));
  auto write = db->ask(put("a", 30s));
  auto read = db->ask(get("a"));
  ASSERT_TRUE(wait_until([&] { return n1.how->asked == 2; }));
  db->close();
  EXPECT_TRUE(write.get().unknown());
  EXPECT_EQ(read.get().status.code(), msg::UNAVAILABLE);
  EXPECT_EQ(db->call(put("b")).status.code(), msg::UNAVAILABLE) << "and nothing is taken any more";
}

TEST_F(Session, NothingListening) {
  auto [db, trouble] = connect({.routers = {{"127.0.0.1", 1}}, .timeout = 20s, .reach = 200ms});
  auto begin = std::chrono::steady_clock::now();
  auto result = db->call(put("a"));
  EXPECT_EQ(result.status.code(), msg::UNAVAILABLE);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << "well before the request's own timeout";
  ASSERT_EQ(db->troubles().size(), 1u);
  EXPECT_EQ(db->troubles()[0].rfind("127.0.0.1:1: ", 0), 0u) << db->troubles()[0];
}

// A listener whose queue is full drops what comes, as a network that is cut does.
class black_hole {
public:
  black_hole() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::bind(listener_, any, size), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    EXPECT_EQ(::getsockname(listener_, any, &size), 0);
    at = {"127.0.0.1", ntohs(address.sin_port)};
    for (auto& one : fillers_) {
      one = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      ::connect(one, any, size);
    }
  }
  ~black_hole() {
    for (auto one : fillers_)
      ::close(one);
    ::close(listener_);
  }
  endpoint at;

private:
  int listener_ = -1;
  std::array<int, 4> fillers_{};
};

TEST_F(Session, ANetworkThatSwallowsConnectionsHoldsNobodyUp) {
  black_hole hole;
  node n1("n1", data);
  auto begin = std::chrono::steady_clock::now();
  {
    auto [db, trouble] = connect({.routers = {hole.at, n1.at}});
    EXPECT_TRUE(db->call(put("a")).ok());
    ASSERT_TRUE(wait_until([&db = db] { return !db->troubles().empty(); }));
    EXPECT_NE(db->troubles()[0].find("no answer"), std::string::npos) << db->troubles()[0];
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s) << "not the two minutes of a blocking connect";
}

TEST_F(Session, AnotherClusterIsNotSpokenTo) {
  node n1("n1", data);
  auto [db, trouble] = connect({.routers = {n1.at}, .cluster = "other", .reach = 300ms});
  EXPECT_EQ(db->call(put("a")).status.code(), msg::UNAVAILABLE);
  ASSERT_EQ(db->troubles().size(), 1u);
  EXPECT_NE(db->troubles()[0].find("this is cluster 'test'"), std::string::npos) << db->troubles()[0];
  EXPECT_TRUE(data->items.empty());
}

TEST_F(Session, CountsGoToTheProgramsRegistry) {
  node n1("n1", data);
  auto registry = std::make_shared<prometheus::Registry>();
  auto [db, trouble] = connect({.routers = {n1.at}, .registry = registry});
  db->call(put("a"));
  double requests = 0;
  for (auto& family : registry->Collect())
    if (family.name == "troupe_client_requests_total")
      for (auto& metric : family.metric)
        requests += metric.counter.value;
  EXPECT_EQ(requests, 1);
}

void call_from_a_callback() {
  auto [db, trouble] = connect({.routers = {{"127.0.0.1", 1}}, .timeout = 50ms});
  std::promise<void> over;
  db->send(get("a"), [&, session = db.get()](const read_result&) { session->call(get("a")); });
  over.get_future().wait_for(10s);
}

TEST(SessionDeathTest, ABlockingCallFromACallbackIsAFaultOfTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(call_from_a_callback(), "a session's callback makes a blocking call");
}

} // namespace
} // namespace troupe::client
