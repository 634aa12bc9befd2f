// Decides whether a history of registers is linearizable: whether the operations can be put in one order in
// which each takes effect between its invocation and its return, and every answer is what a single register
// per key would have answered.
//
// Keys are independent (linearizability is local: Herlihy and Wing, "Linearizability: a correctness condition
// for concurrent objects", 1990, section 3.3), so each is searched on its own, by Wing and Gong's depth-first
// search ("Testing and verifying concurrent objects", 1993) with Lowe's memory of visited configurations
// ("Testing for linearizability", 2016). Four facts about registers keep it from exploding; search.cc states
// and argues them.
//
// The search is exact. It may run out of its budget: then the verdict is `undecided`, which a test must treat
// as a failure, for the history has not been checked.
#pragma once
#include "tests/linearizability/history.h"
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::linearizability {

enum class verdict : std::uint8_t { linearizable, violation, undecided };

struct budget {
  std::uint64_t steps = 20'000'000;  // operations tried, per key
  std::chrono::milliseconds time{0}; // for the whole history; 0: no bound. Makes verdicts depend on load.
  std::size_t memory = 1u << 30;     // bytes of visited configurations, per key
};

struct options {
  budget limits;
  std::map<std::string, std::string> initial; // registers that exist before the history; others are absent
  bool explain = true; // violations come with an explanation, at about 20 times the cost
};

// What is wrong with one key.
struct finding {
  std::string key;
  verdict result = verdict::linearizable;
  std::size_t operations = 0;
  std::string explanation; // several lines for people
};

struct report {
  verdict result = verdict::linearizable; // violation if any key has one, else undecided if any is
  std::size_t keys = 0;
  std::size_t operations = 0;
  std::uint64_t steps = 0;
  std::vector<finding> findings; // keys that are not linearizable, in order of keys

  bool ok() const { return result == verdict::linearizable; }
  std::string text() const; // for people: a line of totals, then each finding
};

// The operations may come in any order. Malformed ones (a return before the invocation, a get that is
// condition_failed) abort with a message: they are errors of the test that recorded them.
report check(const std::vector<operation>& history, const options& how = {});

const char* name_of(verdict result);

} // namespace troupe::linearizability
