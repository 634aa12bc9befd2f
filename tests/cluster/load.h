// Clients that write and read registers, and remember every question and answer for the linearizability
// checker. A register is an item: absent, or holding a value no other write wrote.
#pragma once
#include "actors/client/client.h"
#include "tests/linearizability/history.h"
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::cluster_test {

struct load_options {
  std::string table;
  int clients = 8;
  int keys = 16;
  std::uint64_t seed = 1;
  std::chrono::milliseconds timeout{8'000};
  bool reads = true;
  std::string tag;           // before every key and value, so that loads of one table differ
  std::size_t pad_bytes = 0; // of each item beside its value
};

// When writes were acknowledged, for measuring gaps.
struct acknowledgements {
  std::vector<std::int64_t> at_us; // steady clock, ascending
  // The longest time without an acknowledgement within [from, to].
  std::int64_t longest_gap_us(std::int64_t from_us, std::int64_t to_us) const;
};

class load {
public:
  // Each client is a thread; all share the sessions in turn.
  load(std::vector<client::session*> sessions, load_options options);
  ~load();

  void start();
  void stop(); // every operation under way is finished first

  std::vector<linearizability::operation> history() const; // after stop()
  acknowledgements acknowledged() const;
  std::uint64_t succeeded() const { return ok_; }
  std::uint64_t unknown() const { return unknown_; }
  std::uint64_t refused() const { return refused_; }
  std::string answers() const; // how often each kind of refusal came, for people

private:
  void run(int client);

  std::vector<client::session*> sessions_;
  load_options options_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;
  std::vector<linearizability::operation> history_;
  std::vector<std::int64_t> acknowledged_;
  std::map<std::string, std::uint64_t> answers_;
  void count(const msg::Status& status);
  std::atomic<std::uint64_t> ok_{0};
  std::atomic<std::uint64_t> unknown_{0};
  std::atomic<std::uint64_t> refused_{0};
};

std::int64_t steady_us();

} // namespace troupe::cluster_test
