#include "actors/gateway/http/connection.h"
#include <algorithm>
#include <boost/asio/write.hpp>
#include <cstring>

namespace troupe::http {

namespace {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

constexpr std::size_t small_buffer = 4 * 1024;
constexpr std::size_t large_buffer = 64 * 1024;        // for bodies
constexpr std::size_t free_bytes = 64 * 1024;          // of a body, not counted as held
constexpr std::size_t discarded_bytes_max = 64u << 20; // of a client that goes on sending what was refused
constexpr auto never = steady::time_point::max();

} // namespace

connection::connection(std::shared_ptr<loop> where, asio::ip::tcp::socket socket)
    : loop_(std::move(where)), socket_(std::move(socket)),
      reader_({.head_bytes = loop_->core->options.head_bytes, .body_bytes = loop_->core->options.body_bytes}),
      since_(steady::now()), deadline_(never) {}

void connection::start() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  enter(phase::reading, loop_->core->options.idle);
  pump();
}

void connection::enter(phase to, steady::duration within) {
  phase_ = to;
  since_ = steady::now();
  deadline_ = within == steady::duration::max() ? never : since_ + within;
}

// Answers may come while the handler runs, so that a step can be taken inside of another: only the outermost
// call goes on, and a client that sends a thousand requests at once does not fill the stack.
void connection::pump() {
  if (pumping_)
    return;
  pumping_ = true;
  while (step()) {
  }
  pumping_ = false;
}

bool connection::step() {
  switch (phase_) {
  case phase::reading:
    return read_on();
  case phase::writing:
    return write_on();
  case phase::handling:
  case phase::lingering:
  case phase::closed:
    break;
  }
  return false;
}

// --- reading

bool connection::read_on() {
  if (receiving_)
    return false;
  const auto& options = loop_->core->options;
  const auto before = reader_.state();
  begin_ += reader_.feed({buffer_.data() + begin_, end_ - begin_});
  const auto now = reader_.state();
  if (before == reader::progress::idle && now != before) {
    continued_ = false;
    enter(phase::reading, options.head);
  }
  switch (now) {
  case reader::progress::idle:
    if (loop_->core->stopping) {
      close();
      return false;
    }
    break;
  case reader::progress::head:
    break;
  case reader::progress::body:
    deadline_ = since_ + options.whole;
    hold(reader_.message().body.size());
    if (loop_->core->held_bytes > options.held_bytes && held_ > 0) {
      refuse(refusal::overloaded);
      return true;
    }
    if (reader_.expects_continue() && !continued_ && reader_.message().body.empty())
      interim();
    break;
  case reader::progress::done:
    return hand_out();
  case reader::progress::refused:
    refuse(reader_.why());
    return true;
  }
  if (phase_ == phase::reading)
    await_bytes();
  return false;
}

void connection::make_room() {
  if (begin_ == end_)
    begin_ = end_ = 0;
  const auto wanted = reader_.state() == reader::progress::body ? large_buffer : small_buffer;
  if (reader_.state() == reader::progress::idle && begin_ == end_ && buffer_.size() > small_buffer)
    buffer_ = {};
  if (begin_ > 0 && buffer_.size() - end_ < wanted / 2) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  // What the reader leaves is less than a head, so this ends.
  if (buffer_.size() - end_ < wanted / 2)
    buffer_.resize(std::max(buffer_.size() * 2, wanted));
}

void connection::await_bytes() {
  make_room();
  receiving_ = true;
  socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                          [self = shared_from_this()](const error_code& ec, std::size_t bytes) {
                            self->receiving_ = false;
                            if (self->phase_ != phase::reading)
                              return; // refused meanwhile, for being late
                            if (ec)
                              return self->close();
                            self->end_ += bytes;
                            self->pump();
                          });
}

// A client that asked whether to send its body takes these few bytes at once, or is none.
void connection::interim() {
  static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  continued_ = true;
  error_code ec;
  if (socket_.write_some(asio::buffer(text.data(), text.size()), ec) != text.size())
    close();
}

bool connection::hand_out() {
  auto& core = *loop_->core;
  hold(reader_.message().body.size());
  keep_ = reader_.keep_alive();
  if (++core.in_flight > core.options.in_flight) {
    --core.in_flight;
    core.refused(refusal::overloaded);
    response busy;
    busy.status = status_of(refusal::overloaded);
    core.refuse(refusal::overloaded, busy);
    say(std::move(busy), keep_);
    return true;
  }
  counted_ = true;
  enter(phase::handling, steady::duration::max());
  core.handle(exchange(shared_from_this()));
  return true; // the answer may be there already
}

// --- answering

void connection::complete(std::optional<response> with) {
  if (phase_ != phase::handling)
    return;
  if (std::exchange(counted_, false))
    --loop_->core->in_flight;
  if (with)
    say(std::move(*with), keep_);
  else
    refuse(refusal::unanswered);
  pump();
}

// What the client has sent cannot be told from what it will send: the connection ends with the answer.
void connection::refuse(refusal why) {
  auto& core = *loop_->core;
  core.refused(why);
  response out;
  out.status = status_of(why);
  core.refuse(why, out);
  say(std::move(out), false);
}

void connection::say(response with, bool keep) {
  auto& core = *loop_->core;
  keep_ = keep && !with.close && !core.stopping;
  const auto& asked = reader_.message();
  head_ = "HTTP/1.1 ";
  head_ += std::to_string(with.status);
  head_ += ' ';
  head_ += reason_of(with.status);
  head_ += "\r\nServer: ";
  head_ += core.options.name;
  head_ += "\r\nDate: ";
  head_ += loop_->date();
  head_ += "\r\n";
  head_ += with.field_lines();
  head_ += "Content-Length: ";
  head_ += std::to_string(with.body.size());
  if (!keep_)
    head_ += "\r\nConnection: close";
  else if (asked.version == 10)
    head_ += "\r\nConnection: keep-alive";
  head_ += "\r\n\r\n";
  body_ = std::move(with.body);
  if (asked.method == "HEAD")
    body_.clear();
  sent_ = 0;
  reader_.message().body = {};
  hold(body_.size());
  enter(phase::writing, core.options.fetch);
}

std::array<asio::const_buffer, 2> connection::unsent() const {
  const auto of_head = std::min(sent_, head_.size());
  const auto of_body = sent_ - of_head;
  return {asio::buffer(head_.data() + of_head, head_.size() - of_head),
          asio::buffer(body_.data() + of_body, body_.size() - of_body)};
}

// Head and body in one system call, mostly: the socket takes them at once, and nothing has to be waited for.
bool connection::write_on() {
  if (waiting_)
    return false;
  error_code ec;
  while (sent_ < head_.size() + body_.size()) {
    sent_ += socket_.write_some(unsent(), ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again) {
      waiting_ = true;
      socket_.async_wait(asio::ip::tcp::socket::wait_write,
                         [self = shared_from_this()](const error_code& why) {
                           self->waiting_ = false;
                           if (why)
                             return self->close();
                           self->pump();
                         });
      return false;
    }
    if (ec) {
      close();
      return false;
    }
  }
  return next();
}

bool connection::next() {
  if (body_.capacity() > free_bytes)
    body_ = {};
  hold(0);
  if (!keep_) {
    linger();
    return false;
  }
  reader_.reset();
  enter(phase::reading, loop_->core->options.idle);
  return true;
}

// --- the end

// Closing a socket with unread bytes in it resets the connection, and the client may lose the answer it was
// about to read. So: say that nothing follows, and read to the end for a while.
void connection::linger() {
  error_code ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  if (ec)
    return close();
  enter(phase::lingering, loop_->core->options.linger);
  begin_ = end_ = 0;
  buffer_.resize(std::max(buffer_.size(), small_buffer));
  discard();
}

void connection::discard() {
  socket_.async_read_some(
      asio::buffer(buffer_), [self = shared_from_this()](const error_code& ec, std::size_t bytes) {
        self->discarded_ += bytes;
        if (ec || self->phase_ != phase::lingering || self->discarded_ > discarded_bytes_max)
          return self->close();
        self->discard();
      });
}

void connection::drain() {
  if (phase_ == phase::lingering || idle())
    close();
}

void connection::close() {
  if (phase_ == phase::closed)
    return;
  const auto self = shared_from_this();
  hold(0);
  if (std::exchange(counted_, false))
    --loop_->core->in_flight;
  phase_ = phase::closed;
  error_code ignored;
  socket_.close(ignored);
  loop_->forget(self);
}

void connection::check(steady::time_point now) {
  if (now < deadline_)
    return;
  if (phase_ == phase::reading && !idle()) {
    // Whoever sends slowly is told so, if it still listens.
    error_code ignored;
    socket_.cancel(ignored); // the read that is under way
    refuse(refusal::too_slow);
    return pump();
  }
  if (phase_ == phase::writing)
    loop_->core->refused(refusal::too_slow);
  close();
}

void connection::hold(std::size_t bytes) {
  const auto counted = bytes > free_bytes ? bytes : 0;
  if (counted == held_)
    return;
  loop_->core->held_bytes += counted;
  loop_->core->held_bytes -= held_;
  held_ = counted;
}

} // namespace troupe::http
