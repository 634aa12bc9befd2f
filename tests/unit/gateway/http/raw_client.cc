#include "tests/unit/gateway/http/raw_client.h"
#include <arpa/inet.h>
#include <cstdlib>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::http::test {

namespace {

using clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(10);

int left(clock::time_point until) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
  return ms > 0 ? static_cast<int>(ms) : 0;
}

} // namespace

bool answer::has(std::string_view line) const {
  return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

raw_client::raw_client(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  if (receive_buffer > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

raw_client::~raw_client() {
  if (fd_ >= 0)
    ::close(fd_);
}

bool raw_client::send(std::string_view bytes) {
  const auto until = clock::now() + patience;
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    pollfd p{fd_, POLLOUT, 0};
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || ::poll(&p, 1, left(until)) <= 0)
      return false;
  }
  return true;
}

bool raw_client::fill(clock::time_point until) {
  pollfd p{fd_, POLLIN, 0};
  if (::poll(&p, 1, left(until)) <= 0)
    return false;
  char buffer[65536];
  const auto got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got <= 0)
    return false;
  read_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

std::string raw_client::read(std::size_t bytes) {
  const auto until = clock::now() + patience;
  while (read_.size() < bytes && fill(until)) {
  }
  auto out = read_.substr(0, bytes);
  read_.erase(0, out.size());
  return out;
}

std::optional<answer> raw_client::read_answer(bool with_body) {
  const auto until = clock::now() + patience;
  std::size_t end;
  while ((end = read_.find("\r\n\r\n")) == std::string::npos)
    if (!fill(until))
      return std::nullopt;
  answer out;
  out.head = read(end + 4);
  out.status = std::atoi(out.head.substr(9, 3).c_str());
  const auto length = out.head.find("Content-Length: ");
  if (with_body && length != std::string::npos) {
    const auto bytes = std::strtoull(out.head.c_str() + length + 16, nullptr, 10);
    out.body = read(bytes);
    if (out.body.size() < bytes)
      return std::nullopt;
  }
  return out;
}

bool raw_client::closes(std::chrono::milliseconds within) {
  const auto until = clock::now() + within;
  for (;;) {
    pollfd p{fd_, POLLIN, 0};
    if (::poll(&p, 1, left(until)) <= 0)
      return false;
    char buffer[65536];
    const auto got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
      return true;
  }
}

void raw_client::end_of_sending() {
  ::shutdown(fd_, SHUT_WR);
}

std::string post(std::string_view body, std::string_view more_fields) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_fields) + "\r\n" + std::string(body);
}

} // namespace troupe::http::test
