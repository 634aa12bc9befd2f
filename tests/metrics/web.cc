#include "tests/metrics/web.h"
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace troupe::metrics_test {

namespace {

using std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int left_ms(steady_clock::time_point until) {
  auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

// Closes what it holds.
struct descriptor {
  int fd = -1;
  explicit descriptor(int number) : fd(number) {}
  ~descriptor() { end(); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  void end() {
    if (fd >= 0)
      close(fd);
    fd = -1;
  }
};

// In the child: its three streams, then the program. Ends the child when that does not work.
[[noreturn]] void become(const std::vector<std::string>& command, int in, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  std::vector<char*> words;
  for (const auto& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  _exit(127);
}

bool ended_within(pid_t child, int& status, milliseconds within) {
  auto until = steady_clock::now() + within;
  for (;;) {
    if (waitpid(child, &status, WNOHANG) == child)
      return true;
    if (steady_clock::now() >= until)
      return false;
    std::this_thread::sleep_for(milliseconds(10)); // between two looks
  }
}

} // namespace

page fetch(std::uint16_t port, const std::string& target, milliseconds within) {
  page result;
  auto until = steady_clock::now() + within;
  descriptor s(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(port);
  if (connect(s.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return result;
  auto request = "GET " + target + " HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/plain\r\n\r\n";
  if (send(s.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return result;
  std::string answer;
  char piece[1 << 16];
  for (;;) {
    pollfd watched{s.fd, POLLIN, 0};
    if (poll(&watched, 1, left_ms(until)) <= 0)
      return result;
    auto got = read(s.fd, piece, sizeof piece);
    if (got < 0)
      return result;
    if (got == 0)
      break;
    answer.append(piece, static_cast<std::size_t>(got));
  }
  auto blank = answer.find("\r\n\r\n");
  auto space = answer.find(' ');
  if (blank == std::string::npos || space == std::string::npos)
    return result;
  result.status = std::atoi(answer.c_str() + space);
  result.body = answer.substr(blank + 4);
  return result;
}

std::string percent_encoded(const std::string& text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (unsigned char c : text)
    if (std::isalnum(c))
      result += static_cast<char>(c);
    else
      (((result += '%') += digits[c >> 4]) += digits[c & 15]);
  return result;
}

std::uint16_t free_port() {
  descriptor s(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (s.fd < 0 || bind(s.fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(s.fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

ending run(const std::vector<std::string>& command, const std::string& input, milliseconds within) {
  ending result;
  auto until = steady_clock::now() + within;
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0)
    return result;
  descriptor their_in(in[0]);
  descriptor to_them(in[1]);
  if (pipe2(out, O_CLOEXEC) != 0)
    return result;
  descriptor from_them(out[0]);
  descriptor their_out(out[1]);
  pid_t child = fork();
  if (child < 0)
    return result;
  if (child == 0)
    become(command, their_in.fd, their_out.fd);
  their_in.end();
  their_out.end();
  std::signal(SIGPIPE, SIG_IGN); // it may end before it has read all
  fcntl(to_them.fd, F_SETFL, O_NONBLOCK);
  std::size_t written = 0;
  if (input.empty())
    to_them.end();
  char piece[1 << 16];
  for (;;) {
    pollfd watched[] = {{from_them.fd, POLLIN, 0},
                        {to_them.fd, POLLOUT, 0}}; // poll ignores those that are -1
    if (poll(watched, 2, left_ms(until)) <= 0)
      break;
    if (watched[1].revents != 0) {
      auto gone = write(to_them.fd, input.data() + written, input.size() - written);
      if (gone > 0)
        written += static_cast<std::size_t>(gone);
      if (written == input.size() || (gone < 0 && errno != EAGAIN))
        to_them.end();
    }
    if (watched[0].revents == 0)
      continue;
    auto got = read(from_them.fd, piece, sizeof piece);
    if (got <= 0)
      break;
    result.output.append(piece, static_cast<std::size_t>(got));
  }
  int status = 0;
  if (ended_within(child, status, milliseconds(left_ms(until)))) {
    result.status = status;
    return result;
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  result.output += "\n(killed: it took longer than " + std::to_string(within.count()) + " ms)";
  return result;
}

server::server(const std::vector<std::string>& command, std::string output_file)
    : output_file_(std::move(output_file)) {
  descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  descriptor out(open(output_file_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644));
  child_ = fork();
  if (child_ == 0)
    become(command, nothing.fd, out.fd);
}

server::~server() {
  int status = 0;
  if (child_ <= 0)
    return;
  kill(child_, SIGTERM);
  if (ended_within(child_, status, milliseconds(5'000)))
    return;
  kill(child_, SIGKILL);
  waitpid(child_, &status, 0);
}

bool server::running() {
  int status = 0;
  if (child_ > 0 && waitpid(child_, &status, WNOHANG) == child_)
    child_ = -1;
  return child_ > 0;
}

std::string server::output() const {
  std::ifstream in(output_file_);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace troupe::metrics_test
