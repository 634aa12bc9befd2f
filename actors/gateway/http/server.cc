#include "actors/gateway/http/server.h"
#include "actors/gateway/http/connection.h"
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

namespace troupe::http {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

constexpr auto look_every = std::chrono::milliseconds(2);

} // namespace

// --- exchange

exchange::exchange(std::shared_ptr<connection> from) : from_(std::move(from)) {}

exchange::~exchange() {
  if (!from_)
    return;
  const auto where = from_->where();
  where->complete(std::move(from_), std::nullopt);
}

const request& exchange::asked() const {
  return from_->asked();
}

request& exchange::asked() {
  return from_->asked();
}

void exchange::answer(response with) {
  auto from = std::move(from_);
  const auto where = from->where();
  where->complete(std::move(from), std::move(with));
}

// --- server

server::server(std::shared_ptr<core> shared) : core_(std::move(shared)) {}

server::started server::start(server_options options, handler handle, refuser refuse, observer* watch) {
  auto shared = std::make_shared<core>();
  shared->options = std::move(options);
  shared->handle = std::move(handle);
  shared->refuse = std::move(refuse);
  shared->watch = watch ? watch : &shared->nobody;
  for (std::size_t i = 0; i < std::max<std::size_t>(shared->options.threads, 1); ++i)
    shared->loops.push_back(std::make_shared<loop>(*shared));

  auto& first = *shared->loops.front();
  const auto& wish = shared->options;
  error_code ec;
  tcp::resolver resolver(first.io);
  const auto found = resolver.resolve(wish.host, std::to_string(wish.port), tcp::resolver::passive, ec);
  tcp::acceptor acceptor(first.io);
  if (!ec) {
    const tcp::endpoint where = *found.begin();
    acceptor.open(where.protocol(), ec);
    if (!ec)
      acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec)
      acceptor.bind(where, ec);
    if (!ec)
      acceptor.listen(asio::socket_base::max_listen_connections, ec);
  }
  if (ec)
    return {nullptr, "cannot listen on " + wish.host + ":" + std::to_string(wish.port) + ": " + ec.message()};
  shared->port = acceptor.local_endpoint(ec).port();
  first.listen(std::move(acceptor));
  for (auto& one : shared->loops)
    one->run();
  return {std::unique_ptr<server>(new server(shared)), {}};
}

server::~server() {
  stop(std::chrono::milliseconds(0));
}

std::uint16_t server::port() const {
  return core_->port;
}

std::size_t server::held_bytes() const {
  return core_->held_bytes;
}

void server::stop(std::chrono::milliseconds grace) {
  if (core_->stopping.exchange(true))
    return;
  for (auto& one : core_->loops)
    asio::post(one->io, [one] { one->drain(); });
  const auto until = steady::now() + grace;
  while (core_->connections > 0 && steady::now() < until)
    std::this_thread::sleep_for(look_every);
  for (auto& one : core_->loops)
    one->join();
}

} // namespace troupe::http
