// What the test of the metrics needs of the world outside: a page fetched over HTTP, and programs that are
// given something to read and watched while they run. Loopback only; every wait has an end.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::metrics_test {

using std::chrono::milliseconds;

struct page {
  int status = 0; // 0: no answer
  std::string body;
};

// GET http://127.0.0.1:port/target.
page fetch(std::uint16_t port, const std::string& target, milliseconds within = milliseconds(5'000));
std::string percent_encoded(const std::string& text);

// A port of loopback that was free a moment ago.
std::uint16_t free_port();

struct ending {
  int status = -1;    // as waitpid says; -1: it could not be started, or was killed when time was up
  std::string output; // stdout and stderr together
};
// Runs a program, found on PATH, with `input` as its standard input.
ending run(const std::vector<std::string>& command, const std::string& input, milliseconds within);

// A server program that runs as long as this object, with its output in a file. Dies with the test in any
// case.
class server {
public:
  server(const std::vector<std::string>& command, std::string output_file);
  ~server(); // SIGTERM, and SIGKILL when it does not end soon
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  bool running();
  std::string output() const;

private:
  std::string output_file_;
  pid_t child_ = -1;
};

} // namespace troupe::metrics_test
