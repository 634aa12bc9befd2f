// When to read what again, and how fast.
//
// Everything gets its turn within a cycle: what has waited longest comes first, one thing at a time. The next
// turn of a thing begins early enough to be over within a cycle of the beginning of the last one.
//
// Pure. Times are of the caller's clock, microseconds.
#pragma once
#include <cstdint>
#include <map>
#include <optional>

namespace troupe::scrub {

class schedule {
public:
  explicit schedule(std::int64_t cycle_us) : cycle_us_(cycle_us) {}

  // Known from now on, and due at once.
  void add(std::uint64_t group, std::int64_t now);
  void remove(std::uint64_t group);
  void hurry(std::uint64_t group, std::int64_t now); // due now
  void put_off(std::uint64_t group, std::int64_t until);
  bool knows(std::uint64_t group) const { return turns_.contains(group); }

  // The one that is due for longest, if one is.
  std::optional<std::uint64_t> due(std::int64_t now) const;
  // When the next one is due; nothing: nothing is known.
  std::optional<std::int64_t> next() const;

  void begun(std::uint64_t group, std::int64_t now);
  void ended(std::uint64_t group, std::int64_t now);
  // It came to nothing: again after a while, a twentieth of the cycle and a second at most.
  void failed(std::uint64_t group, std::int64_t now);

  // When its last turn ended; 0: none has.
  std::int64_t last_end(std::uint64_t group) const;
  // For how long the one that fares worst has not had a turn that ended.
  std::int64_t oldest(std::int64_t now) const;

private:
  struct turn {
    std::int64_t added = 0;
    std::int64_t due = 0;
    std::int64_t began = 0;
    std::int64_t ended = 0; // 0: never
  };
  std::int64_t cycle_us_;
  std::map<std::uint64_t, turn> turns_;
};

// So many bytes a second.
class pace {
public:
  explicit pace(std::int64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}
  // Bytes were read now: how long to wait before more are.
  std::int64_t wait_us(std::uint64_t bytes) const;

private:
  std::int64_t bytes_per_second_;
};

} // namespace troupe::scrub
