// A server with a handler that tests can hold back, and counts of what it refused.
#pragma once
#include "actors/gateway/http/server.h"
#include "tests/unit/gateway/http/raw_client.h"
#include <atomic>
#include <condition_variable>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <thread>

namespace troupe::http::test {

class counter : public observer {
public:
  void connections(std::size_t now) override { open = now; }
  void refused(refusal why) override { ++refusals[static_cast<std::size_t>(why)]; }
  std::size_t count(refusal why) const { return refusals[static_cast<std::size_t>(why)]; }

  std::atomic<std::size_t> open{0};
  std::array<std::atomic<std::size_t>, http::refusals> refusals{};
};

inline bool eventually(const std::function<bool()>& holds,
                       std::chrono::milliseconds within = std::chrono::seconds(10)) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Echoes: answers with method, target and body. Requests for /hold wait until release().
class web {
public:
  explicit web(server_options options = {}) {
    options.linger = std::chrono::milliseconds(200); // tests do not close as politely as clients do
    auto started = server::start(
        std::move(options), [this](exchange e) { take(std::move(e)); },
        [](refusal why, response& out) { out.body = name_of(why); }, &seen);
    EXPECT_EQ(started.trouble, "");
    running = std::move(started.running);
  }
  ~web() { release(); }

  std::uint16_t port() const { return running->port(); }
  std::size_t held() {
    std::lock_guard guard(lock_);
    return held_.size();
  }
  // Answers what is held, from this thread.
  void release() {
    std::deque<exchange> ready;
    {
      std::lock_guard guard(lock_);
      ready.swap(held_);
    }
    for (auto& e : ready)
      echo(std::move(e));
  }
  void drop_held() {
    std::deque<exchange> gone;
    std::lock_guard guard(lock_);
    gone.swap(held_);
  }

  static void echo(exchange e) {
    response out;
    const auto& asked = e.asked();
    if (asked.target == "/large")
      out.body.assign(8u << 20, 'x');
    else
      out.body = asked.method + " " + asked.target + " " + asked.body;
    out.add("Content-Type", "text/plain");
    e.answer(std::move(out));
  }

  counter seen;
  std::unique_ptr<server> running;

private:
  void take(exchange e) {
    if (e.asked().target != "/hold")
      return echo(std::move(e));
    std::lock_guard guard(lock_);
    held_.push_back(std::move(e));
  }
  std::mutex lock_;
  std::deque<exchange> held_;
};

} // namespace troupe::http::test
