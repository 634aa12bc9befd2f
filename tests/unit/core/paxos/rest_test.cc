// A quiet group leaves its heartbeats to deputies, and loses nothing by it.
#include "actors/core/paxos/deputy.h"
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos {
namespace {

using namespace testing;

constexpr instant heartbeat = 300'000;
constexpr instant lease = 1'500'000;

// A group whose members have written something and have nothing more to do; one deputy each.
struct quiet_group {
  cluster c{{member(1), member(2), member(3)}};
  std::map<member_id, deputy> deputies;

  quiet_group() {
    c.elect(1);
    c.write(1, "w");
    c.run(2 * heartbeat); // until everybody knows that it is chosen
    flush();
    c.run(3 * heartbeat);
  }

  void flush() {
    for (auto& [id, n] : c.nodes)
      n.member->applied_durably(n.member->applied_index(), c.now);
  }

  bool rest(member_id id) { return c[id].rest(deputies[id], c.now); }
  bool all_rest() { return rest(1) && rest(2) && rest(3); }

  // What a node's pulse does, with the answer; no member is asked.
  bool pulse_to(member_id to) {
    const deputy& leader = deputies[1];
    instant sent = c.now;
    bool granted = leader.leads() && deputies[to].beat(leader.ballot(), leader.commit(), c.now);
    if (granted)
      deputies[1].answered(to, sent, c.now);
    return granted;
  }

  void sleep(instant time) { c.now += time; } // nobody ticks
};

TEST(rest, a_group_rests_once_everybody_has_everything_and_knows_it) {
  quiet_group g;
  EXPECT_TRUE(g.all_rest());
  EXPECT_TRUE(g.deputies[1].leads());
  EXPECT_TRUE(g.deputies[2].follows());
}

TEST(rest, nobody_rests_while_a_write_is_on_its_way) {
  quiet_group g;
  ASSERT_TRUE(g.all_rest());
  g.c.hold_disk(2);
  g.c.hold_disk(3);
  g.c.write(1, "more");
  EXPECT_FALSE(g.rest(1));
  EXPECT_FALSE(g.rest(2));
  EXPECT_FALSE(g.deputies[1].leads()) << "the deputy was dismissed";
  g.c.release_disk(2);
  g.c.release_disk(3);
  g.c.run(heartbeat);
  g.flush();
  g.c.run(3 * heartbeat);
  EXPECT_TRUE(g.all_rest());
}

TEST(rest, nobody_rests_before_the_items_are_durable_everywhere) {
  quiet_group g;
  g.c.write(1, "applied, and in no item store yet");
  g.c.run(3 * heartbeat);
  EXPECT_FALSE(g.rest(1));
  EXPECT_FALSE(g.rest(3));
}

TEST(rest, beats_keep_the_lease_as_long_as_they_come) {
  quiet_group g;
  ASSERT_TRUE(g.all_rest());
  for (int i = 0; i < 20; ++i) {
    g.sleep(heartbeat);
    ASSERT_TRUE(g.pulse_to(2));
    ASSERT_TRUE(g.pulse_to(3));
    EXPECT_FALSE(g.deputies[2].wants_waking(g.c.now));
  }
  for (auto& [id, d] : g.deputies)
    d.tell(g.c[id]);
  EXPECT_TRUE(g.c[1].may_read(g.c.now));
  g.c.tick(2);
  EXPECT_EQ(g.c[2].counters().elections_started, 0u);
  EXPECT_EQ(g.c[2].leader(), 1u);
  EXPECT_TRUE(g.c.write(1, "and on")) << "with the same leader, at once";
  EXPECT_EQ(g.c.elections_won(), 1u);
}

TEST(rest, a_leader_that_is_not_answered_stops_reading_and_is_woken) {
  quiet_group g;
  ASSERT_TRUE(g.all_rest());
  g.sleep(lease / 2 + 1);
  EXPECT_TRUE(g.deputies[1].wants_waking(g.c.now));
  g.sleep(lease);
  g.deputies[1].tell(g.c[1]);
  EXPECT_FALSE(g.c[1].may_read(g.c.now));
}

TEST(rest, one_answering_follower_of_two_is_enough_to_read) {
  quiet_group g;
  ASSERT_TRUE(g.all_rest());
  for (int i = 0; i < 10; ++i) {
    g.sleep(heartbeat);
    g.pulse_to(3);
  }
  g.deputies[1].tell(g.c[1]);
  EXPECT_TRUE(g.c[1].may_read(g.c.now));
}

TEST(rest, a_follower_is_woken_when_its_lease_ends_and_asks_the_others) {
  quiet_group g;
  ASSERT_TRUE(g.all_rest());
  g.c.isolate(1);
  g.sleep(lease);
  EXPECT_TRUE(g.deputies[2].wants_waking(g.c.now));
  EXPECT_FALSE(g.pulse_to(2)) << "a lease that has ended is the member's to give again";
  for (auto& [id, d] : g.deputies)
    d.tell(g.c[id]);
  ASSERT_TRUE(g.c.run_until([&] { return g.c.leader() > 1; }, 2'000'000));
}

TEST(rest, a_deputy_grants_nothing_to_another_ballot_or_commit_index) {
  quiet_group g;
  ASSERT_TRUE(g.all_rest());
  msg::Ballot other = g.deputies[1].ballot();
  other.set_round(other.round() + 1);
  EXPECT_FALSE(g.deputies[2].beat(other, g.deputies[1].commit(), g.c.now));
  EXPECT_FALSE(g.deputies[2].beat(g.deputies[1].ballot(), g.deputies[1].commit() + 1, g.c.now));
  EXPECT_FALSE(g.deputies[1].beat(g.deputies[1].ballot(), g.deputies[1].commit(), g.c.now)) << "it leads";
}

TEST(rest, what_a_deputy_granted_binds_its_member) {
  quiet_group g;
  ASSERT_TRUE(g.all_rest());
  for (int i = 0; i < 6; ++i) { // longer than the lease the member itself gave
    g.sleep(heartbeat);
    ASSERT_TRUE(g.pulse_to(2));
  }
  g.deputies[2].tell(g.c[2]);
  EXPECT_FALSE(g.deputies[2].follows()) << "dismissed: the member may promise somebody else now";
  EXPECT_FALSE(g.pulse_to(2));
  msg::PaxosMessage question;
  question.set_group(cluster::group_id);
  question.set_from(3);
  question.set_to(2);
  question.set_epoch(1);
  question.mutable_prepare()->mutable_ballot()->set_round(99);
  question.mutable_prepare()->mutable_ballot()->set_member(3);
  g.c[2].step(question, g.c.now);
  EXPECT_EQ(g.c[2].ballot().member(), 1u) << "the lease it did not give itself is kept";
}

TEST(rest, a_leader_rests_though_one_member_is_away_and_is_woken_when_it_refuses) {
  quiet_group g;
  g.c.crash(3);
  g.c.run(lease + 4 * heartbeat);
  EXPECT_TRUE(g.rest(1));
  EXPECT_TRUE(g.rest(2));
  for (int i = 0; i < 10; ++i) {
    g.sleep(heartbeat);
    ASSERT_TRUE(g.pulse_to(2));
    EXPECT_FALSE(g.deputies[1].wants_waking(g.c.now)) << "it expects nothing of the one that is away";
  }
}

} // namespace
} // namespace troupe::paxos
