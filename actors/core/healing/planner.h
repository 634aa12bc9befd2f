// What a group needs next to be whole again: report in, plan out.
//
// A group has its shape when it has so many storage replicas, all sound, and no other member. On the way back
// to it, each step is one change of the configuration, or something to do before the next one can be made:
//
// - A voter is silent: a log replica on another node takes its seat. Who was silent stays as a
//   learner, and is caught up, not rebuilt, should it come back within the grace time.
// - A voter is lost: the same, but it is removed. Its disk, its log or its items are gone, and it never comes
//   back. One whose items are only damaged stays as a learner until two others are sound: what is damaged in
//   them may be whole here. When nobody can take its seat and its own node lives, it is removed first: the
//   node can then be given a new member.
// - The learner is back: it takes the seat of the log replica, once it has answered for twice the time that
//   counts as silence. Who comes and goes every few seconds would cost a change of members each time. The
//   seat of a voter that is silent or lost it takes at once.
// - The learner stays away after the grace time: it is removed, and the log replica grows. It fetches the
//   items while it goes on voting, and is a storage replica when it has them. So it is with a learner that
//   answers and gets nothing of what it lacks. But its items are not given up while they are needed: it stays
//   until two other storage replicas are sound, and the log replica grows beside it.
//
// - Nobody leads, and nobody who has items is there to lead: storage replicas were lost one after the other,
//   each before its successor had grown. As long as a quorum of log replicas is there nothing is lost: one of
//   them grows from the archive, or from a learner that is back, where either reaches up to where its log
//   begins, and leads. It is then called a storage replica before anything else.
//
// Two votes of a group are never put where one loss of power takes both: a newcomer's zone has no other
// voter. Where no node is left under that rule the group stays as it is, and `stuck` says so.
//
// Thread: pure functions.
#pragma once
#include "messages/replication.pb.h"
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace troupe::healing {

enum class health {
  sound,
  silent, // may come back
  lost,   // will not, or must not: it is to be replaced though it may run
};

struct member_view {
  health is = health::sound;
  std::int64_t silent_us = 0; // so long; of any use when silent
  std::int64_t away_us = 0;   // so long whoever plans has watched it be silent without an answer in between
  std::int64_t stays_us = 0;  // so long it has answered, and got nothing of what it lacks
  std::int64_t steady_us = 0; // so long it has answered without a gap
  bool votes = true;          // lost: it still votes, so that it can wait for those who do not
  bool holds = false;         // lost: what it has is damaged, not gone, and may be all there is of some items
  bool runs = false;          // its node says so, and nothing of what is wrong with it
  bool level = false;         // has what is chosen, or nearly
  bool has_items = false;     // a log replica: holds all items, verified, and applies the log to them
  std::uint64_t chosen = 0;   // so far it knows its log to be
  std::uint64_t first = 0;    // oldest entry that its log holds
  std::uint64_t applied = 0;  // its items, if it has any, stand there
  bool gap = false;           // what is archived ends below where its log begins, by its archiver's word
  std::string what;           // is wrong with it, for people
};

// A node that could take a member, were it not for where the group's members are.
struct spare {
  std::string node;
  std::string zone;
  std::uint64_t disk = 0;
  std::uint32_t load = 0; // replicas it has; the smaller is taken
  bool troubled = false;  // something is wrong with it: it is taken when there is no other
};

struct shape {
  unsigned storage = 3;
  unsigned logs = 0; // log replicas beside them, for good
};

// Points to what the caller holds: thousands of these are made a second.
struct group_view {
  const msg::Configuration* now = nullptr;
  std::vector<member_view> members; // as in `now`
  std::uint64_t leader = 0;         // member
  std::uint64_t next_member = 0;    // an id that was never used
  std::uint64_t grows = 0;          // member that was told to fetch the items; 0: none was
  std::span<const spare> spares;
  std::vector<std::string> barred; // nodes among them that cannot take a member of this group now
};

struct rules {
  shape wanted;
  std::int64_t silence_us = 2'000'000; // before a log replica takes the seat
  std::int64_t grace_us = 300'000'000; // before the items are rebuilt elsewhere
  bool archive = false;                // there is one that items can be rebuilt from
};

struct step {
  enum class kind {
    none,
    change,    // propose `target`; `newcomer` is to run first, 0: there is none
    hand_over, // the leader is to be replaced: another one leads first
    grow,      // `member`, a log replica, is to fetch the items
  };
  kind what = kind::none;
  msg::Configuration target;
  std::uint64_t newcomer = 0;
  std::uint64_t member = 0;
  std::string why;   // for people
  std::string stuck; // what would have to be done and cannot be, for people
};

step next_step(const group_view& view, const rules& by);
// What is stuck where the archive was behind a snapshot that members were given (decision 018).
inline constexpr auto archive_ends_below =
    "what is archived ends below where their logs begin: a node with items has to come back with its disk";

// Voters that are sound: the fewer, the more endangered is the group.
unsigned sound_voters(const group_view& view);
// The configuration has its shape and everybody in it is sound.
bool whole(const group_view& view, const shape& wanted);

} // namespace troupe::healing
