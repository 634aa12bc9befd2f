#include "actors/gateway/http/reader.h"
#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>

namespace troupe::http {

namespace {

namespace beast = boost::beast;
using error = beast::http::error;
using view = beast::string_view;

// "0\r\n\r\n": a message in chunks has at least as much before it still. Beast (1.74) ends the program when
// it is shown less after it has seen the zero.
constexpr std::size_t last_chunk_bytes = 5;

std::string_view std_view(view text) {
  return {text.data(), text.size()};
}

bool same(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// How much of `rest` belongs to a head of which some was read: up to its empty line, which may be the next,
// or all.
std::size_t head_left(std::string_view rest, bool begun) {
  if (begun && rest.substr(0, 2) == "\r\n")
    return 2;
  auto end = rest.find("\r\n\r\n");
  return end == std::string_view::npos ? rest.size() : end + 4;
}

refusal refusal_of(const beast::error_code& why) {
  if (why == error::body_limit)
    return refusal::body_too_large;
  if (why == error::header_limit)
    return refusal::head_too_large;
  if (why == error::bad_version)
    return refusal::version_not_supported;
  return refusal::bad_request;
}

// Beast calls back with what it has understood. One object reads one message.
class message_parser final : public beast::http::basic_parser<true> {
public:
  message_parser(request& into, const reader_limits& limits) : into_(into), limits_(limits) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(limits.head_bytes));
    body_limit(limits.body_bytes);
  }

  std::optional<refusal> ours; // a refusal that Beast has no word for
  bool expects_continue = false;

private:
  using error_code = beast::error_code;

  void refuse(refusal why, error_code& ec) {
    ours = why;
    ec = error::bad_value; // any: it ends the parsing
  }

  void on_request_impl(beast::http::verb, view method, view target, int version, error_code& ec) override {
    ec = {};
    into_.method = std_view(method);
    into_.target = std_view(target);
    into_.version = version;
  }

  void on_field_impl(beast::http::field which, view name, view value, error_code& ec) override {
    ec = {};
    if (head_done_)
      return; // a trailer: nothing here has a use for one
    if (into_.fields.size() == limits_.fields)
      return refuse(refusal::head_too_large, ec);
    // Anything but exactly "chunked" once leaves open where the message ends.
    if (which == beast::http::field::transfer_encoding && !same(std_view(value), "chunked"))
      return refuse(refusal::encoding_not_supported, ec);
    if (which == beast::http::field::expect) {
      if (!same(std_view(value), "100-continue"))
        return refuse(refusal::expectation_failed, ec);
      expects_continue = into_.version >= 11;
    }
    into_.fields.add(std_view(name), std_view(value));
  }

  void on_header_impl(error_code& ec) override {
    ec = {};
    head_done_ = true;
  }

  // A length that was merely declared gets no memory: that grows with what comes.
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code& ec) override { ec = {}; }

  std::size_t on_body_impl(view bytes, error_code& ec) override {
    ec = {};
    into_.body += std_view(bytes);
    return bytes.size();
  }

  void on_chunk_header_impl(std::uint64_t, view, error_code& ec) override { ec = {}; }

  std::size_t on_chunk_body_impl(std::uint64_t, view bytes, error_code& ec) override {
    return on_body_impl(bytes, ec);
  }

  void on_finish_impl(error_code& ec) override { ec = {}; }

  void on_response_impl(int, view, int, error_code& ec) override { ec = error::bad_method; } // never called

  request& into_;
  const reader_limits& limits_;
  bool head_done_ = false;
};

} // namespace

class reader::parser {
public:
  std::optional<message_parser> beast;
  request message;
  std::optional<refusal> why;
  bool begun = false;
  std::size_t bytes = 0; // consumed, framing and all
};

reader::reader(reader_limits limits) : limits_(limits), parser_(std::make_unique<parser>()) {
  reset();
}

reader::~reader() = default;

void reader::reset() {
  parser_->beast.emplace(parser_->message, limits_);
  parser_->message.clear();
  parser_->why.reset();
  parser_->begun = false;
  parser_->bytes = 0;
}

std::size_t reader::feed(std::string_view bytes) {
  auto& p = *parser_;
  if (p.why || p.beast->is_done())
    return 0;
  std::size_t consumed = 0;
  // Some clients end a body with a line break that no length counts (RFC 9112, 2.2).
  while (!p.begun && consumed < bytes.size() && (bytes[consumed] == '\r' || bytes[consumed] == '\n') &&
         p.bytes + consumed < 4)
    ++consumed;
  p.bytes += consumed;
  if (consumed == bytes.size())
    return consumed;
  p.begun = true;
  while (consumed < bytes.size() && !p.beast->is_done()) {
    const auto rest = bytes.substr(consumed);
    // Beast forgives a head that comes at once what it does not forgive one that comes in pieces: lines that
    // are folded into one count otherwise.
    if (!p.beast->is_header_done() && p.bytes + head_left(rest, p.bytes > 0) > limits_.head_bytes) {
      p.why = refusal::head_too_large;
      break;
    }
    if (p.beast->is_header_done() && p.beast->chunked() && rest.size() < last_chunk_bytes)
      break;
    beast::error_code ec;
    const auto taken = p.beast->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    consumed += taken;
    p.bytes += taken;
    if (ec == error::need_more)
      ec = {};
    else if (!ec && taken > 0)
      continue;
    if (ec)
      p.why = p.beast->ours.value_or(refusal_of(ec));
    break;
  }
  // What is left waits for more, and what waits is bounded: a line of the head, of a chunk's, of a trailer.
  const auto waiting = bytes.size() - consumed;
  if (!p.why && !p.beast->is_done()) {
    if (!p.beast->is_header_done()) {
      if (p.bytes + waiting > limits_.head_bytes)
        p.why = refusal::head_too_large;
    } else if (waiting > limits_.head_bytes) {
      p.why = refusal::bad_request;
    }
  }
  // Chunks of a byte each cost six bytes a byte.
  if (!p.why && p.bytes > 2 * (limits_.body_bytes + limits_.head_bytes))
    p.why = refusal::body_too_large;
  return consumed;
}

reader::progress reader::state() const {
  const auto& p = *parser_;
  if (p.why)
    return progress::refused;
  if (!p.begun)
    return progress::idle;
  if (p.beast->is_done())
    return progress::done;
  return p.beast->is_header_done() ? progress::body : progress::head;
}

refusal reader::why() const {
  return parser_->why.value_or(refusal::bad_request);
}

const request& reader::message() const {
  return parser_->message;
}

request& reader::message() {
  return parser_->message;
}

bool reader::keep_alive() const {
  return parser_->beast->is_header_done() && parser_->beast->keep_alive();
}

bool reader::expects_continue() const {
  return parser_->beast->expects_continue && parser_->beast->is_header_done();
}

} // namespace troupe::http
