// The command line of a peer's bench program: the options of `troupe bench` that make sense here, by the same
// names, with the same CSV.
#pragma once
#include "tests/bench/peer.h"
#include <string>
#include <vector>

namespace troupe::bench {

struct peer_address {
  std::vector<std::string> servers; // HOST:PORT
  std::uint32_t connections = 0;    // of all threads; 0: one for each client
  std::uint32_t threads = 1;
};

// Blocks until the servers are ready; throws std::runtime_error when they are not in half a minute. What it
// returns connects to them.
using peer_finder = std::function<peer_maker(const peer_address& where)>;

struct peer_program {
  std::string target; // the CSV's first column
  std::string about;  // one line of help
  std::uint32_t connections = 0;
  peer_finder find;
};

// Returns the exit code: 0 done, 1 the servers failed, 2 the command line is wrong.
int peer_main(const peer_program& program, int argc, char** argv);

} // namespace troupe::bench
