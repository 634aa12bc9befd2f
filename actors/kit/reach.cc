#include "actors/kit/reach.h"
#include <cerrno>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace troupe::kit {

namespace {

class socket_handle {
public:
  explicit socket_handle(int fd) : fd_(fd) {}
  ~socket_handle() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  socket_handle(const socket_handle&) = delete;
  socket_handle& operator=(const socket_handle&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

std::string text_of(int error) {
  return std::generic_category().message(error);
}

std::string knock_at(const addrinfo& address, std::chrono::steady_clock::time_point until) {
  socket_handle fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0)
    return text_of(errno);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0)
    return {};
  if (errno != EINPROGRESS)
    return text_of(errno);
  for (;;) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0)
      return "no answer";
    pollfd waiting{fd.get(), POLLOUT, 0};
    auto ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR)
      return text_of(errno);
    if (ready > 0)
      break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    error = errno;
  return error == 0 ? std::string() : text_of(error);
}

} // namespace

std::string knock(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience) {
  addrinfo wish{};
  wish.ai_family = AF_UNSPEC;
  wish.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (auto error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wish, &found); error != 0)
    return "cannot resolve " + host + ": " + ::gai_strerror(error);
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  auto until = std::chrono::steady_clock::now() + patience;
  std::string why = "no address";
  for (const auto* address = found; address != nullptr; address = address->ai_next) {
    why = knock_at(*address, until);
    if (why.empty())
      return {};
  }
  return why;
}

} // namespace troupe::kit
