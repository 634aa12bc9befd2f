// What belongs to the process as a whole: how it ends, its signals, its limits.
#pragma once
#include <cstdint>
#include <string>

namespace troupe::host {

// What `troupe` ends with when it is not a client's command; docs/operating.md tells operators.
enum exit_code : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,     // the command line
  exit_config = 3,    // the cluster file
  exit_busy = 4,      // a port or the data directory is in use: may pass
  exit_data = 5,      // the data directory cannot or must not be used: will not pass by itself
  exit_fail_stop = 70 // the disk did not keep what it was given: a restart finds out what is there
};

// As many open files as the system allows: each replica's item store needs up to three.
void raise_file_limit();

// From now on SIGINT and SIGTERM wait for wait_for_stop_signal(), in all threads started later, and SIGPIPE
// is ignored. Call it before any thread is started.
void hold_stop_signals();
// The signal's name.
const char* wait_for_stop_signal();

// Ends the process if it still runs after that long. For an orderly end that hangs.
void end_at_the_latest(std::int64_t ms, int code);

// Ends the process now, after a line in the log.
[[noreturn]] void fail_stop(const std::string& why);

// The program's version.
const char* version();

} // namespace troupe::host
