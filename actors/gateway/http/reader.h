// Makes requests out of bytes, however these are cut: Boost.Beast's parser, with bounds of our own around it.
// No socket is in here, so tests and fuzzers feed it directly.
//
//   reader in({});
//   consumed = in.feed(bytes);      // offer what it did not consume again, with more behind it
//   if (in.state() == done) ...     // bytes that follow belong to the next request
//
// Thread: one owner.
#pragma once
#include "actors/gateway/http/message.h"
#include <cstddef>
#include <memory>
#include <string_view>

namespace troupe::http {

struct reader_limits {
  std::size_t head_bytes = 16 * 1024; // request line and fields
  std::size_t fields = 100;
  std::size_t body_bytes = 16u << 20;
};

class reader {
public:
  enum class progress {
    idle,    // nothing of a request has come
    head,    // some of its head
    body,    // all of its head
    done,    // all of it
    refused, // it cannot be read; neither can what follows
  };

  explicit reader(reader_limits limits);
  ~reader();

  // How many of the bytes are done with. Consumes nothing when done or refused.
  std::size_t feed(std::string_view bytes);

  progress state() const;
  refusal why() const;            // when refused
  const request& message() const; // complete when done; before that, as far as it has come
  request& message();
  bool keep_alive() const;       // when done
  bool expects_continue() const; // from the end of the head on

  void reset(); // on to the next request

private:
  class parser;
  const reader_limits limits_;
  std::unique_ptr<parser> parser_;
};

} // namespace troupe::http
