// A client that sends exactly the bytes it is told to, and reads as slowly as it is told to.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::http::test {

struct answer {
  int status = 0;
  std::string head; // status line and fields
  std::string body;
  bool has(std::string_view line) const; // a field line, exactly
};

class raw_client {
public:
  explicit raw_client(std::uint16_t port, int receive_buffer = 0);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  // False when the server has closed.
  bool send(std::string_view bytes);
  // Exactly so many bytes, or fewer when the server closes or takes more than 10 s.
  std::string read(std::size_t bytes);
  // The next answer by its Content-Length; nothing when the connection ends first.
  std::optional<answer> read_answer(bool with_body = true);
  // True when the server closes within the time; what comes before that is thrown away.
  bool closes(std::chrono::milliseconds within = std::chrono::milliseconds(10'000));
  void end_of_sending();

private:
  bool fill(std::chrono::steady_clock::time_point until);
  int fd_ = -1;
  std::string read_;
};

// "POST / HTTP/1.1" with that body.
std::string post(std::string_view body, std::string_view more_fields = {});

} // namespace troupe::http::test
