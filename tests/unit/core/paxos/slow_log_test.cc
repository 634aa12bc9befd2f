// Logs that have left memory: what must be read back comes later and in pieces, and nobody who has to answer
// at once depends on it.
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos::testing {
namespace {

constexpr std::size_t payload = 400;
constexpr std::size_t piece = 4 * payload;

void little_memory(options& o) {
  o.bounds.cached_entry_bytes = 2 * payload;
}

void write_many(cluster& c, member_id leader, int count) {
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(c.write(leader, std::string(payload, static_cast<char>('a' + i % 26))));
}

// 1 leads and dies, 2 is a log replica, 3 was away: only 3 can lead, and lacks far more than 2 has in memory.
TEST(slow_log, who_lacks_what_must_be_read_catches_up_first_and_leads_then) {
  cluster c({member(1), member(2, msg::LOG_REPLICA), member(3)}, little_memory);
  for (auto& [id, n] : c.nodes)
    n.read_bytes = piece;
  c.elect(1);
  c.isolate(3);
  write_many(c, 1, 60);
  c.heal();
  c.crash(1);
  EXPECT_TRUE(c.run_until([&] { return c.leader() == 3; })) << c[3].describe();
  EXPECT_GE(c[3].commit(), 60u);
}

TEST(slow_log, a_follower_that_is_far_behind_is_sent_piece_after_piece_without_waiting_for_heartbeats) {
  cluster c({member(1), member(2), member(3)}, little_memory);
  for (auto& [id, n] : c.nodes)
    n.read_bytes = piece;
  c.elect(1);
  c.isolate(3);
  write_many(c, 1, 200); // 50 pieces
  c.heal();
  auto since = c.now;
  ASSERT_TRUE(c.run_until([&] { return c[3].commit() >= 200; }));
  EXPECT_LT(c.now - since, 8 * c.at(1).opts.heartbeat) << "not one piece a heartbeat";
}

// Both are behind, at different places, and share one reader that holds one piece.
TEST(slow_log, two_that_are_behind_at_different_places_do_not_starve_each_other) {
  cluster c({member(1), member(2), member(3), member(4), member(5)}, little_memory);
  for (auto& [id, n] : c.nodes)
    n.read_bytes = piece;
  c.elect(1);
  c.isolate(4);
  write_many(c, 1, 100);
  c.isolate(5);
  write_many(c, 1, 100);
  c.heal();
  EXPECT_TRUE(c.run_until([&] { return c[4].commit() >= 200 && c[5].commit() >= 200; }));
}

} // namespace
} // namespace troupe::paxos::testing
