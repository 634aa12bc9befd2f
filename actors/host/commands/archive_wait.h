// How far a table's partitions must be in the archive before it is read, and whether they are: what a restore
// waits for, and what it compares with what it has read. Apart from the command that waits, so that every way
// in which the cluster's word may be old can be tried without waiting.
//
// Threads: values.
#pragma once
#include "messages/table.pb.h"
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::commands {

class archive_wait {
public:
  // Nodes tell of each replica once in ten seconds at least, and a replica's archiver hears once in a second
  // how its log stands: what they say after that was not so before this began.
  static constexpr std::chrono::milliseconds news_are_new{12'000};

  explicit archive_wait(const std::vector<std::uint64_t>& groups);

  // The archive holds a command of that group that is younger than the time that is wanted: whatever is older
  // lies before it.
  void holds_younger(std::uint64_t group);
  // What the cluster says, `elapsed` after this began.
  void look(const msg::AdminReply& status, std::chrono::milliseconds elapsed);

  bool done() const;
  bool nothing_is_archived() const { return no_archive_; } // the cluster has no archive
  std::string behind() const;                              // which is not there yet, and why, for people
  // The entry that the archive was seen to reach; 0: the one that is younger than the time wanted.
  std::uint64_t reaches(std::uint64_t group) const { return parts_.at(group).reaches; }

private:
  struct part {
    std::uint64_t wanted = 0; // entry; 0: not known yet
    bool there = false;
    std::uint64_t reaches = 0;
    std::string why = " has no leader";
  };
  std::map<std::uint64_t, part> parts_;
  bool no_archive_ = false;
};

} // namespace troupe::commands
