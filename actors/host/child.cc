#include "actors/host/child.h"
#include "actors/host/serve.h"
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <utility>

namespace troupe::host {

namespace {

constexpr std::size_t line_max = 8192; // longer ones are passed on in parts
constexpr const char* self_program = "/proc/self/exe";

void write_out(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    auto n = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR)
      return; // nobody listens
    done += n > 0 ? static_cast<std::size_t>(n) : 0;
  }
}

void close_once(int& fd) {
  if (fd >= 0)
    ::close(fd);
  fd = -1;
}

// Only what is async-signal-safe, up to exec.
[[noreturn]] void become(const std::vector<char*>& arguments, int output, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) // died before the line above took effect
    _exit(1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(self_program, arguments.data());
  _exit(127);
}

} // namespace

std::string line_prefixer::take(const char* bytes, std::size_t count) {
  std::string whole;
  for (std::size_t i = 0; i < count; ++i) {
    bool end = bytes[i] == '\n';
    if (!end)
      partial_ += bytes[i];
    if (end || partial_.size() >= line_max) {
      whole += prefix_ + partial_ + "\n";
      partial_.clear();
    }
  }
  return whole;
}

std::string line_prefixer::rest() {
  if (partial_.empty())
    return {};
  auto last = prefix_ + std::exchange(partial_, {}) + "\n";
  return last;
}

child::child(std::string name, std::string prefix) : name_(std::move(name)), lines_(std::move(prefix)) {}

child::~child() {
  close_once(output_);
  close_once(announcement_);
}

bool child::start(const std::vector<std::string>& arguments) {
  std::array<int, 2> out{};
  std::array<int, 2> ready{};
  if (pipe2(out.data(), O_CLOEXEC) != 0)
    return false;
  if (pipe2(ready.data(), O_CLOEXEC) != 0) {
    ::close(out[0]);
    ::close(out[1]);
    return false;
  }
  fcntl(ready[1], F_SETFD, 0); // this one the child keeps
  setenv(ready_fd_variable, std::to_string(ready[1]).c_str(), 1);
  std::string program = "troupe";
  std::vector<char*> argv{program.data()};
  auto copies = arguments;
  for (auto& argument : copies)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  auto parent = getpid();
  auto pid = fork();
  if (pid == 0)
    become(argv, out[1], parent);
  ::close(out[1]);
  ::close(ready[1]);
  unsetenv(ready_fd_variable);
  ready_ = false;
  output_ = out[0];
  announcement_ = ready[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
  fcntl(announcement_, F_SETFL, O_NONBLOCK);
  if (pid < 0) {
    close_once(output_);
    close_once(announcement_);
    return false;
  }
  pid_ = pid;
  return true;
}

void child::signal(int number) const {
  if (pid_ > 0)
    ::kill(pid_, number);
}

void child::ended(int status) {
  read_output();
  write_out(lines_.rest());
  close_once(output_);
  close_once(announcement_);
  status_ = status;
  pid_ = 0;
  ready_ = false;
}

void child::read_output() {
  std::array<char, 65536> buffer{};
  while (output_ >= 0) {
    auto n = ::read(output_, buffer.data(), buffer.size());
    if (n > 0) {
      write_out(lines_.take(buffer.data(), static_cast<std::size_t>(n)));
    } else if (n == 0) {
      close_once(output_);
    } else if (errno != EINTR) {
      return; // nothing more for now
    }
  }
}

void child::read_announcement() {
  std::array<char, 64> buffer{};
  auto n = ::read(announcement_, buffer.data(), buffer.size());
  if (n > 0)
    ready_ = true;
  if (n == 0)
    close_once(announcement_);
}

} // namespace troupe::host
