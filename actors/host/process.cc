#include "actors/host/process.h"
#include "actors/kit/log.h"
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <pthread.h>
#include <sys/resource.h>
#include <thread>

namespace troupe::host {

namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

} // namespace

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    kit::log(kit::level::warning, "host", "the limit on open files could not be raised");
}

void hold_stop_signals() {
  auto set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const char* wait_for_stop_signal() {
  auto set = stop_signals();
  int which = 0;
  while (sigwait(&set, &which) != 0) {
  }
  return which == SIGINT ? "SIGINT" : "SIGTERM";
}

void end_at_the_latest(std::int64_t ms, int code) {
  std::thread([ms, code] {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    kit::log(kit::level::warning, "host", "did not end in time; ending now");
    std::_Exit(code);
  }).detach();
}

void fail_stop(const std::string& why) {
  kit::log(kit::level::error, "host", "the node ends: " + why);
  std::_Exit(exit_fail_stop);
}

const char* version() {
  return TROUPE_VERSION;
}

} // namespace troupe::host
