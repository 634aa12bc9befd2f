// What ill-behaved clients cost, and how it ends with them; and how the server itself ends.
#include "tests/unit/gateway/http/web.h"

using namespace troupe::http;
using namespace troupe::http::test;
using ms = std::chrono::milliseconds;

TEST(limits, who_sends_slowly_is_told_and_dropped) {
  web w({.head = ms(150)});
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: x\r\n"));
  const auto a = c.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, 408);
  EXPECT_TRUE(c.closes());
  EXPECT_EQ(w.seen.count(refusal::too_slow), 1u);
  EXPECT_TRUE(eventually([&] { return w.seen.open == 0; }));
}

TEST(limits, a_byte_now_and_then_buys_no_time) {
  web w({.head = ms(300), .whole = ms(300)});
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return w.seen.open == 1; }));
  const auto began = std::chrono::steady_clock::now();
  while (c.send("x") && w.seen.open > 0 &&
         std::chrono::steady_clock::now() - began < std::chrono::seconds(10))
    std::this_thread::sleep_for(ms(10));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_EQ(w.seen.count(refusal::too_slow), 1u);
}

TEST(limits, an_idle_connection_is_closed_without_a_word) {
  web w({.idle = ms(100)});
  raw_client c(w.port());
  ASSERT_TRUE(c.send(post("x")));
  ASSERT_TRUE(c.read_answer());
  EXPECT_EQ(c.read(1), "");
  EXPECT_TRUE(c.closes());
  EXPECT_EQ(w.seen.count(refusal::too_slow), 0u);
}

TEST(limits, who_never_reads_its_answer_is_dropped) {
  web w({.fetch = ms(200)});
  raw_client c(w.port(), 4096);
  ASSERT_TRUE(c.send("GET /large HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(eventually([&] { return w.seen.count(refusal::too_slow) == 1; }));
  EXPECT_TRUE(eventually([&] { return w.seen.open == 0; }));
}

TEST(limits, too_many_requests_under_way_are_refused_and_may_come_again) {
  web w({.in_flight = 2});
  const std::string hold = "POST /hold HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
  raw_client a(w.port()), b(w.port()), c(w.port());
  ASSERT_TRUE(a.send(hold));
  ASSERT_TRUE(b.send(hold));
  ASSERT_TRUE(eventually([&] { return w.held() == 2; }));
  ASSERT_TRUE(c.send(post("x")));
  const auto busy = c.read_answer();
  ASSERT_TRUE(busy);
  EXPECT_EQ(busy->status, 503);
  EXPECT_EQ(busy->body, "overloaded");
  w.release();
  EXPECT_EQ(a.read_answer()->status, 200);
  EXPECT_EQ(b.read_answer()->status, 200);
  ASSERT_TRUE(c.send(post("x"))) << "on the same connection";
  EXPECT_EQ(c.read_answer()->status, 200);
}

TEST(limits, large_bodies_share_a_bound) {
  web w({.held_bytes = 1u << 20});
  raw_client a(w.port());
  const std::string half(900 * 1024, 'a');
  ASSERT_TRUE(a.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + half));
  ASSERT_TRUE(eventually([&] { return w.running->held_bytes() == half.size(); }));
  raw_client b(w.port());
  std::thread sender([&] { b.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + half); });
  const auto refused = b.read_answer();
  sender.join();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  ASSERT_TRUE(a.send(std::string(1'000'000 - half.size(), 'a')));
  EXPECT_EQ(a.read_answer()->status, 200) << "the first one goes on";
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'c')));
  EXPECT_EQ(c.read_answer()->status, 200) << "and makes room for the next";
  EXPECT_TRUE(eventually([&] { return w.running->held_bytes() == 0; }));
}

TEST(limits, an_idle_connection_makes_room_for_a_new_one) {
  web w({.connections = 2});
  raw_client a(w.port());
  ASSERT_TRUE(a.send(post("a")));
  ASSERT_TRUE(a.read_answer());
  raw_client b(w.port());
  ASSERT_TRUE(b.send(post("b")));
  ASSERT_TRUE(b.read_answer());
  raw_client c(w.port());
  ASSERT_TRUE(c.send(post("c")));
  ASSERT_TRUE(c.read_answer());
  EXPECT_TRUE(a.closes()) << "idle for longest";
  ASSERT_TRUE(b.send(post("b")));
  EXPECT_TRUE(b.read_answer());
}

TEST(limits, a_busy_connection_does_not_make_room) {
  web w({.connections = 1});
  raw_client a(w.port());
  ASSERT_TRUE(a.send("POST /hold HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return w.held() == 1; }));
  raw_client b(w.port());
  EXPECT_TRUE(b.closes());
  w.release();
  EXPECT_EQ(a.read_answer()->status, 200);
}

TEST(limits, a_client_that_is_refused_while_it_sends_can_read_why) {
  web w({.body_bytes = 1000});
  raw_client c(w.port());
  const std::string body(4u << 20, 'x');
  std::thread sender([&] { c.send("POST / HTTP/1.1\r\nContent-Length: 4194304\r\n\r\n" + body); });
  const auto a = c.read_answer();
  sender.join();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, 413);
}

TEST(limits, a_handler_that_lets_go_of_a_request_answers_it_all_the_same) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST /hold HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return w.held() == 1; }));
  w.drop_held();
  const auto a = c.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, 500);
  EXPECT_EQ(a->body, "unanswered");
}

TEST(limits, a_client_that_leaves_early_harms_nobody) {
  web w;
  {
    raw_client c(w.port());
    ASSERT_TRUE(c.send("POST /hold HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
    ASSERT_TRUE(eventually([&] { return w.held() == 1; }));
  }
  w.release();
  EXPECT_TRUE(eventually([&] { return w.seen.open == 0; }));
  raw_client d(w.port());
  ASSERT_TRUE(d.send(post("d")));
  EXPECT_EQ(d.read_answer()->status, 200);
}

TEST(stop, finishes_what_is_under_way_and_takes_nothing_new) {
  web w;
  raw_client idle(w.port());
  ASSERT_TRUE(idle.send(post("x")));
  ASSERT_TRUE(idle.read_answer());
  raw_client busy(w.port());
  ASSERT_TRUE(busy.send("POST /hold HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return w.held() == 1; }));
  const auto port = w.port();
  std::thread stopper([&] { w.running->stop(ms(10'000)); });
  EXPECT_TRUE(idle.closes());
  raw_client late(port);
  EXPECT_FALSE(late.send(post("x")) && late.read_answer()) << "nobody listens any more";
  w.release();
  const auto a = busy.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, 200);
  EXPECT_TRUE(a->has("Connection: close"));
  EXPECT_TRUE(busy.closes());
  stopper.join();
  EXPECT_EQ(w.seen.open, 0u);
}

TEST(stop, does_not_wait_for_ever) {
  web w;
  raw_client busy(w.port());
  ASSERT_TRUE(busy.send("POST /hold HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return w.held() == 1; }));
  w.running->stop(ms(50));
  EXPECT_TRUE(busy.closes());
  w.running.reset();
  w.release(); // an answer that nobody waits for, to a server that has gone
}
