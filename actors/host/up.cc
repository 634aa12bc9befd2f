#include "actors/host/up.h"
#include "actors/host/child.h"
#include "actors/host/process.h"
#include "actors/host/welcome.h"
#include "actors/kit/clock.h"
#include "config/load.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace troupe::host {

namespace {

constexpr std::int64_t backoff_first_ms = 250;
constexpr std::int64_t backoff_max_ms = 10'000;
constexpr std::int64_t healthy_ms = 30'000; // a node that ran that long starts over with the shortest delay
constexpr std::int64_t stop_within_ms = 15'000;
constexpr std::int64_t remind_ms = 20'000;

std::int64_t now_ms() {
  return kit::system_clock().now_us() / 1000;
}

// A lasting reason: starting again would only repeat the message.
bool is_lasting(int status) {
  if (!WIFEXITED(status))
    return false;
  auto code = WEXITSTATUS(status);
  return code == exit_usage || code == exit_config || code == exit_data || code == 127;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status))
    return std::string("was killed by ") + strsignal(WTERMSIG(status));
  return "ended with code " + std::to_string(WEXITSTATUS(status));
}

struct local_node {
  explicit local_node(const std::string& name, const std::string& prefix) : process(name, prefix) {}
  child process;
  std::int64_t started_ms = 0;
  std::int64_t restart_ms = 0; // 0: not due
  std::int64_t delay_ms = backoff_first_ms;
  bool given_up = false;
};

class supervisor {
public:
  explicit supervisor(const config::cluster& cluster);
  ~supervisor() {
    if (signals_ >= 0)
      ::close(signals_);
  }
  int run();

private:
  void start(local_node& one);
  void reap();
  void on_end(local_node& one, int status);
  void restart_due();
  void wait_for_something();
  void read_signals();
  void begin_stop(const char* why);
  void end_stragglers();
  void tell_when_ready();
  bool any_running() const;
  std::int64_t next_due_ms() const;
  void say(const std::string& text) const;

  const config::cluster& cluster_;
  std::vector<std::unique_ptr<local_node>> nodes_;
  int signals_ = -1;
  bool told_ready_ = false;
  std::int64_t begun_ms_ = now_ms();
  std::int64_t reminded_ms_ = now_ms();
  std::int64_t stop_by_ms_ = 0; // 0: not stopping
  int result_ = exit_done;
};

supervisor::supervisor(const config::cluster& cluster) : cluster_(cluster) {
  auto names = config::local_nodes(cluster);
  std::size_t width = 0;
  for (const auto& name : names)
    width = std::max(width, name.size());
  for (const auto& name : names)
    nodes_.push_back(
        std::make_unique<local_node>(name, name + std::string(width - name.size(), ' ') + " | "));
}

void supervisor::say(const std::string& text) const {
  std::printf("troupe: %s\n", text.c_str());
  std::fflush(stdout);
}

int supervisor::run() {
  if (nodes_.empty()) {
    say("no node of " + cluster_.file + " has this machine as its host");
    return exit_config;
  }
  sigset_t watched;
  sigemptyset(&watched);
  for (int number : {SIGINT, SIGTERM, SIGCHLD})
    sigaddset(&watched, number);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signals_ = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
  say("starting " + std::to_string(nodes_.size()) + " nodes of cluster " + cluster_.name);
  for (auto& one : nodes_)
    start(*one);
  while (stop_by_ms_ == 0 || any_running()) {
    wait_for_something();
    read_signals();
    reap();
    if (stop_by_ms_ == 0)
      restart_due();
    else
      end_stragglers();
    tell_when_ready();
    bool all_given_up = std::all_of(nodes_.begin(), nodes_.end(), [](const auto& n) { return n->given_up; });
    if (all_given_up && stop_by_ms_ == 0)
      begin_stop("no node can be started");
  }
  say("all nodes have stopped");
  return result_;
}

void supervisor::start(local_node& one) {
  one.started_ms = now_ms();
  one.restart_ms = 0;
  if (one.process.start({"node", cluster_.file, one.process.name()}))
    return;
  say("node " + one.process.name() + " could not be started: " + std::strerror(errno));
  one.restart_ms = now_ms() + one.delay_ms;
}

void supervisor::reap() {
  int status = 0;
  for (auto& one : nodes_)
    if (one->process.pid() > 0 && waitpid(one->process.pid(), &status, WNOHANG) == one->process.pid())
      on_end(*one, status);
}

void supervisor::on_end(local_node& one, int status) {
  one.process.ended(status);
  bool orderly = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (stop_by_ms_ != 0) {
    if (!orderly)
      say("node " + one.process.name() + " " + how_it_ended(status));
    return;
  }
  if (is_lasting(status)) {
    one.given_up = true;
    result_ = WEXITSTATUS(status);
    say("node " + one.process.name() + " cannot run as it is (" + how_it_ended(status) +
        "); see its message above");
    return;
  }
  if (now_ms() - one.started_ms > healthy_ms)
    one.delay_ms = backoff_first_ms;
  one.restart_ms = now_ms() + one.delay_ms;
  say("node " + one.process.name() + " " + how_it_ended(status) + "; starting it again in " +
      std::to_string(one.delay_ms) + " ms");
  one.delay_ms = std::min(one.delay_ms * 2, backoff_max_ms);
}

void supervisor::restart_due() {
  for (auto& one : nodes_)
    if (one->restart_ms != 0 && one->restart_ms <= now_ms())
      start(*one);
}

std::int64_t supervisor::next_due_ms() const {
  auto due = stop_by_ms_;
  for (const auto& one : nodes_)
    if (one->restart_ms != 0 && (due == 0 || one->restart_ms < due))
      due = one->restart_ms;
  if (!told_ready_ && (due == 0 || reminded_ms_ + remind_ms < due))
    due = reminded_ms_ + remind_ms;
  return due;
}

void supervisor::wait_for_something() {
  std::vector<pollfd> watched{{signals_, POLLIN, 0}};
  for (const auto& one : nodes_) {
    watched.push_back({one->process.output(), POLLIN, 0}); // poll ignores those that are -1
    watched.push_back({one->process.announcement(), POLLIN, 0});
  }
  auto due = next_due_ms();
  auto timeout = due == 0 ? -1 : static_cast<int>(std::max<std::int64_t>(due - now_ms(), 0));
  if (::poll(watched.data(), watched.size(), timeout) <= 0)
    return;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (watched[1 + 2 * i].revents != 0)
      nodes_[i]->process.read_output();
    if (watched[2 + 2 * i].revents != 0)
      nodes_[i]->process.read_announcement();
  }
}

void supervisor::read_signals() {
  signalfd_siginfo got{};
  while (::read(signals_, &got, sizeof got) == sizeof got)
    if (got.ssi_signo != SIGCHLD) // those who ended are looked for in any case
      begin_stop(got.ssi_signo == SIGINT ? "stopping all nodes" : "asked to stop: stopping all nodes");
}

void supervisor::begin_stop(const char* why) {
  if (stop_by_ms_ != 0)
    return;
  stop_by_ms_ = now_ms() + stop_within_ms;
  say(why);
  for (auto& one : nodes_) {
    one->restart_ms = 0;
    one->process.signal(SIGTERM);
  }
}

void supervisor::end_stragglers() {
  if (now_ms() < stop_by_ms_)
    return;
  for (auto& one : nodes_)
    if (one->process.pid() > 0) {
      say("node " + one->process.name() + " does not stop: killing it");
      one->process.signal(SIGKILL);
      result_ = exit_failed;
    }
  stop_by_ms_ = now_ms() + stop_within_ms;
}

void supervisor::tell_when_ready() {
  if (told_ready_ || stop_by_ms_ != 0)
    return;
  std::string missing;
  for (const auto& one : nodes_)
    if (!one->process.ready())
      missing += (missing.empty() ? "" : ", ") + one->process.name();
  if (missing.empty()) {
    told_ready_ = true;
    print_welcome(cluster_, "up");
  } else if (now_ms() - reminded_ms_ >= remind_ms) {
    reminded_ms_ = now_ms();
    say("not ready after " + std::to_string((now_ms() - begun_ms_) / 1000) + " s; waiting for " + missing);
  }
}

bool supervisor::any_running() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& n) { return n->process.pid() > 0; });
}

} // namespace

int up(const config::cluster& cluster) {
  return supervisor(cluster).run();
}

} // namespace troupe::host
