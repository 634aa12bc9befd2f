// Leases: who may serve, who must wait, and that the two never overlap. And leaving without making anybody
// wait.
#include "actors/core/paxos/ballot.h"
#include "actors/core/paxos/lease.h"
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos::testing {
namespace {

using items = std::vector<std::string>;
using body = msg::PaxosMessage;

cluster three(std::function<void(options&)> adjust = {}) {
  return cluster({member(1), member(2), member(3, msg::LOG_REPLICA)}, std::move(adjust));
}

// --- what a voter owes
// ----------------------------------------------------------------------------------------------

TEST(granted_leases, bind_the_voter_to_the_holder_alone) {
  granted_leases leases(1000);
  EXPECT_EQ(leases.refuses(2, 0), 0);
  leases.grant(make_ballot(1, 1), 100);
  EXPECT_EQ(leases.refuses(2, 100), 1000);
  EXPECT_EQ(leases.refuses(2, 1099), 1);
  EXPECT_EQ(leases.refuses(2, 1100), 0);
  EXPECT_EQ(leases.refuses(1, 100), 0) << "the holder may have its next ballot";
}

TEST(granted_leases, an_earlier_holder_is_remembered_when_a_new_one_comes) {
  granted_leases leases(1000);
  leases.grant(make_ballot(1, 1), 100);
  leases.grant(make_ballot(2, 2), 500); // elected by others
  EXPECT_EQ(leases.refuses(2, 600), 0);
  EXPECT_EQ(leases.others_left(600), 500) << "2 must wait out what 1 may still count on";
  EXPECT_EQ(leases.refuses(1, 600), 900);
}

TEST(granted_leases, an_abdication_frees_from_that_ballot_alone) {
  granted_leases leases(1000);
  leases.grant(make_ballot(2, 1), 100);
  leases.abdicate(make_ballot(1, 3));
  EXPECT_GT(leases.refuses(2, 200), 0)
      << "an older leader's abdication frees nobody from a newer one's lease";
  leases.abdicate(make_ballot(2, 1));
  EXPECT_EQ(leases.refuses(2, 200), 0);
  leases.grant(make_ballot(2, 1), 300); // a late heartbeat
  EXPECT_EQ(leases.refuses(2, 300), 0);
  leases.grant(make_ballot(3, 1), 300);
  EXPECT_GT(leases.refuses(2, 300), 0);
}

TEST(granted_leases, a_restarted_voter_is_bound_to_it_does_not_know_whom) {
  granted_leases leases(1000);
  leases.withhold(700);
  EXPECT_EQ(leases.refuses(1, 0), 700);
  EXPECT_FALSE(leases.hears_other_than(1, 0)) << "but it hears nobody";
  leases.abdicate(make_ballot(5, 5));
  EXPECT_EQ(leases.refuses(1, 0), 700);
}

// --- the leader's side
// -------------------------------------------------------------------------------------------------

TEST(lease, counts_from_the_time_of_sending_and_less_the_drift) {
  cluster c = three();
  c.elect(1);
  c.run(1'000'000);
  c.keep_back = [](const msg::PaxosMessage&) { return true; };
  c.run(300'000); // one heartbeat leaves
  instant sent = 0;
  for (const auto& m : c.wire)
    if (m.has_heartbeat())
      sent = m.heartbeat().sent_us();
  ASSERT_GT(sent, 0);
  c.now += 200'000; // and is slow
  c.keep_back = {};
  c.settle();
  EXPECT_EQ(c[1].lease_until(), sent + 1'500'000 - 50'000);
}

TEST(lease, ends_reads_and_writes_at_its_very_microsecond) {
  cluster c = three();
  c.elect(1);
  c.isolate(1);
  instant end = c[1].lease_until();
  EXPECT_TRUE(c[1].may_read(end - 1));
  EXPECT_FALSE(c[1].may_read(end));
  c.now = end;
  EXPECT_FALSE(c[1].propose("late", c.now));
}

TEST(lease, no_two_leaders_ever_serve_at_once) {
  // Over many timings of the cut: whenever anybody serves, nobody else does.
  for (int offset = 0; offset < 40; ++offset) {
    cluster c({member(1), member(2), member(3)});
    c.elect(1);
    c.run(offset * 17'000);
    c.isolate(1);
    for (int step = 0; step < 400; ++step) {
      c.run(10'000);
      int serving = 0;
      for (member_id id : {1, 2, 3})
        serving += c[id].serving(c.now) || c[id].may_read(c.now);
      ASSERT_LE(serving, 1) << "offset " << offset << " step " << step;
    }
    ASSERT_NE(c.leader(), 1u);
    ASSERT_NE(c.leader(), 0u);
  }
}

TEST(lease, a_voter_that_granted_it_refuses_its_promise) {
  cluster c = three();
  c.elect(1);
  c.isolate(1);
  msg::PaxosMessage m;
  m.set_group(cluster::group_id), m.set_from(2), m.set_to(3), m.set_epoch(1);
  *m.mutable_prepare()->mutable_ballot() = make_ballot(9, 2);
  c[3].step(m, c.now);
  auto replies = c[3].take_messages();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_FALSE(replies[0].promise().granted());
  EXPECT_GT(replies[0].promise().lease_left_us(), 0);
  EXPECT_EQ(c[3].ballot().round(), 1u);
  c[3].step(m, c.now + 1'500'000);
  EXPECT_EQ(c[3].ballot().round(), 9u);
}

TEST(lease, a_restarted_voter_withholds_its_promise_for_one_lease) {
  cluster c = three();
  c.elect(1);
  instant restarted = c.now;
  c.crash(3);
  c.restart(3); // it granted a lease a moment ago and has forgotten
  c.isolate(1);
  ASSERT_TRUE(c.run_until([&] { return c[2].role() == role::leader; }));
  EXPECT_GE(c.now, restarted + 1'500'000);
}

TEST(lease, a_fresh_member_has_promised_nobody_and_need_not_wait) {
  cluster c = three();
  instant made = c.now;
  c.elect(1);
  EXPECT_LT(c.now - made, 100'000);
}

TEST(lease, a_restarted_leader_waits_as_well) {
  cluster c = three();
  c.elect(1);
  c.crash(1);
  c.restart(1);
  instant restarted = c.now;
  c[1].campaign(c.now);
  c.settle();
  EXPECT_NE(c[1].role(), role::leader);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
  EXPECT_GE(c.now, restarted + 1'400'000);
}

TEST(lease, a_new_leader_waits_out_what_its_promises_report) {
  // Member 3 granted 1 a lease, then 2 (elected by others) took over its grant, and prepares once more at 3.
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  msg::PaxosMessage m;
  m.set_group(cluster::group_id), m.set_from(2), m.set_to(3), m.set_epoch(1);
  *m.mutable_heartbeat()->mutable_ballot() = make_ballot(5, 2);
  c[3].step(m, c.now);
  c.wire.clear();
  *m.mutable_prepare()->mutable_ballot() = make_ballot(6, 2);
  c[3].step(m, c.now);
  c.pump(3);
  ASSERT_FALSE(c.wire.empty());
  const msg::Promise& promise = c.wire.back().promise();
  EXPECT_TRUE(promise.granted());
  EXPECT_EQ(promise.lease_left_us(), 1'500'000);
}

TEST(lease, campaigning_against_a_living_leader_is_dropped) {
  cluster c = three();
  c.elect(1);
  c.run(500'000);
  c[2].campaign(c.now);
  c.settle();
  c.run(3'000'000);
  EXPECT_EQ(c[2].counters().elections_started, 0u);
  EXPECT_EQ(c.leader(), 1u);
}

TEST(lease, an_idle_group_keeps_it_with_heartbeats_alone) {
  cluster c = three();
  c.elect(1);
  c.run(300'000);
  c.trace.clear();
  for (int i = 0; i < 100; ++i) {
    c.run(100'000);
    ASSERT_TRUE(c[1].serving(c.now));
  }
  // Two followers, a message and its answer each, at the heartbeat interval: and nothing else at all.
  EXPECT_LE(c.trace.size(), 4u * 34);
  for (const std::string& line : c.trace)
    EXPECT_NE(line.find("Heartbeat"), std::string::npos) << line;
}

// --- hand-over
// -----------------------------------------------------------------------------------------------------------

TEST(hand_over, nobody_waits_for_a_lease) {
  cluster c = three();
  c.elect(1);
  c.write(1, "a");
  instant asked = c.now;
  ASSERT_TRUE(c[1].hand_over(2, c.now));
  EXPECT_FALSE(c[1].may_read(c.now)) << "it stops serving first";
  c.settle();
  EXPECT_EQ(c.leader(), 2u);
  EXPECT_LT(c.now - asked, 300'000);
  EXPECT_TRUE(c.write(2, "b"));
  EXPECT_EQ(c.at(2).items, (items{"a", "b"}));
}

TEST(hand_over, frees_a_restarted_voter_from_what_it_has_forgotten) {
  cluster c = three();
  c.elect(1);
  c.write(1, "a");
  c.crash(3);
  c.restart(3);
  c.run(400'000); // heard again, and still withholding its promise
  instant asked = c.now;
  ASSERT_TRUE(c[1].hand_over(2, c.now));
  c.run(1'000);
  c.isolate(1); // so that the successor needs the restarted one
  ASSERT_TRUE(c.run_until([&] { return c[2].serving(c.now); }));
  EXPECT_LT(c.now - asked, 300'000);
}

TEST(hand_over, is_for_who_may_have_served) {
  // 2 is elected and told that an earlier leader's lease still runs. A hand-off from it would free voters
  // that restarted since from what they may owe to that earlier leader.
  cluster c = three();
  c[2].campaign(c.now);
  c.keep_back = is(body::kPromise);
  c.settle();
  for (auto& m : c.wire)
    if (m.has_promise())
      m.mutable_promise()->set_lease_left_us(400'000);
  c.keep_back = {};
  c.settle();
  ASSERT_EQ(c[2].role(), role::leader);
  ASSERT_FALSE(c[2].serving(c.now));
  ASSERT_TRUE(c[2].hand_over(1, c.now));
  c.run(300'000);
  EXPECT_EQ(c[2].role(), role::leader);
  c.run(500'000);
  EXPECT_EQ(c.leader(), 1u);
}

TEST(hand_over, goes_to_the_most_up_to_date_storage_replica) {
  cluster c({member(1), member(2), member(3), member(4, msg::LOG_REPLICA)});
  c.elect(1);
  c.cut(1, 2);
  c.write(1, "a");
  c.run(100'000);
  ASSERT_TRUE(c[1].hand_over(0, c.now));
  c.settle();
  EXPECT_EQ(c.leader(), 3u);
}

TEST(hand_over, waits_until_the_successor_has_everything) {
  cluster c = three();
  c.elect(1);
  c.hold_disk(2);
  c.write(1, "a");
  ASSERT_TRUE(c[1].hand_over(2, c.now));
  c.settle();
  EXPECT_EQ(c[1].role(), role::leader);
  EXPECT_FALSE(c.write(1, "not any more"));
  c.release_disk(2);
  c.settle();
  EXPECT_EQ(c.leader(), 2u);
}

TEST(hand_over, to_one_that_does_not_get_there_is_called_off) {
  cluster c = three();
  c.elect(1);
  c.write(1, "a");
  c.hold_disk(2);
  c.write(1, "b");
  ASSERT_TRUE(c[1].hand_over(2, c.now));
  c.run(1'600'000);
  EXPECT_TRUE(c[1].serving(c.now)) << "nothing was sent: it may serve on";
  EXPECT_EQ(c[1].ballot().round(), 1u);
}

TEST(hand_over, refuses_when_there_is_nobody) {
  cluster c = three();
  c.elect(1);
  EXPECT_FALSE(c[1].hand_over(3, c.now)) << "a log replica";
  EXPECT_FALSE(c[1].hand_over(9, c.now)) << "a stranger";
  EXPECT_FALSE(c[2].hand_over(1, c.now)) << "not the leader";
  c.crash(2);
  c.run(2'000'000);
  EXPECT_FALSE(c[1].hand_over(0, c.now));
  EXPECT_TRUE(c[1].serving(c.now));
}

TEST(hand_over, needs_to_reach_the_successor_alone) {
  cluster c = three();
  c.elect(1);
  ASSERT_TRUE(c[1].hand_over(2, c.now));
  c.pump(1);
  c.drop(both(is(body::kHandOff), toward(3))); // 3 learns of it from the candidate
  c.settle();
  EXPECT_EQ(c.leader(), 2u);
}

TEST(hand_over, that_is_lost_costs_no_more_than_a_dead_leader) {
  cluster c = three();
  c.elect(1);
  c.run(500'000);
  ASSERT_TRUE(c[1].hand_over(2, c.now));
  c.pump(1);
  c.drop(is(body::kHandOff));
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }, 2'500'000));
}

TEST(hand_over, a_hand_off_of_an_old_ballot_frees_nobody) {
  cluster c = three();
  c.elect(1);
  msg::PaxosMessage old;
  c.keep_back = [&](const msg::PaxosMessage& m) {
    if (m.has_hand_off() && m.to() == 2)
      old = m;
    return false;
  };
  c[1].hand_over(2, c.now);
  c.settle();
  c[2].hand_over(1, c.now);
  c.settle();
  ASSERT_EQ(c.leader(), 1u);
  ASSERT_TRUE(old.has_hand_off());
  c[2].step(old, c.now); // a duplicate arrives late
  c.settle();
  c.run(1'000'000);
  EXPECT_EQ(c.leader(), 1u);
}

// --- reads without a lease
// ---------------------------------------------------------------------------------------------

cluster strict() {
  return three([](options& o) { o.strict_reads = true; });
}

TEST(read_index, needs_a_round_of_a_quorum_after_it_was_asked) {
  cluster c = strict();
  c.elect(1);
  EXPECT_FALSE(c[1].may_read(c.now));
  c[1].read_index(41, c.now);
  EXPECT_TRUE(c[1].take_reads().empty());
  c.settle();
  auto reads = c[1].take_reads();
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_EQ(reads[0].token, 41u);
  EXPECT_TRUE(reads[0].ok);
}

TEST(read_index, an_answer_to_an_earlier_round_proves_nothing) {
  cluster c = strict();
  c.elect(1);
  c[1].read_index(1, c.now);
  c.pump(1);
  c.deliver(is(body::kHeartbeat));
  c.isolate(1);
  c[1].read_index(2, c.now); // asked when the answers to round 1 are on their way
  c.cut_links.clear();
  c.deliver(both(toward(1), is(body::kHeartbeatReply)));
  auto reads = c[1].take_reads();
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_EQ(reads[0].token, 1u);
  c.settle();
  EXPECT_EQ(c[1].take_reads().size(), 1u);
}

TEST(read_index, reads_that_wait_share_a_round) {
  cluster c = strict();
  c.elect(1);
  c.trace.clear();
  for (std::uint64_t token = 0; token < 100; ++token)
    c[1].read_index(token, c.now);
  c.settle();
  EXPECT_EQ(c[1].take_reads().size(), 100u);
  EXPECT_LE(c.trace.size(), 8u);
}

TEST(read_index, waits_for_what_was_chosen_to_be_applied) {
  cluster c = strict();
  c.elect(1);
  c[1].propose("w", c.now);
  // Chosen, but not handed to the items yet: pump by hand.
  for (int i = 0; i < 3 && c[1].commit() < 2; ++i) {
    while (c[1].has_ready()) {
      ready r = c[1].take_ready();
      for (auto& e : r.entries)
        c.at(1).stored.log[e->index()] = *e;
      for (auto& m : r.messages_now)
        c.wire.push_back(m);
      c[1].persisted(r.id, c.now);
    }
    while (!c.wire.empty()) {
      msg::PaxosMessage m = c.wire.front();
      c.wire.pop_front();
      c[m.to()].step(m, c.now);
      if (m.to() != 1)
        c.pump(m.to());
    }
  }
  ASSERT_EQ(c[1].commit(), 2u);
  c[1].read_index(5, c.now);
  for (auto& m : c[1].take_messages())
    c.wire.push_back(m);
  c.deliver(is(body::kHeartbeat));
  while (!c.wire.empty()) {
    c[1].step(c.wire.front(), c.now);
    c.wire.pop_front();
  }
  EXPECT_TRUE(c[1].take_reads().empty());
  for (auto& e : c[1].take_chosen())
    c[1].applied(e->index(), c.now);
  EXPECT_EQ(c[1].take_reads().size(), 1u);
}

TEST(read_index, fails_when_the_leader_is_deposed) {
  cluster c = strict();
  c.elect(1);
  c.isolate(1);
  c[1].read_index(7, c.now);
  c.run(3'000'000);
  auto reads = c[1].take_reads();
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_FALSE(reads[0].ok);
  c[1].read_index(8, c.now);
  EXPECT_FALSE(c[1].take_reads()[0].ok);
}

TEST(read_index, a_single_member_is_its_own_round) {
  cluster c({member(1)}, [](options& o) { o.strict_reads = true; });
  c.elect(1);
  c[1].read_index(3, c.now);
  c.settle();
  EXPECT_TRUE(c[1].take_reads()[0].ok);
}

} // namespace
} // namespace troupe::paxos::testing
