// Troupe from C++: a session speaks to a cluster through any of its routers.
//
//   auto [db, trouble] = troupe::client::connect({.routers = {{"127.0.0.1", 7101}}});
//   auto reply = db->call(troupe::client::get_item{.table = "music", .key = ...});
//
// Every kind of request can be made in three ways: call() blocks, ask() gives a future, send() takes a
// callback. A session may be used by any number of threads at once; make one per program, not one per
// request: requests that are under way at the same time travel together. docs/client.md explains it with a
// whole program.
//
// Inside runs an actor system of its own; nothing of it shows here.
#pragma once
#include "actors/client/endpoint.h"
#include "actors/client/expressions.h"
#include "actors/client/requests.h"
#include "actors/client/values.h"
#include "config/settings.h"
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {
class Registry;
}

namespace troupe::client {

// A request that was refused for the moment, or whose router went away, is sent again, after a delay that
// doubles from first to longest and is shortened at random by up to a half.
struct retry_policy {
  int attempts = 16; // in all, at most 63
  std::chrono::milliseconds first{10};
  std::chrono::milliseconds longest{500};
  // How long to wait for an answer before asking a second router as well; doubles each time. The first one
  // may still answer: whichever does so first.
  std::chrono::milliseconds patience{2'000};
};

struct options {
  std::vector<endpoint> routers;            // at least one; a session stays with one as long as it is there
  bool spread = false;                      // take turns between all routers that are there instead
  std::string cluster;                      // refuse to speak to any other; empty: whichever is there
  std::chrono::milliseconds timeout{5'000}; // of requests that name none; at most 30 s
  // How long a request waits while no router can be reached; 0: until its timeout.
  std::chrono::milliseconds reach{0};
  std::size_t in_flight = 1'024; // requests at once; one more is refused with OVERLOADED
  retry_policy retry;
  std::size_t threads = 1; // of the actor system, beside its I/O thread
  config::tls_settings tls;
  std::shared_ptr<prometheus::Registry> registry; // troupe_client_* metrics go here; may be null
};

// Since the session began.
struct counts {
  std::uint64_t requests = 0;  // answered, in whatever way
  std::uint64_t attempts = 0;  // messages to routers
  std::uint64_t unknown = 0;   // answered with UNKNOWN_OUTCOME
  std::uint64_t in_flight = 0; // now
  std::uint64_t routers = 0;   // that are connected now
};

class session {
public:
  virtual ~session() = default;

  // `done` runs on the session's own thread, or before send() returns when the session is full or closed. It
  // must be quick and must not throw; it may send(), but not call() and not destroy the session.
  template <class Request>
  void send(const Request& request, std::function<void(typename Request::result)> done) {
    submit(request.to_message(), request.timeout,
           [done = std::move(done)](auto reply) { done(Request::from_message(std::move(reply))); });
  }

  template <class Request>
  std::future<typename Request::result> ask(const Request& request) {
    auto promise = std::make_shared<std::promise<typename Request::result>>();
    auto answer = promise->get_future();
    send(request, [promise](typename Request::result r) { promise->set_value(std::move(r)); });
    return answer;
  }

  // Blocks for as long as the request's timeout at most. Not from a callback: that would wait for itself, so
  // it ends the program and says so.
  template <class Request>
  typename Request::result call(const Request& request) {
    must_not_be_in_callback();
    return ask(request).get();
  }

  // The same one floor down, for programs that have the messages already, such as a gateway. The request id
  // is given here unless there is one. 0: the session's timeout.
  virtual void submit(msg::ItemRequest request, std::chrono::milliseconds timeout,
                      std::function<void(msg::ItemReply)> done) = 0;
  virtual void submit(msg::AdminRequest request, std::chrono::milliseconds timeout,
                      std::function<void(msg::AdminReply)> done) = 0;

  virtual client::counts counts() const = 0;

  // What keeps routers from being reached, one line each, for people; empty when all are.
  virtual std::vector<std::string> troubles() const = 0;

  // Answers whatever is under way (UNKNOWN_OUTCOME for writes that had been sent, UNAVAILABLE for the rest),
  // then refuses what comes. Returns when the last callback has run. The destructor of a session does it,
  // too.
  virtual void close() = 0;

private:
  static void must_not_be_in_callback();
};

struct connection {
  std::unique_ptr<client::session> session; // null when there is trouble
  std::string trouble;                      // wrong options or TLS files, for people
};

// Does not wait for any router: it dials all of them in the background, for as long as the session lives.
connection connect(options o);

} // namespace troupe::client
