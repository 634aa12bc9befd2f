// The world of one simulated run: time, what happens next, chance, and what was seen.
//
// Time is global and simulated; nothing in a run reads a real clock, so a run that spans a minute takes
// milliseconds and replays exactly. Events that fall on the same microsecond happen in the order in which
// they were scheduled.
//
// Everything worth knowing is note()d: it goes into the run's digest, into a short memory that is printed
// when something is found, and to the terminal when the run is traced. Two runs of one seed have equal
// digests.
#pragma once
#include "actors/core/paxos/group.h"
#include "tests/sim/world/dice.h"
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::sim {

using paxos::instant;
using paxos::log_index;
using paxos::member_id;

inline constexpr instant millisecond = 1'000;
inline constexpr instant second = 1'000'000;

// What a checker has to say against a run.
struct finding {
  std::string checker;
  std::string what;
  instant when = 0;
};

class world {
public:
  // traced: every note is printed to stdout as it happens.
  world(std::uint64_t seed, bool traced);

  instant now() const { return now_; }
  dice& chance() { return dice_; }

  void at(instant when, std::function<void()> what); // in the past: as soon as possible
  void after(instant delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  void after_each_event(std::function<void()> what) { after_each_ = std::move(what); }

  // Runs events up to and including `when`, then stands at `when`. Stops at the first finding.
  void run_until(instant when);
  // Like run_until, and stops when `done` holds after an event. True when it did.
  bool run_until(instant when, const std::function<bool()>& done);

  // `format` must be a literal (it is kept by address): {} prints a number in decimal, {x} in hexadecimal.
  template <class... Numbers>
  void note(const char* format, Numbers... numbers) {
    static_assert(sizeof...(Numbers) <= 6);
    remember({now_, format, {static_cast<std::uint64_t>(numbers)...}});
  }
  // Text for people, made only when the run is traced; not part of the digest.
  bool traced() const { return traced_; }
  void tell(const std::string& text) const;

  // The first finding ends the run; later ones are ignored.
  void find(std::string checker, std::string what);
  // Findings of these checkers are not taken note of: to see whether others would have noticed.
  void silence(std::set<std::string> checkers) { silenced_ = std::move(checkers); }
  const std::optional<finding>& found() const { return found_; }

  std::uint64_t digest() const { return digest_; }
  std::uint64_t events() const { return events_; }
  void mix(std::uint64_t number) { digest_ = (digest_ ^ number) * 0x9e3779b97f4a7c15ULL + (digest_ >> 29); }

  std::string recent(std::size_t lines) const; // the last notes, oldest first

private:
  struct event {
    instant when;
    std::uint64_t order;
    std::function<void()> what;
  };
  struct record {
    instant when;
    const char* format;
    std::array<std::uint64_t, 6> numbers;
  };
  static bool later(const event& a, const event& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }
  void remember(const record& r);
  static std::string text_of(const record& r);

  instant now_ = 0;
  dice dice_;
  bool traced_;
  std::vector<event> heap_;
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t digest_ = 0;
  std::deque<record> memory_;
  std::function<void()> after_each_;
  std::optional<finding> found_;
  std::set<std::string> silenced_;
};

} // namespace troupe::sim
