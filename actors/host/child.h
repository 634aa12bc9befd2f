// One child process of `troupe up`: a node, with its output passed on line by line.
#pragma once
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::host {

// Cuts a stream into lines, each with its node's name in front.
class line_prefixer {
public:
  explicit line_prefixer(std::string prefix) : prefix_(std::move(prefix)) {}
  // The whole lines that are complete with these bytes, prefixed.
  std::string take(const char* bytes, std::size_t count);
  // What is left of the last line, prefixed and ended; empty when nothing is.
  std::string rest();

private:
  std::string prefix_;
  std::string partial_;
};

class child {
public:
  child(std::string name, std::string prefix);
  ~child();
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  // Forks and executes this very program with the arguments. The child is in a process group of its own (so
  // that Ctrl-C reaches only us), and is asked to stop when we die. False when it could not be started.
  bool start(const std::vector<std::string>& arguments);
  void signal(int number) const;
  // It has been waited for, with this status. Passes on what is left of its output.
  void ended(int status);

  const std::string& name() const { return name_; }
  pid_t pid() const { return pid_; } // 0: does not run
  bool ready() const { return ready_; }
  int last_status() const { return status_; }

  // What poll(2) should look at; -1: closed.
  int output() const { return output_; }
  int announcement() const { return announcement_; }
  void read_output();
  void read_announcement();

private:
  std::string name_;
  line_prefixer lines_;
  pid_t pid_ = 0;
  int status_ = 0;
  int output_ = -1;       // its stdout and stderr
  int announcement_ = -1; // see ready_fd_variable
  bool ready_ = false;
};

} // namespace troupe::host
