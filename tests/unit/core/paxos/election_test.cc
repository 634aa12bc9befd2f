// Who leads, and what a new leader takes over.
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos::testing {
namespace {

using items = std::vector<std::string>;
using body = msg::PaxosMessage;

cluster three() {
  return cluster({member(1), member(2), member(3, msg::LOG_REPLICA)});
}

TEST(election, a_dead_leader_causes_exactly_one_election) {
  cluster c = three();
  c.elect(1);
  c.write(1, "a");
  c.crash(1);
  instant died = c.now;
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_LT(c.now - died, 2'200'000);
  c.run(10'000'000);
  EXPECT_EQ(c[2].counters().elections_started, 1u);
  EXPECT_EQ(c[2].counters().elections_won, 1u);
  EXPECT_EQ(c.at(2).items, items{"a"});
}

TEST(election, five_members_lose_their_leader_and_hold_one_election) {
  cluster c({member(1), member(2), member(3), member(4, msg::LOG_REPLICA), member(5, msg::LOG_REPLICA)});
  c.elect(1);
  c.crash(1);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
  c.run(10'000'000);
  EXPECT_EQ(c.elections_won(), 1u);
}

TEST(election, one_broken_link_causes_none) {
  cluster c = three();
  c.elect(1);
  c.cut(1, 2);
  c.run(20'000'000);
  EXPECT_EQ(c.leader(), 1u);
  EXPECT_EQ(c[2].counters().elections_started, 0u);
  EXPECT_GT(c[2].counters().pre_votes_dropped, 3u);
  EXPECT_EQ(c[1].ballot().round(), 1u);
  c.write(1, "meanwhile");
  c.run(4'000'000);
  EXPECT_EQ(c.at(2).items, items{"meanwhile"}) << "it fetches what was chosen from whoever hears the leader";
}

TEST(election, a_leader_that_hears_nobody_stops_serving_and_steps_down) {
  cluster c = three();
  c.elect(1);
  c.cut_one_way(2, 1);
  c.cut_one_way(3, 1); // it is still heard: the others would wait for it for ever
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }, 8'000'000));
  EXPECT_EQ(c[1].counters().leases_lost, 1u);
  EXPECT_EQ(c[1].role(), role::follower);
}

TEST(election, a_log_replica_never_campaigns) {
  cluster c = three();
  c.elect(1);
  c.crash(1);
  c.crash(2);
  c.run(30'000'000);
  EXPECT_EQ(c[3].counters().elections_started, 0u);
  c.restart(2);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
}

TEST(election, a_tail_that_only_the_log_replica_has_is_adopted) {
  cluster c = three();
  c.elect(1);
  c.write(1, "a");
  c.isolate(2);
  c.write(1, "only the log replica and the dead leader have it");
  EXPECT_EQ(c.at(1).items.size(), 2u) << "so it was acknowledged";
  c.crash(1);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_EQ(c.at(2).items, (items{"a", "only the log replica and the dead leader have it"}));
}

TEST(election, what_reached_one_disk_only_may_be_adopted_or_lost_but_never_both) {
  // The leader's own entry reached nobody; the others go on without it, and it must give it up.
  cluster c = three();
  c.elect(1);
  c.isolate(1);
  c[1].propose("nobody else saw this", c.now);
  c.settle();
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  c.write(2, "b");
  c.heal();
  c.run(3'000'000);
  EXPECT_EQ(c.at(1).items, items{"b"});
  EXPECT_EQ(c.at(2).items, items{"b"});
  EXPECT_EQ(c[1].link_at(3), c[2].link_at(3));
}

TEST(election, a_candidate_that_is_behind_takes_what_others_know_to_be_chosen) {
  cluster c = three();
  c.elect(1);
  c.isolate(2);
  for (int i = 0; i < 50; ++i)
    c.write(1, "w" + std::to_string(i));
  c.crash(1);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_EQ(c.at(2).items.size(), 50u);
}

TEST(election, one_far_behind_catches_up_before_it_prepares) {
  cluster c = three();
  c.elect(1);
  c.isolate(2);
  std::string big(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) // more than a promise carries
    ASSERT_TRUE(c.write(1, big + std::to_string(i)));
  c.run(400'000);
  c.crash(1);
  c.run(3'000'000); // until the log replica's lease is over too: it would answer that it hears a leader
  c.heal();
  c.trace.clear();
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_EQ(c.at(2).items.size(), 40u);
  EXPECT_NE(std::find(c.trace.begin(), c.trace.end(), "3->2 PreVoteReply behind commit 41"), c.trace.end());
  EXPECT_EQ(c[2].counters().elections_started, 1u);
}

TEST(election, a_whole_cluster_restarts_with_everything_it_acknowledged) {
  cluster c = three();
  c.elect(1);
  items expected;
  for (int i = 0; i < 300; ++i) {
    expected.push_back("w" + std::to_string(i));
    c.write(1, expected.back());
  }
  for (member_id id : {1, 2, 3})
    c.crash(id, id == 2); // member 1 had not flushed its items: the log has them
  for (member_id id : {1, 2, 3})
    c.restart(id);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
  c.run(1'000'000);
  EXPECT_EQ(c.at(1).items, expected);
  EXPECT_EQ(c.at(2).items, expected);
}

TEST(election, a_promise_is_told_only_once_it_is_durable) {
  cluster c = three();
  c.hold_disk(2);
  c.hold_disk(3);
  c[1].campaign(c.now);
  c.settle();
  EXPECT_EQ(c[1].role(), role::candidate);
  c.release_disk(3);
  c.settle();
  EXPECT_EQ(c[1].role(), role::leader);
}

TEST(election, a_candidate_tells_nobody_its_ballot_before_it_is_durable) {
  cluster c = three();
  c.hold_disk(1);
  c.trace.clear();
  c[1].campaign(c.now);
  c.settle();
  for (const std::string& line : c.trace)
    EXPECT_EQ(line.find("Prepare"), std::string::npos) << line;
  c.crash(1);
  c.restart(1);
  c.run(5'000'000);
  EXPECT_NE(c.leader(), 0u);
}

TEST(election, a_lost_prepare_or_promise_is_asked_for_again) {
  cluster c = three();
  c[1].campaign(c.now);
  c.keep_back = is(body::kPrepare);
  c.settle();
  EXPECT_EQ(c.drop(is(body::kPrepare)), 2u);
  c.keep_back = is(body::kPromise);
  c.run(200'000);
  EXPECT_EQ(c.drop(is(body::kPromise)), 2u);
  c.keep_back = {};
  c.run(400'000);
  EXPECT_EQ(c.leader(), 1u);
  EXPECT_EQ(c[1].counters().elections_started, 1u);
}

TEST(election, two_candidates_end_with_one_leader) {
  cluster c({member(1), member(2), member(3)});
  c[1].campaign(c.now);
  c[2].campaign(c.now);
  c[3].campaign(c.now);
  c.settle();
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
  member_id leads = c.leader();
  c.run(10'000'000);
  EXPECT_EQ(c.leader(), leads);
}

TEST(election, a_member_whose_disk_ails_leads_no_more_if_another_can) {
  cluster c = three();
  c.elect(1);
  c.run(700'000);
  c.hold_disk(1);
  c[1].propose("stuck", c.now);
  c.pump(1);
  c[1].disk_healthy(false, c.now);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }, 1'000'000)) << "handed over, not timed out";
  c.crash(2);
  c.release_disk(1);
  c.run(10'000'000);
  EXPECT_EQ(c.leader(), 0u) << "and does not campaign";
  c[1].disk_healthy(true, c.now);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 1; }));
}

TEST(election, a_leader_with_an_ailing_disk_leaves_as_soon_as_somebody_can_take_over) {
  cluster c = three();
  c.elect(1);
  c.crash(2);
  c.run(2'000'000);
  c[1].disk_healthy(false, c.now);
  c.run(1'000'000);
  EXPECT_EQ(c.leader(), 1u) << "nobody else can";
  c.restart(2);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }, 2'000'000));
}

// Member 2 holds the items of five writes, and its log ends with the second. Member 3 has the entries, and
// nobody is left who knows that they are chosen.
cluster items_here_and_entries_there() {
  cluster c = two_and_a_log();
  c.elect(1);
  for (int i = 0; i < 5; ++i)
    c.write(1, "w" + std::to_string(i));
  c.run(400'000);
  for (member_id id : {1, 2, 3})
    c.crash(id);
  std::erase_if(c.at(2).stored.log, [](const auto& pair) { return pair.first > 3; });
  for (member_id id : {2, 3})
    c.at(id).stored.hard_state.set_commit(2);
  return c;
}

TEST(election, items_ahead_of_the_log_say_which_entries_of_others_are_chosen) {
  cluster c = items_here_and_entries_there();
  c.restart(2);
  c.restart(3);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_EQ(c.at(2).items.size(), 5u);
  ASSERT_TRUE(c.write(2, "and on"));
  EXPECT_EQ(c.at(2).items.back(), "and on");
  EXPECT_EQ(c.at(2).items.size(), 6u) << "nothing is applied twice";
}

TEST(election, who_has_items_ahead_of_all_logs_does_not_lead) {
  cluster c = items_here_and_entries_there();
  auto& last = *c.at(3).stored.log.rbegin();
  c.at(3).stored.log.erase(last.first);
  c.restart(2);
  c.restart(3);
  c.run(5'000'000);
  EXPECT_EQ(c.leader(), 0u);
  EXPECT_EQ(c[2].counters().elections_won, 0u);
  c.restart(1);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; })) << "somebody has what is missing";
  c.write(c.leader(), "and on");
  c.run(1'000'000);
  EXPECT_EQ(c.at(2).items, c.at(1).items);
}

// The same number of entries, and not those that the items stand for: one of the two has been changed.
TEST(election, entries_that_lead_elsewhere_than_the_items_are_not_taken) {
  cluster c = items_here_and_entries_there();
  ++c.at(2).stored.applied_link;
  c.restart(2);
  c.restart(3);
  c.run(5'000'000);
  EXPECT_EQ(c.leader(), 0u);
}

TEST(election, a_member_whose_log_lost_its_end_does_not_lead_before_it_has_that_again) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  for (int i = 0; i < 5; ++i)
    c.write(1, "w" + std::to_string(i));
  c.run(400'000);
  c.crash(2);
  std::erase_if(c.at(2).stored.log, [](const auto& pair) { return pair.first > 3; }); // a damaged tail
  c.isolate(1);
  c.crash(3);
  c.restart(2);
  c.run(5'000'000);
  EXPECT_EQ(c[2].counters().elections_started, 0u);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }, 4'000'000));
  ASSERT_TRUE(c.write(c.leader(), "and on"));
  c.run(1'000'000);
  EXPECT_EQ(c.at(2).items, c.at(1).items);
  EXPECT_EQ(c.at(2).items.size(), 6u);
}

TEST(election, a_refusal_of_the_ballot_deposes_a_leader) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.isolate(1);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2 || c.leader() == 3; }));
  c.heal();
  c.run(1'000'000);
  EXPECT_EQ(c[1].role(), role::follower);
  EXPECT_EQ(c[1].leader(), c.leader());
}

// Members 1 and 3 chose three entries. Member 2 leads next, and dies when 3 has taken the first of them again
// and its own disk nothing: what lies above the overwritten entry on 3 is all there is left. How many of the
// three are found?
std::size_t found_above_an_overwritten_entry(bool truncate_above) {
  cluster c({member(1), member(2), member(3, msg::LOG_REPLICA)}, [&](options& o) {
    o.bounds.append_entries = 1;
    o.mutations.truncate_above = truncate_above;
  });
  c.elect(1);
  c.isolate(2);
  for (const char* w : {"w2", "w3", "w4"})
    c[1].propose(w, c.now);
  c.settle();
  EXPECT_EQ(c.at(1).items.size(), 3u) << "acknowledged";
  c.crash(1);
  c.heal();
  c.keep_back = is(body::kPromise);
  c.run(2'500'000);
  c.hold_disk(2);
  c.keep_back = is(body::kAccept);
  c.settle();
  bool had = false;
  c.deliver([&](const msg::PaxosMessage& m) { return !had && (had = m.has_accept() && m.to() == 3); });
  c.crash(2);
  c.wire.clear();
  c.keep_back = {};
  c.restart(2);
  EXPECT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  return c.at(2).items.size();
}

TEST(election, what_lies_above_an_overwritten_entry_is_not_lost) {
  EXPECT_EQ(found_above_an_overwritten_entry(false), 3u);
  EXPECT_EQ(found_above_an_overwritten_entry(true), 1u) << "the deliberate bug loses what was acknowledged";
}

// --- what a member is told by one that was deposed
// --------------------------------------------------------------

TEST(election, learning_what_was_chosen_elsewhere_is_no_vote_for_a_deposed_leader) {
  // Member 1 leads with member 4's help only; 2 leads the others in a later ballot. Member 3 still follows 1,
  // and learns from 2's side what was chosen: it must not let 1 believe that its own entries are on that
  // disk.
  cluster c({member(1), member(2), member(3), member(4), member(5)});
  c.elect(1);
  c.write(1, "a");
  c.run(400'000);
  // 1 proposes at index 3; nobody gets it. It can reach 3 only from now on.
  c.cut(1, 2), c.cut(1, 4), c.cut(1, 5);
  c.cut(3, 2), c.cut(3, 4), c.cut(3, 5);
  c.keep_back = both(from(1), both(toward(3), is(body::kAccept)));
  c[1].propose("never chosen", c.now);
  c.settle();
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2 || c.leader() == 4 || c.leader() == 5; }));
  member_id second = c.leader();
  c.write(second, "chosen");
  ASSERT_EQ(c.at(second).items.back(), "chosen");
  // 3 asks 2's side what was chosen without being spoken to by its leader.
  msg::PaxosMessage ask;
  ask.set_group(cluster::group_id), ask.set_from(3), ask.set_to(second), ask.set_epoch(1);
  ask.mutable_catch_up()->set_from(c[3].commit() + 1);
  c[second].step(ask, c.now);
  c.pump(second);
  c.cut_links.erase({second, 3});
  c.deliver(is(body::kChosen));
  ASSERT_GE(c[3].commit(), 4u);
  msg::PaxosMessage beat;
  beat.set_group(cluster::group_id), beat.set_from(1), beat.set_to(3), beat.set_epoch(1);
  *beat.mutable_heartbeat()->mutable_ballot() = c[3].ballot();
  beat.mutable_heartbeat()->set_commit(2);
  c[3].step(beat, c.now);
  auto replies = c[3].take_messages();
  ASSERT_FALSE(replies.empty());
  ASSERT_TRUE(replies.back().has_heartbeat_reply());
  EXPECT_LE(replies.back().heartbeat_reply().match(), 2u);
}

TEST(election, a_voter_whose_disk_hangs_keeps_one_promise_however_often_it_is_asked) {
  cluster c = three();
  c.elect(1);
  for (int i = 0; i < 10; ++i)
    c.write(1, "w" + std::to_string(i));
  c.crash(1);
  c.hold_disk(3);
  c.run(60'000'000);
  EXPECT_EQ(c.leader(), 0u);
  EXPECT_GT(c[2].ballot().round(), 1u) << "it has tried";
  c.trace.clear();
  c.release_disk(3);
  c.settle();
  std::size_t promises = 0;
  for (const std::string& line : c.trace)
    promises += line.find("3->2 Promise") == 0;
  EXPECT_LE(promises, 2u) << "the one that waited for the disk, and the newest";
  EXPECT_TRUE(c.run_until([&] { return c.leader() == 2; }));
}

} // namespace
} // namespace troupe::paxos::testing
