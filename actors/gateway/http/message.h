// An HTTP request as the server hands it on, and the response it takes back.
//
// Thread: values; one owner at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

// Header fields in the order they came, names in small letters. One string holds them all, and is kept from
// request to request of a connection.
class fields {
public:
  struct field {
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  void clear();

  std::size_t size() const { return entries_.size(); }
  field operator[](std::size_t i) const;
  // The first value of that name, which is given in small letters. The view lives until the next change.
  std::optional<std::string_view> find(std::string_view name) const;

private:
  struct entry {
    std::uint32_t at = 0; // the name; its value follows
    std::uint32_t name_bytes = 0;
    std::uint32_t value_bytes = 0;
  };
  std::string text_;
  std::vector<entry> entries_;
};

struct request {
  std::string method; // as it was written
  std::string target; // path and query, as they were written
  int version = 11;   // 10 or 11
  http::fields fields;
  std::string body; // without the chunks' framing; still encoded as Content-Encoding says
  void clear();
};

// The server adds Date, Server, Content-Length and Connection.
struct response {
  unsigned status = 200;
  std::string body;
  bool close = false; // the connection, when it is written

  // Line breaks in the value are left out: nothing that came from a client can add a field of its own.
  void add(std::string_view name, std::string_view value);
  const std::string& field_lines() const { return lines_; }

private:
  std::string lines_; // "Name: value\r\n" each
};

// Why the server itself answers a request, or drops a connection.
enum class refusal {
  bad_request,    // not HTTP, or not allowed by it
  head_too_large, // the request line and the fields
  body_too_large, // declared or seen
  version_not_supported,
  encoding_not_supported, // a Transfer-Encoding other than chunked
  expectation_failed,     // an Expect other than 100-continue
  too_slow,               // the request did not arrive in time
  overloaded,             // too many requests, or bytes of them, are under way
  unanswered,             // the handler let go of the request: a fault of ours
};
inline constexpr std::size_t refusals = 9;

std::string_view name_of(refusal why); // fit for a metric label
unsigned status_of(refusal why);
std::string_view reason_of(unsigned status); // "Not Found"

} // namespace troupe::http
