// What a well-behaved client gets, seen byte by byte.
#include "tests/unit/gateway/http/web.h"

using namespace troupe::http;
using namespace troupe::http::test;

TEST(server, answers_a_request_and_keeps_the_connection) {
  web w;
  raw_client c(w.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(c.send(post("hello")));
    const auto a = c.read_answer();
    ASSERT_TRUE(a);
    EXPECT_EQ(a->status, 200);
    EXPECT_EQ(a->body, "POST / hello");
    EXPECT_TRUE(a->has("Server: Troupe"));
    EXPECT_TRUE(a->has("Content-Type: text/plain"));
    EXPECT_NE(a->head.find("\r\nDate: "), std::string::npos);
    EXPECT_NE(a->head.find(" GMT\r\n"), std::string::npos);
    EXPECT_EQ(a->head.find("Connection:"), std::string::npos);
  }
  EXPECT_EQ(w.seen.open, 1u);
}

TEST(server, answers_pipelined_requests_in_order) {
  web w;
  raw_client c(w.port());
  std::string all;
  for (int i = 0; i < 2000; ++i)
    all += post(std::to_string(i));
  std::thread sender([&] { EXPECT_TRUE(c.send(all)); });
  for (int i = 0; i < 2000; ++i) {
    const auto a = c.read_answer();
    ASSERT_TRUE(a) << i;
    ASSERT_EQ(a->body, "POST / " + std::to_string(i));
  }
  sender.join();
}

TEST(server, runs_pipelined_requests_one_after_the_other) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST /hold HTTP/1.1\r\nContent-Length: 1\r\n\r\n1" + post("2")));
  ASSERT_TRUE(eventually([&] { return w.held() == 1; }));
  w.release();
  EXPECT_EQ(c.read_answer()->body, "POST /hold 1");
  EXPECT_EQ(c.read_answer()->body, "POST / 2");
}

TEST(server, takes_chunked_bodies) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"));
  ASSERT_TRUE(c.send("2\r\nef\r\n0\r\n\r\n"));
  EXPECT_EQ(c.read_answer()->body, "POST / abcdef");
  ASSERT_TRUE(c.send(post("next")));
  EXPECT_EQ(c.read_answer()->body, "POST / next");
}

TEST(server, says_continue_to_a_client_that_waits_for_it_and_to_no_other) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(c.read(25), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(c.send("body"));
  EXPECT_EQ(c.read_answer()->body, "POST / body");
  ASSERT_TRUE(c.send(post("body", "Expect: 100-continue\r\n"))) << "which sends without waiting";
  const auto a = c.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, 200);
  EXPECT_EQ(a->body, "POST / body");
}

TEST(server, refuses_before_continue_what_would_be_too_large) {
  web w({.body_bytes = 100});
  raw_client c(w.port());
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n"));
  const auto a = c.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, 413);
  EXPECT_EQ(a->body, "body_too_large");
}

TEST(server, speaks_http_1_0) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("GET /old HTTP/1.0\r\n\r\n"));
  const auto a = c.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->body, "GET /old ");
  EXPECT_TRUE(a->has("Connection: close"));
  EXPECT_TRUE(c.closes());
  raw_client k(w.port());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(k.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    const auto b = k.read_answer();
    ASSERT_TRUE(b);
    EXPECT_TRUE(b->has("Connection: keep-alive"));
  }
}

TEST(server, closes_when_the_client_says_so) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send(post("x", "Connection: close\r\n")));
  EXPECT_TRUE(c.read_answer()->has("Connection: close"));
  EXPECT_TRUE(c.closes());
}

TEST(server, answers_head_without_a_body) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("HEAD / HTTP/1.1\r\n\r\n" + post("next")));
  const auto a = c.read_answer(false);
  ASSERT_TRUE(a);
  EXPECT_TRUE(a->has("Content-Length: 7"));
  EXPECT_EQ(c.read_answer()->body, "POST / next") << "nothing stands between the two";
}

TEST(server, answers_bad_requests_once_and_closes) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("@ no such thing\r\n\r\n" + post("never seen")));
  const auto a = c.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, 400);
  EXPECT_TRUE(a->has("Connection: close"));
  EXPECT_FALSE(c.read_answer());
  EXPECT_EQ(w.seen.count(refusal::bad_request), 1u);
}

TEST(server, writes_large_answers_whole) {
  web w;
  raw_client c(w.port());
  ASSERT_TRUE(c.send("GET /large HTTP/1.1\r\n\r\n" + post("small")));
  const auto a = c.read_answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->body.size(), 8u << 20);
  EXPECT_EQ(a->body.find_first_not_of('x'), std::string::npos);
  EXPECT_EQ(c.read_answer()->body, "POST / small");
}

TEST(server, takes_a_body_of_sixteen_mebibytes) {
  web w;
  raw_client c(w.port());
  const std::string body(16u << 20, 'b');
  std::thread sender([&] { EXPECT_TRUE(c.send(post(body))); });
  const auto a = c.read_answer();
  sender.join();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->body.size(), body.size() + 7);
}

TEST(server, serves_many_clients_on_several_threads) {
  web w({.threads = 2});
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([&, i] {
      raw_client c(w.port());
      for (int j = 0; j < 200; ++j) {
        const auto body = std::to_string(i) + "-" + std::to_string(j);
        ASSERT_TRUE(c.send(post(body)));
        const auto a = c.read_answer();
        ASSERT_TRUE(a);
        ASSERT_EQ(a->body, "POST / " + body);
      }
    });
  for (auto& c : clients)
    c.join();
}

TEST(server, answers_from_other_threads_reach_their_own_clients) {
  web w({.threads = 2});
  std::atomic<bool> over{false};
  std::thread answerer([&] {
    while (!over)
      w.release();
  });
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&, i] {
      raw_client c(w.port());
      for (int j = 0; j < 200; ++j) {
        const auto body = std::to_string(i * 1000 + j);
        ASSERT_TRUE(c.send("POST /hold HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) +
                           "\r\n\r\n" + body));
        const auto a = c.read_answer();
        ASSERT_TRUE(a);
        ASSERT_EQ(a->body, "POST /hold " + body);
      }
    });
  for (auto& c : clients)
    c.join();
  over = true;
  answerer.join();
}

TEST(server, says_who_took_its_port) {
  web w;
  const auto second = server::start(
      {.port = w.port()}, [](exchange) {}, [](refusal, response&) {});
  EXPECT_FALSE(second.running);
  EXPECT_NE(second.trouble.find("127.0.0.1:" + std::to_string(w.port())), std::string::npos)
      << second.trouble;
}
