// Which replicas' news the metadata leader has not heard yet. The first report of a process tells all; later
// ones tell what changed since the newest report that was answered, so that a thousand idle replicas cost
// nothing to report.
//
// Thread: one owner.
#pragma once
#include "messages/table.pb.h"
#include <cstdint>
#include <map>
#include <string>

namespace troupe::agent {

class report_book {
public:
  // The newest word of a replica. True when it is news: what only counts time does not count.
  bool note(const msg::ReplicaReport& replica);
  // The group runs here no more.
  void forget(std::uint64_t group);

  // Puts sequence, base, replicas and gone into the report.
  void fill(msg::NodeReport& report);
  // The report with this sequence was answered. `resend`: the leader could not use it.
  void answered(std::uint64_t sequence, bool resend);
  // The leader is another one: it knows nothing.
  void start_over();

  const msg::ReplicaReport* find(std::uint64_t group) const;

  // In entries, by the newest word of each replica: the most that a follower of a group led here lacks, and
  // the most that a replica here has in its log and has not applied.
  struct lag {
    std::uint64_t log = 0;
    std::uint64_t apply = 0;
  };
  lag worst() const;

  // In all replicas here that have items, by their newest word.
  struct amount {
    std::uint64_t items = 0;
    std::uint64_t bytes = 0; // by DynamoDB's rule
  };
  amount held() const;

private:
  struct line {
    msg::ReplicaReport replica;
    std::string digest;        // without what changes all the time
    std::uint64_t changed = 0; // must be told in reports up to the first answered one after this sequence
    bool gone = false;
  };
  std::map<std::uint64_t, line> lines_;
  std::uint64_t sequence_ = 0; // of the newest report made
  std::uint64_t base_ = 0;     // newest that was answered; 0: none
};

} // namespace troupe::agent
