#include "actors/gateway/http/connection.h"
#include <boost/asio/post.hpp>
#include <ctime>

namespace troupe::http {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

constexpr auto sweep_every = std::chrono::milliseconds(50);
thread_local const loop* here = nullptr; // whose thread this is
constexpr auto pause_without_files = std::chrono::milliseconds(100);

} // namespace

void core::count_connection(bool opened) {
  const auto now = opened ? ++connections : --connections;
  watch->connections(now);
}

loop::loop(http::core& shared) : core(&shared), timer_(io) {}

void loop::run() {
  sweep();
  thread_ = std::thread([this] {
    here = this;
    io.run();
  });
}

void loop::join() {
  asio::post(io, [this] {
    acceptor_.reset();
    ending_ = true; // the timer may have rung already, and must not be set again
    timer_.cancel();
    const std::vector<std::shared_ptr<connection>> all(connections_.begin(), connections_.end());
    for (const auto& one : all)
      one->close();
  });
  // Nothing is left to wait for, so the thread ends when the last operation has been told that it is over.
  if (thread_.joinable())
    thread_.join();
  std::vector<answered> late;
  std::lock_guard guard(lock_);
  closed_ = true;
  late.swap(completed_);
}

// --- connections

void loop::listen(tcp::acceptor acceptor) {
  acceptor_ = std::make_unique<tcp::acceptor>(std::move(acceptor));
  accept();
}

void loop::accept() {
  const auto to = core->loops[turn_++ % core->loops.size()];
  acceptor_->async_accept(to->io, [this, to](const error_code& ec, tcp::socket socket) {
    if (!acceptor_ || !acceptor_->is_open() || core->stopping)
      return;
    if (!ec) {
      core->count_connection(true);
      if (to.get() == this)
        adopt(std::move(socket));
      else
        asio::post(to->io, [to, taken = std::move(socket)]() mutable { to->adopt(std::move(taken)); });
      return accept();
    }
    // No file descriptors left, most likely: those who wait in the socket's queue wait a little longer.
    auto later = std::make_shared<asio::steady_timer>(io, pause_without_files);
    later->async_wait([this, later](const error_code& why) {
      if (!why && acceptor_)
        accept();
    });
  });
}

// Already counted.
void loop::adopt(tcp::socket socket) {
  if (core->stopping || (core->connections > core->options.connections && !evict_idle())) {
    core->refused(refusal::overloaded);
    core->count_connection(false);
    return; // closes it
  }
  auto fresh = std::make_shared<connection>(shared_from_this(), std::move(socket));
  connections_.insert(fresh);
  fresh->start();
}

// The one that has had nothing to say for longest makes room.
bool loop::evict_idle() {
  std::shared_ptr<connection> oldest;
  for (const auto& one : connections_)
    if (one->idle() && (!oldest || one->since() < oldest->since()))
      oldest = one;
  if (!oldest)
    return false;
  oldest->close();
  return true;
}

void loop::forget(const std::shared_ptr<connection>& who) {
  if (connections_.erase(who) > 0)
    core->count_connection(false);
}

void loop::drain() {
  acceptor_.reset();
  const std::vector<std::shared_ptr<connection>> all(connections_.begin(), connections_.end());
  for (const auto& one : all)
    one->drain();
}

void loop::sweep() {
  timer_.expires_after(sweep_every);
  timer_.async_wait([this](const error_code& ec) {
    if (ec || ending_)
      return;
    const auto now = steady::now();
    const std::vector<std::shared_ptr<connection>> all(connections_.begin(), connections_.end());
    for (const auto& one : all)
      one->check(now);
    sweep();
  });
}

// --- answers

void loop::complete(std::shared_ptr<connection> where, std::optional<response> with) {
  if (here == this)
    return where->complete(std::move(with));
  answered late; // ends outside of the lock
  {
    std::lock_guard guard(lock_);
    if (closed_) {
      late = {std::move(where), std::move(with)};
      return;
    }
    completed_.emplace_back(std::move(where), std::move(with));
    if (completed_.size() > 1)
      return; // the thread has been woken up for the first one
  }
  asio::post(io, [this] { deliver(); });
}

void loop::deliver() {
  std::vector<answered> answers;
  {
    std::lock_guard guard(lock_);
    answers.swap(completed_);
  }
  for (auto& [where, with] : answers)
    where->complete(std::move(with));
}

std::string_view loop::date() {
  const std::int64_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts{};
    const std::time_t seconds = now;
    gmtime_r(&seconds, &parts);
    char text[64];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return date_;
}

} // namespace troupe::http
