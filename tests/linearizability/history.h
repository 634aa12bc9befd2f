// What clients saw: a history of operations on registers, one register per key.
//
// A test that runs clients against Troupe (simulated, in one process, or several) writes down when it asked,
// what it asked, when the answer came and what it said. checker.h then decides whether any single copy of the
// data could have answered so. A history file (history_file.h) holds the same for several processes.
//
// How an outcome must be recorded decides whether the check means anything:
//   ok                the answer came and said that it was done
//   condition_failed  the answer came and said that the condition did not hold (cas only); nothing changed
//   failed            it is certain that nothing was or will be done (refused before it was proposed)
//   unknown           anything else: a timeout, a lost connection, a crash of the client. The operation may
//                     take effect once, at any time after it was invoked, or never.
// Recording `failed` for what was merely not answered makes a right system look wrong; recording `unknown`
// for everything makes a wrong system look right.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace troupe::linearizability {

using value = std::optional<std::string>; // nullopt: the register is absent

enum class action : std::uint8_t {
  put,    // writes `written`
  remove, // makes the register absent, whether or not it was there
  get,    // ok: `read` is what it saw
  cas,    // if the register is `expected` (nullopt: absent), makes it `written` (nullopt: absent)
};

enum class outcome : std::uint8_t { ok, condition_failed, failed, unknown };

inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

// Times are in any unit, on one clock for the whole history. An operation precedes another when it returned
// strictly before the other was invoked; equal times count as concurrent, so a coarse clock can hide a
// violation and never invents one.
struct operation {
  std::string client; // for people only
  std::string key;
  action what = action::get;
  value written;
  value expected;
  value read;
  outcome result = outcome::unknown;
  std::int64_t invoked = 0;
  std::int64_t returned = never; // ignored when the result is unknown

  bool operator==(const operation&) const = default;
};

// Collects a history in memory. Not thread-safe: for the simulation and for single-threaded clients.
class recorder {
public:
  using handle = std::size_t;

  // `asked` carries client, key, what, written and expected. Until complete(), it is of unknown outcome.
  handle invoke(operation asked, std::int64_t now);
  void complete(handle which, outcome result, std::int64_t now, value read = std::nullopt);

  const std::vector<operation>& operations() const { return operations_; }

private:
  std::vector<operation> operations_;
};

// One line for people: "c1  [10, 25]  cas x: \"1\" -> \"2\"  ok".
std::string describe(const operation& op);
std::string describe(const value& v); // quoted, shortened past 40 bytes; "absent"

const char* name_of(action what);
const char* name_of(outcome result);

} // namespace troupe::linearizability
