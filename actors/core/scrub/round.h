// One comparison of a group's members: a mark in the log, the digests that everybody kept at it, and where
// they differ a second mark that has the records of the differing leaves listed.
//
// It is told what happened and says what to ask next; whoever drives it sends that and tells the answers.
// What is not answered is asked again until the round has lasted too long; then it ends without a result, and
// the schedule begins another one.
//
// Pure. One owner, one thread.
#pragma once
#include "actors/core/scrub/judge.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::scrub {

inline constexpr std::int64_t ask_again_us = 200'000;
inline constexpr std::int64_t round_us = 20'000'000;
inline constexpr std::size_t told_keys = 16; // of those that differ, for people

class round {
public:
  // The storage replicas of the group, and the epoch of the configuration that says so. `whole`: all leaves
  // are asked for, also of members that agree, for a comparison with a reference later.
  round(std::vector<std::uint64_t> members, std::uint64_t epoch, std::int64_t now, bool whole = false);

  enum class want {
    nothing, // wait
    mark,    // propose one, naming named_leaves()
    read,    // ask the members in `whom` what they kept at index()
    done,
  };
  struct step {
    want what = want::nothing;
    std::vector<std::uint64_t> whom;
    bool leaves = false;  // read: not only the root
    bool records = false; // read: the records of the leaves that were named
  };
  step next(std::int64_t now);

  // --- answers
  void marked(std::uint64_t index);
  void refused(); // the mark: this is not the leader any more
  void root(std::uint64_t member, std::uint64_t index, std::uint64_t root);
  void read_leaves(std::uint64_t member, std::uint64_t index, leaf_list leaves);
  void read_records(std::uint64_t member, std::uint64_t index, std::vector<record> records, bool all);
  void unknown(std::uint64_t member, std::uint64_t index); // it cannot say: compare without it
  void configuration_changed();                            // what was asked was asked of others

  // --- of the round
  std::uint64_t index() const { return index_; }
  std::uint64_t epoch() const { return epoch_; }
  const std::vector<std::uint32_t>& named_leaves() const { return listed_; }

  struct result {
    bool compared = false;              // all that could say agree, or their difference is known
    std::vector<std::uint64_t> members; // that were compared, ascending
    scrub::verdict verdict;
    std::vector<opinion> opinions; // what was compared; none where equal roots were enough
    std::vector<std::string> keys; // some that differ
    std::uint64_t index = 0;       // at which it was seen
  };
  // Once the step was `done`.
  const result& outcome() const { return result_; }
  std::int64_t began() const { return began_; }

private:
  enum class phase { mark, roots, leaves, mark_records, records, over };
  void move_on();
  void compare_roots();
  void compare_leaves();
  void finish();

  std::vector<std::uint64_t> members_;
  std::uint64_t epoch_;
  std::int64_t began_;
  bool whole_;
  phase phase_ = phase::mark;
  std::int64_t asked_us_ = 0;
  std::uint64_t index_ = 0;
  std::map<std::uint64_t, std::uint64_t> roots_;
  std::map<std::uint64_t, leaf_list> leaves_;
  std::map<std::uint64_t, std::vector<record>> records_;
  std::vector<std::uint64_t> mute_; // cannot say
  std::vector<std::uint32_t> listed_;
  bool listed_all_ = true;
  result result_;
};

} // namespace troupe::scrub
