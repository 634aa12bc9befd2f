// Whether a TCP connection can be made, within a time of our choosing.
//
// CAF connects with a blocking call that has no deadline (0.17.6): into a network that drops packets it hangs
// for two minutes, and longer after each lost packet, so a link that heals would be found late, and a process
// that ends would wait for it. So a dialler knocks first.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace troupe::kit {

// Connects and hangs up at once. Empty when that worked, else why not, for people. Blocks for `patience` at
// most with a numeric address; resolving a name takes as long as the system's resolver does.
std::string knock(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience);

} // namespace troupe::kit
