// Configurations: one change at a time, each index under exactly one of them, and nobody who left in the way.
#include "config/limits.h"
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos::testing {
namespace {

using items = std::vector<std::string>;
using body = msg::PaxosMessage;

TEST(membership, a_member_is_swapped_for_another_in_one_entry) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.write(1, "a");
  c.add(member(4));
  ASSERT_TRUE(change(c, {member(1), member(2), member(4)}));
  c.run(1'000'000);
  EXPECT_EQ(c[1].configuration().epoch(), 2u);
  EXPECT_EQ(c[2].configuration().epoch(), 2u);
  EXPECT_EQ(c[4].configuration().epoch(), 2u);
  EXPECT_EQ(c.at(4).items, items{"a"});
  EXPECT_TRUE(c[3].removed());
  EXPECT_FALSE(c[4].removed());
  c.crash(1);
  c.crash(3);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; })) << "2 and 4 are a quorum now";
}

TEST(membership, only_one_change_at_a_time_and_nothing_after_it) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.add(member(4));
  c.keep_back = is(body::kAccepted);
  ASSERT_TRUE(c[1].propose_configuration(next_of(c, {member(1), member(2), member(4)}), c.now));
  c.settle();
  EXPECT_FALSE(c[1].propose("after", c.now));
  EXPECT_FALSE(c[1].window_open(1));
  EXPECT_FALSE(c[1].propose_configuration(configuration(3, {member(1), member(2)}), c.now));
  c.keep_back = {};
  c.settle();
  EXPECT_TRUE(c.write(1, "after"));
}

TEST(membership, what_makes_no_sense_is_refused) {
  cluster c = two_and_a_log();
  c.elect(1);
  auto refused = [&](msg::Configuration next) { return !c[1].propose_configuration(next, c.now); };
  EXPECT_TRUE(refused(configuration(1, {member(1), member(2)}))) << "the epoch does not grow";
  EXPECT_TRUE(refused(configuration(3, {member(1), member(2)}))) << "an epoch is left out";
  EXPECT_TRUE(refused(configuration(2, {member(1), member(1)}))) << "one member twice";
  EXPECT_TRUE(refused(configuration(2, {}))) << "nobody";
  EXPECT_TRUE(refused(configuration(2, {member(3, msg::LOG_REPLICA)}))) << "nobody with items";
  EXPECT_TRUE(refused(configuration(2, {member(1), member(4), member(5)}))) << "two at once";
  EXPECT_TRUE(refused(configuration(2, {member(1), member(2), member(3)}))) << "a log replica has no items";
  EXPECT_TRUE(
      refused(configuration(2, {member(1), member(2, msg::LOG_REPLICA), member(3, msg::LOG_REPLICA)})));
  std::vector<msg::Member> many;
  for (member_id id = 1; id <= limits::members + 1; ++id)
    many.push_back(member(id, id <= 2 ? msg::STORAGE_REPLICA : id == 3 ? msg::LOG_REPLICA : msg::LEARNER));
  EXPECT_TRUE(refused(configuration(2, many)));
  EXPECT_FALSE(c[2].propose_configuration(configuration(2, {member(1), member(2)}), c.now))
      << "not the leader";
  EXPECT_TRUE(c.write(1, "and nothing of it stopped the group"));
}

TEST(membership, a_change_that_would_stop_the_group_is_refused) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.crash(2);
  c.run(2'000'000);
  EXPECT_FALSE(c[1].propose_configuration(next_of(c, {member(1), member(2), member(5)}), c.now))
      << "2 is dead and 5 unheard of: 1 alone would be no quorum";
  EXPECT_TRUE(
      c[1].propose_configuration(next_of(c, {member(1), member(5), member(3, msg::LOG_REPLICA)}), c.now));
}

TEST(membership, a_learner_follows_without_a_vote_and_is_then_given_one) {
  cluster c({member(1)});
  c.elect(1);
  c.write(1, "a");
  c.add(member(2));
  EXPECT_FALSE(change(c, {member(1), member(2)})) << "unheard of, and needed for every quorum";
  ASSERT_TRUE(change(c, {member(1), member(2, msg::LEARNER)}));
  c.run(400'000);
  EXPECT_EQ(c.at(2).items, items{"a"});
  c.isolate(2);
  EXPECT_TRUE(c.write(1, "b"));
  EXPECT_EQ(c.at(1).items.size(), 2u) << "a learner is not waited for";
  c.run(5'000'000);
  EXPECT_EQ(c[2].counters().elections_started, 0u) << "and does not campaign";
  c.heal();
  c.run(1'000'000);
  ASSERT_TRUE(change(c, {member(1), member(2)}));
  c.run(400'000);
  c.isolate(2);
  c[1].propose("c", c.now);
  c.settle();
  EXPECT_EQ(c.at(1).items.size(), 2u) << "now it is";
}

TEST(membership, a_leader_that_removes_itself_leads_until_then_and_hands_over) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.run(500'000);
  ASSERT_TRUE(change(c, {member(2), member(3)}));
  EXPECT_TRUE(c[1].removed());
  EXPECT_EQ(c[1].role(), role::follower);
  c.run(300'000);
  EXPECT_TRUE(c.leader() == 2 || c.leader() == 3) << "without waiting for a lease";
  EXPECT_EQ(c[c.leader()].configuration().epoch(), 2u);
  EXPECT_TRUE(c.write(c.leader(), "without 1"));
}

TEST(membership, who_was_removed_while_away_is_told_and_disturbs_nobody) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.isolate(2);
  c.add(member(4));
  ASSERT_TRUE(change(c, {member(1), member(4), member(3, msg::LOG_REPLICA)}));
  c.run(500'000);
  ASSERT_EQ(c[4].configuration().epoch(), 2u);
  auto ballot = c[1].ballot();
  c.heal();
  c.run(5'000'000);
  EXPECT_TRUE(c[2].removed());
  EXPECT_EQ(c[1].ballot().round(), ballot.round());
  EXPECT_EQ(c.leader(), 1u);
  auto silent = c[2].counters().ignored;
  c.run(1'000'000);
  EXPECT_FALSE(c[2].has_ready());
  EXPECT_EQ(c[2].counters().ignored, silent);
}

TEST(membership, a_change_commits_only_when_a_quorum_of_the_new_members_has_it) {
  // {1, 2, 3} -> {1, 4, 3}: with 3 silent, 1 and 2 choose it under the old, but under the new only 1 has it.
  cluster c = two_and_a_log();
  c.elect(1);
  c.add(member(4));
  c.hold_disk(3);
  c.hold_disk(4);
  ASSERT_TRUE(
      c[1].propose_configuration(next_of(c, {member(1), member(4), member(3, msg::LOG_REPLICA)}), c.now));
  c.settle();
  EXPECT_EQ(c[1].configuration().epoch(), 1u)
      << "were it announced, 2 could be destroyed, and with it the only other copy";
  c.release_disk(4);
  c.settle();
  EXPECT_EQ(c[1].configuration().epoch(), 2u);
  EXPECT_TRUE(c.run_until([&] { return c[2].removed(); }, 1'000'000));
}

TEST(membership, a_candidate_under_the_old_configuration_finds_the_new_one_and_starts_over) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.add(member(4));
  c.isolate(2); // 2 will know only the old configuration
  ASSERT_TRUE(change(c, {member(1), member(2), member(4)}));
  c.run(500'000);
  ASSERT_EQ(c[4].configuration().epoch(), 2u);
  c.write(1, "under the new one");
  c.run(400'000);
  c.crash(1);
  c.run(4'000'000);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
  c.run(1'000'000);
  member_id leads = c.leader();
  EXPECT_TRUE(leads == 2 || leads == 4);
  EXPECT_EQ(c[2].configuration().epoch(), 2u);
  EXPECT_EQ(c.at(2).items, items{"under the new one"});
}

TEST(membership,
     a_configuration_found_in_phase_one_is_finished_under_the_old_and_prepared_for_under_the_new) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.add(member(4));
  c.isolate(4);
  // The change reaches 2 and stays undecided: 1 dies before it hears.
  c.keep_back = is(body::kAccepted);
  ASSERT_TRUE(c[1].propose_configuration(next_of(c, {member(1), member(2), member(4)}), c.now));
  c.isolate(3);
  c.settle();
  c.crash(1);
  c.keep_back = {};
  c.wire.clear();
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }, 60'000'000));
  c.run(2'000'000);
  member_id leads = c.leader();
  EXPECT_EQ(c[leads].configuration().epoch(), 2u);
  EXPECT_EQ(c[4].configuration().epoch(), 2u);
  EXPECT_TRUE(c[3].removed());
  EXPECT_TRUE(c.write(leads, "and on"));
}

TEST(membership, a_newcomer_that_knows_its_configuration_only_by_hearsay_does_not_campaign) {
  cluster c = two_and_a_log();
  c.elect(1);
  node& n = c.nodes[4];
  n.opts = c.at(2).opts;
  n.opts.self = 4;
  restored from;
  from.fresh = true;
  *from.hard_state.mutable_configuration() =
      configuration(2, {member(1), member(4), member(3, msg::LOG_REPLICA)});
  n.member = std::make_unique<group>(n.opts, from, c.now);
  n.member->campaign(c.now);
  c.run(10'000'000);
  EXPECT_EQ(c[4].counters().elections_started, 0u);
  EXPECT_FALSE(c[4].removed());
  EXPECT_EQ(c.leader(), 1u);
  EXPECT_EQ(c[1].ballot().round(), 1u);
}

TEST(membership, survives_a_restart_of_everybody) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.add(member(4));
  ASSERT_TRUE(change(c, {member(1), member(2), member(4)}));
  c.run(500'000);
  for (member_id id : {1, 2, 4})
    c.crash(id);
  for (member_id id : {1, 2, 4})
    c.restart(id);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
  EXPECT_EQ(c[c.leader()].configuration().epoch(), 2u);
  EXPECT_EQ(c[c.leader()].configuration_index(), 2u);
}

TEST(membership, a_removed_leader_knows_it_from_the_others) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.isolate(1);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2 || c.leader() == 3; }));
  ASSERT_TRUE(change(c, {member(2), member(3)}));
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c[1].removed(); }));
}

} // namespace
} // namespace troupe::paxos::testing
