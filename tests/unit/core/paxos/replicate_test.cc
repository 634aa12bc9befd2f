// The ordinary life of a group: elect, propose, commit, fall behind and catch up, within bounds.
#include "config/limits.h"
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos::testing {
namespace {

using items = std::vector<std::string>;
using body = msg::PaxosMessage;

cluster three() {
  return cluster({member(1), member(2), member(3, msg::LOG_REPLICA)});
}

TEST(replicate, a_first_leader_serves_once_its_own_noop_is_applied) {
  cluster c = three();
  c[1].campaign(c.now);
  c.settle();
  EXPECT_EQ(c[1].role(), role::leader);
  EXPECT_TRUE(c[1].serving(c.now));
  EXPECT_EQ(c[1].commit(), 1u); // the no-op
  EXPECT_EQ(c[2].leader(), 1u);
}

TEST(replicate, what_is_proposed_reaches_every_item_store_in_order) {
  cluster c = three();
  c.elect(1);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(c.write(1, "w" + std::to_string(i)));
  c.run(400'000); // a heartbeat tells the followers that the last one is chosen
  items expected{"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9"};
  EXPECT_EQ(c.at(1).items, expected);
  EXPECT_EQ(c.at(2).items, expected);
  EXPECT_EQ(c[3].commit(), 11u); // the log replica knows it too, and applies nothing
}

TEST(replicate, a_group_of_one_is_a_quorum_of_one) {
  cluster c({member(5)});
  c.elect(5);
  EXPECT_TRUE(c.write(5, "alone"));
  EXPECT_EQ(c.at(5).items, items{"alone"});
  c.run(10'000'000);
  EXPECT_TRUE(c[5].serving(c.now));
  EXPECT_EQ(c.elections_won(), 1u);
}

TEST(replicate, nobody_counts_before_its_disk) {
  cluster c = three();
  c.elect(1);
  c.isolate(3);
  c.hold_disk(1);
  ASSERT_TRUE(c[1].propose("x", c.now));
  c.settle();
  EXPECT_EQ(c[1].commit(), 1u) << "the follower's vote alone is not a quorum";
  c.release_disk(1);
  c.settle();
  EXPECT_EQ(c[1].commit(), 2u);

  c.hold_disk(2);
  ASSERT_TRUE(c[1].propose("y", c.now));
  c.settle();
  EXPECT_EQ(c[1].commit(), 2u) << "the follower has not answered: it has not written";
  c.release_disk(2);
  c.settle();
  EXPECT_EQ(c[1].commit(), 3u);
}

TEST(replicate, proposals_made_while_the_disk_is_busy_share_the_next_accept) {
  cluster c = three();
  c.elect(1);
  c.hold_disk(1);
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(c[1].propose("w" + std::to_string(i), c.now));
  c.trace.clear();
  c.settle();
  for (int i = 20; i < 40; ++i)
    ASSERT_TRUE(c[1].propose("w" + std::to_string(i), c.now));
  c.release_disk(1);
  c.settle();
  auto accepts = std::count_if(c.trace.begin(), c.trace.end(),
                               [](const std::string& line) { return line.find("1->2 Accept ") == 0; });
  EXPECT_EQ(accepts, 2);
  EXPECT_EQ(c.at(1).items.size(), 40u);
}

TEST(replicate, lost_accepts_are_sent_again_from_the_gap) {
  cluster c = three();
  c.elect(1);
  ASSERT_TRUE(c[1].propose("lost", c.now));
  c.pump(1);
  c.drop(both(toward(2), is(body::kAccept)));
  c.settle();
  ASSERT_TRUE(c[1].propose("next", c.now));
  c.trace.clear();
  c.settle();
  c.run(400'000);
  EXPECT_EQ(c.at(2).items, (items{"lost", "next"}));
  EXPECT_NE(std::find(c.trace.begin(), c.trace.end(), "2->1 Accepted 1.1 gap: need 2"), c.trace.end());
}

TEST(replicate, a_lost_last_accept_is_sent_again_after_a_silence) {
  cluster c = three();
  c.elect(1);
  ASSERT_TRUE(c[1].propose("lost", c.now));
  c.pump(1);
  c.drop(is(body::kAccept));
  c.run(1'000'000);
  EXPECT_EQ(c.at(1).items, items{"lost"});
  EXPECT_EQ(c.at(2).items, items{"lost"});
}

TEST(replicate, duplicates_and_old_messages_change_nothing) {
  cluster c = three();
  c.elect(1);
  std::vector<msg::PaxosMessage> seen;
  c.keep_back = [&](const msg::PaxosMessage& m) {
    seen.push_back(m);
    return false;
  };
  for (int i = 0; i < 5; ++i)
    c.write(1, "w" + std::to_string(i));
  c.run(1'000'000);
  c.keep_back = {};
  items expected = c.at(1).items;
  std::reverse(seen.begin(), seen.end());
  for (const msg::PaxosMessage& m : seen)
    c[m.to()].step(m, c.now);
  c.run(1'000'000);
  c.write(1, "after");
  c.run(400'000);
  expected.push_back("after");
  EXPECT_EQ(c.at(1).items, expected);
  EXPECT_EQ(c.at(2).items, expected);
  EXPECT_EQ(c.elections_won(), 1u);
}

TEST(replicate, accepts_that_overtake_each_other_leave_no_hole) {
  cluster c = three();
  c.elect(1);
  for (int i = 0; i < 4; ++i) {
    c[1].propose("w" + std::to_string(i), c.now);
    c.pump(1);
  }
  std::reverse(c.wire.begin(), c.wire.end());
  c.settle();
  c.run(1'000'000);
  EXPECT_EQ(c.at(2).items, (items{"w0", "w1", "w2", "w3"}));
}

TEST(replicate, a_slow_follower_is_sent_one_window_and_stalls_nobody) {
  cluster c = three();
  c.elect(1);
  c.keep_back = both(from(2), is(body::kAccepted));
  std::string big(1 << 20, 'x');
  for (int i = 0; i < 12; ++i)
    EXPECT_TRUE(c.write(1, big)) << i;
  std::size_t sent = 0;
  for (const std::string& line : c.trace)
    sent += line.find("1->2 Accept ") == 0;
  EXPECT_EQ(c.at(1).items.size(), 12u) << "the log replica makes the quorum";
  EXPECT_LE(sent, 1 + limits::follower_window_bytes / big.size() + 1);
  c.keep_back = {};
  c.run(2'000'000);
  EXPECT_EQ(c.at(2).items.size(), 12u);
}

// What does not get onto its disk stays in its memory: the leader sends a window of it and no more, however
// long that lasts.
TEST(replicate, a_follower_whose_disk_hangs_is_not_filled_up) {
  cluster c({member(1), member(2), member(3)}, [](options& o) { o.bounds.follower_window_bytes = 64 << 10; });
  c.elect(1);
  c.run(400'000);
  c.hold_disk(2);
  auto before = c[2].last_index();
  std::string some(16 << 10, 'x');
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(c.write(1, some)) << i;
    c.run(100'000);
  }
  EXPECT_EQ(c.at(1).items.size(), 200u);
  EXPECT_LE(c[2].last_index() - before, ((64 << 10) + limits::append_bytes) / some.size())
      << "a window, and a message";
  c.release_disk(2);
  c.run(5'000'000);
  EXPECT_EQ(c.at(2).items.size(), 200u);
}

TEST(replicate, the_window_of_entries_in_flight_is_bounded) {
  cluster c = three();
  c.elect(1);
  c.isolate(1);
  std::size_t taken = 0;
  while (c[1].window_open(1) && taken <= limits::inflight_entries)
    taken += c[1].propose("x", c.now).has_value();
  EXPECT_EQ(taken, limits::inflight_entries);
  EXPECT_FALSE(c[1].propose("one more", c.now));
}

TEST(replicate, the_window_is_bounded_in_bytes_too) {
  cluster c = three();
  c.elect(1);
  c.isolate(1);
  std::string big(1 << 20, 'x');
  std::size_t taken = 0;
  while (c[1].propose(big, c.now))
    ++taken;
  EXPECT_EQ(taken, limits::inflight_entry_bytes / (big.size() + 64));
  EXPECT_FALSE(c[1].propose(std::string(limits::command_bytes + 1, 'x'), c.now));
}

TEST(replicate, entries_leave_memory_and_are_read_back_for_who_needs_them) {
  cluster c = three();
  c.elect(1);
  c.isolate(2);
  std::string big(512 << 10, 'x');
  items expected;
  for (int i = 0; i < 30; ++i) {
    expected.push_back(big + std::to_string(i));
    ASSERT_TRUE(c.write(1, expected.back()));
  }
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.at(2).items.size() == 30; }));
  EXPECT_EQ(c.at(2).items, expected);
}

TEST(replicate, malformed_messages_are_counted_and_ignored) {
  cluster c = three();
  c.elect(1);
  c.write(1, "a");
  auto before_it = c[2].counters();
  msg::PaxosMessage m;
  m.set_group(cluster::group_id);
  m.set_from(1);
  m.set_to(2);
  m.set_epoch(1);
  c[2].step(m, c.now); // says nothing
  m.mutable_accept()->mutable_ballot()->set_round(9);
  m.mutable_accept()->mutable_ballot()->set_member(2); // somebody else's ballot
  c[2].step(m, c.now);
  m.mutable_accept()->mutable_ballot()->set_member(1);
  msg::Entry& entry = *m.mutable_accept()->add_entries();
  m.mutable_accept()->set_previous_index(2);
  entry.set_index(4); // a hole
  c[2].step(m, c.now);
  EXPECT_EQ(c[2].counters().ignored, before_it.ignored + 3);
  entry.set_index(3);
  *entry.mutable_ballot() = m.accept().ballot();
  entry.set_link(77); // not the link of these bytes
  c[2].step(m, c.now);
  EXPECT_EQ(c[2].counters().links_refused, before_it.links_refused + 1);
  EXPECT_EQ(c[2].ballot().round(), 1u) << "and none of them was promised anything";
}

TEST(replicate, truncation_waits_for_every_member_or_for_the_bytes_to_keep) {
  cluster c = three();
  c.elect(1);
  for (int i = 0; i < 10; ++i)
    c.write(1, std::string(1000, 'x'));
  c.run(400'000);
  c[1].applied_durably(11, c.now);
  EXPECT_EQ(c[1].truncatable(1 << 20), 0u) << "member 2 has applied nothing durably";
  EXPECT_EQ(c[1].truncatable(3 * 1000), 8u) << "but nobody holds up more than the bytes to keep";
  c[2].applied_durably(9, c.now);
  c.run(700'000);
  EXPECT_EQ(c[1].truncatable(1 << 20), 9u);
  EXPECT_EQ(c[2].truncatable(1 << 20), 9u) << "the leader's heartbeat told it";
  c[1].truncated(9);
  EXPECT_EQ(c[1].first_index(), 10u);
  EXPECT_TRUE(c.write(1, "after"));
}

} // namespace
} // namespace troupe::paxos::testing
