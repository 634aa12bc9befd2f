// An HTTP/1.1 server for small requests and answers: Boost.Asio's sockets, Boost.Beast's parser (reader.h),
// and between them what keeps a client from costing more than it may.
//
//   auto [web, trouble] = http::server::start({.port = 8000}, [](http::exchange e) { ... e.answer(...); },
//   refuse);
//
// A connection has one request under way at a time; what a client sends ahead (pipelining) waits in the
// socket and is answered in order. A POST may change things, so HTTP forbids to run two of them side by side
// (RFC 9112, 9.3.2), and one at a time bounds what a connection can hold.
//
// Bounds, all in server_options: connections, requests under way, bytes of large bodies held in total, bytes
// of a head and of a body, the time a client may take to send a request, to fetch its answer, and to do
// nothing. docs/decisions/012 says why this library.
#pragma once
#include "actors/gateway/http/message.h"
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe::http {

class connection;
struct core;

struct server_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0; // 0: any that is free
  std::size_t threads = 1;
  std::size_t connections = 4'096;
  std::size_t in_flight = 1'024; // handed to the handler and not answered; past it: overloaded
  std::size_t head_bytes = 16 * 1024;
  std::size_t body_bytes = 16u << 20;
  std::size_t held_bytes = 256u << 20;     // of bodies past 64 KiB each, in and out, of all connections
  std::chrono::milliseconds idle{60'000};  // between two requests
  std::chrono::milliseconds head{10'000};  // from a request's first byte to the end of its head
  std::chrono::milliseconds whole{30'000}; // from a request's first byte to its last
  std::chrono::milliseconds fetch{30'000}; // for the client to take the whole answer
  std::chrono::milliseconds linger{2'000}; // for the client to close, once we have
  std::string name = "Troupe";             // in the field Server
};

// What the server tells of itself while it runs. Thread: any of the server's.
class observer {
public:
  virtual ~observer() = default;
  virtual void connections(std::size_t /*now*/) {}
  virtual void refused(refusal) {}
};

// A request and the right to answer it, once. Whoever lets go of it without an answer has it answered as
// refusal::unanswered.
//
// Thread: one owner at a time; answer() may come from any thread, also before the handler returns.
class exchange {
public:
  explicit exchange(std::shared_ptr<connection> from);
  ~exchange();
  exchange(exchange&& other) noexcept = default;
  exchange& operator=(exchange&&) = delete;

  const request& asked() const; // until it is answered
  request& asked();
  void answer(response with);

private:
  std::shared_ptr<connection> from_; // null: answered
};

// Runs on a thread of the server: it must not block.
using handler = std::function<void(exchange)>;
// The body and fields of the server's own answers; the status stands in it already.
using refuser = std::function<void(refusal, response&)>;

class server {
public:
  struct started;
  // Listens and serves when it returns. `watch` may be null, and outlives the server.
  static started start(server_options options, handler handle, refuser refuse, observer* watch = nullptr);
  ~server(); // stop(0)

  std::uint16_t port() const;
  std::size_t held_bytes() const; // of what server_options::held_bytes bounds, now

  // No new connection is taken, idle ones are closed, requests under way are answered within `grace`, then
  // everything is closed. Blocks.
  void stop(std::chrono::milliseconds grace);

private:
  explicit server(std::shared_ptr<core> shared);
  std::shared_ptr<core> core_;
};

struct server::started {
  std::unique_ptr<server> running; // null when there is trouble
  std::string trouble;             // the address is in use or not ours, for people
};

} // namespace troupe::http
