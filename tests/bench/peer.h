// A server that Troupe is compared with, as one thread of the bench sees it. The loop that asks, the loads,
// the histograms and the report are the same for all (closed_loop.h and actors/host/bench); what differs is
// this.
#pragma once
#include "actors/host/bench/report.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe::bench {

// Connections of one thread, shared by its clients 0 .. clients-1, each of which has one request under way at
// most. Not thread-safe. Connections that break throw std::runtime_error: a run without its server is void.
class peer {
public:
  using heard = std::function<void(std::uint32_t client, ending how)>;

  peer() = default;
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;
  virtual ~peer() = default;

  // A read that sees every write acknowledged before it, as far as the server promises that at all.
  virtual void read(std::uint32_t client, const std::string& key) = 0;
  // Acknowledged when two of three servers have it.
  virtual void write(std::uint32_t client, const std::string& key, const std::string& value) = 0;
  // Waits for answers, a tenth of a second at most, and tells each as soon as it is read. read() and write()
  // may be called from within tell().
  virtual void step(const heard& tell) = 0;
};

// Called once per thread, in that thread.
using peer_maker = std::function<std::unique_ptr<peer>(std::uint32_t clients)>;

} // namespace troupe::bench
