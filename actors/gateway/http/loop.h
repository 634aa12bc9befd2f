// One thread of the server with the connections that live on it. Inside gateway_http only.
#pragma once
#include "actors/gateway/http/server.h"
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe::http {

class loop;
using steady = std::chrono::steady_clock;

// What all threads of a server share.
struct core {
  server_options options;
  handler handle;
  refuser refuse;
  observer* watch = nullptr;
  observer nobody;

  std::vector<std::shared_ptr<loop>> loops;
  std::uint16_t port = 0;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::size_t> held_bytes{0};
  std::atomic<bool> stopping{false};

  void count_connection(bool opened);
  void refused(refusal why) { watch->refused(why); }
};

// Lives as long as any of its connections: an answer may come when the server has gone, and is dropped then.
class loop : public std::enable_shared_from_this<loop> {
public:
  explicit loop(http::core& shared);

  void run();  // starts the thread
  void join(); // ends it; everything left is closed

  // Any thread: the answer to the request that the connection has handed out.
  void complete(std::shared_ptr<connection> where, std::optional<response> with);

  // The rest on this thread only.
  void listen(boost::asio::ip::tcp::acceptor acceptor);
  void drain(); // the server stops
  void adopt(boost::asio::ip::tcp::socket socket);
  void forget(const std::shared_ptr<connection>& who);
  std::string_view date(); // of now, as HTTP writes it

  boost::asio::io_context io{1};
  http::core* const core; // outlives the thread

private:
  using answered = std::pair<std::shared_ptr<connection>, std::optional<response>>;

  void accept();
  bool evict_idle();
  void deliver();
  void sweep();

  std::thread thread_;
  std::unique_ptr<boost::asio::ip::tcp::acceptor> acceptor_; // of the first loop
  std::size_t turn_ = 0;
  boost::asio::steady_timer timer_;
  std::unordered_set<std::shared_ptr<connection>> connections_;
  bool ending_ = false;
  std::int64_t date_second_ = -1;
  std::string date_;

  std::mutex lock_;
  std::vector<answered> completed_; // lock_
  bool closed_ = false;             // lock_: nobody delivers any more
};

} // namespace troupe::http
