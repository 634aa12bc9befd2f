// Who is wrong: digests of a group's members at one index in, a verdict out.
//
// A leaf of the key space is what two members agree on against the third. Among themselves only one member
// can be found wrong, and only by two others that agree with each other about everything. With two members,
// with three different opinions, or with a different member wrong in each of two leaves nobody is condemned:
// a repair would be a guess, and a guess can put a wrong copy in the place of a right one.
//
// A `reference`, the copy rebuilt from the archive, decides between members that differ: those it confirms in
// everything are right, all others are wrong, however many. It alone condemns nobody: where no member is like
// it, the archive is what is to be doubted first.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::scrub {

struct leaf {
  std::uint64_t sum = 0;
  std::uint64_t items = 0;
  bool operator==(const leaf&) const = default;
};
using leaf_list = std::vector<leaf>;

struct opinion {
  std::uint64_t member = 0;
  leaf_list leaves;       // all have the same number
  bool reference = false; // not a member: what the items must be
};

struct verdict {
  std::vector<std::uint32_t> differing; // leaves, ascending; none: all agree
  std::vector<std::uint64_t> wrong;     // members; none: all agree, or it cannot be told
  bool reference_alone = false;         // the members agree with each other, and not with the reference
  bool agreed() const { return differing.empty(); }
};

// At most one opinion may be the reference.
verdict judge(const std::vector<opinion>& opinions);

// A member, and which copy of the items it has: another one after each rebuild. Copies that were found equal,
// and of which none has been replaced since, are witnesses of their own; a copy made from another one is that
// one's echo. Lineage 0 is nobody's.
struct witness {
  std::uint64_t member = 0;
  std::uint64_t lineage = 0;
  bool operator==(const witness&) const = default;
};
// Whether all of `asked` are among those who were found equal.
bool were_equal(const std::vector<witness>& found_equal, const std::vector<witness>& asked);

struct record {
  std::string key;
  std::uint64_t check = 0;
  bool operator==(const record&) const = default;
};
struct listing {
  std::uint64_t member = 0;
  std::vector<record> records; // ascending by key
};
// Keys that are not the same in all listings, ascending; at most `max`.
std::vector<std::string> differing_keys(const std::vector<listing>& listings, std::size_t max);

} // namespace troupe::scrub
