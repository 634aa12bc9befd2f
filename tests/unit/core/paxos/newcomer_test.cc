// Who comes to a group that is older: by a snapshot of the items, or as a log replica with the log's newest
// part, that may grow items later.
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos::testing {
namespace {

using items = std::vector<std::string>;
using body = msg::PaxosMessage;

// Gives `id` the items and header of `from`, as a finished transfer would.
void install_snapshot(cluster& c, member_id from, member_id id) {
  msg::SnapshotHeader header;
  header.set_group(cluster::group_id);
  header.set_index(c[from].applied_index());
  header.set_link(c[from].link_at(header.index()));
  *header.mutable_configuration() = c[from].configuration();
  header.set_configuration_index(c[from].configuration_index());
  c.at(id).items = c.at(from).items;
  ASSERT_TRUE(c[id].restore(header, c.now));
  c.pump(id);
}

void truncate(cluster& c, member_id id) {
  log_index up_to = c[id].applied_index();
  c[id].applied_durably(up_to, c.now);
  log_index may = c[id].truncatable(0);
  if (may < c[id].first_index())
    return;
  c[id].truncated(may);
  c.at(id).stored.base_link = c.at(id).stored.log.at(may).link();
  c.at(id).stored.base = may;
  std::erase_if(c.at(id).stored.log, [may](const auto& pair) { return pair.first <= may; });
}

TEST(snapshot, is_asked_for_by_who_can_no_longer_be_continued_by_the_log) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.isolate(2);
  for (int i = 0; i < 20; ++i)
    c.write(1, "w" + std::to_string(i));
  truncate(c, 1);
  EXPECT_EQ(c[1].first_index(), 22u);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c[2].wants_snapshot().has_value(); }));
  EXPECT_EQ(*c[2].wants_snapshot(), 1u);
  bool told = false;
  for (const progress_view& view : c[1].progress())
    told = told || (view.member == 2 && view.needs_snapshot);
  EXPECT_TRUE(told);
  c.write(1, "while it is being fetched");
  install_snapshot(c, 1, 2);
  EXPECT_FALSE(c[2].wants_snapshot());
  ASSERT_TRUE(c.run_until([&] { return c.at(2).items.size() == 21; }));
  c.write(1, "and the log goes on");
  c.run(700'000);
  EXPECT_EQ(c.at(2).items, c.at(1).items);
  EXPECT_EQ(c[2].wants_snapshot(), std::nullopt);
  c.crash(2);
  c.restart(2);
  c.run(1'000'000);
  EXPECT_EQ(c[2].commit(), c[1].commit());
}

TEST(snapshot, a_newcomer_starts_from_one_and_becomes_a_member) {
  cluster c = two_and_a_log();
  c.elect(1);
  for (int i = 0; i < 20; ++i)
    c.write(1, "w" + std::to_string(i));
  truncate(c, 3);
  EXPECT_EQ(c[3].first_index(), 1u) << "it keeps what some item store does not hold durably";
  c[1].applied_durably(21, c.now);
  c.run(400'000);
  c[2].applied_durably(21, c.now);
  c.run(700'000);
  truncate(c, 1);
  truncate(c, 3);
  EXPECT_EQ(c[3].first_index(), 22u);
  c.add(member(4));
  ASSERT_TRUE(change(c, {member(1), member(2), member(3, msg::LOG_REPLICA), member(4, msg::LEARNER)}));
  ASSERT_TRUE(c.run_until([&] { return c[4].wants_snapshot().has_value(); }));
  install_snapshot(c, 1, 4);
  c.run(1'000'000);
  EXPECT_EQ(c.at(4).items, c.at(1).items);
  ASSERT_TRUE(change(c, {member(1), member(2), member(4)})) << "takes the log replica's seat";
  c.run(1'000'000);
  EXPECT_TRUE(c[3].removed());
  c.crash(1);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
}

TEST(newcomer, a_log_replica_begins_above_what_two_item_stores_hold) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  for (int i = 0; i < 20; ++i)
    c.write(1, "w" + std::to_string(i));
  c[1].applied_durably(15, c.now);
  c[2].applied_durably(12, c.now);
  c.run(400'000);
  c.crash(3);
  c.run(2'000'000);
  c.add(member(4, msg::LOG_REPLICA));
  auto asked = c.now;
  ASSERT_TRUE(change(c, {member(1), member(2), member(4, msg::LOG_REPLICA), member(3, msg::LEARNER)}));
  EXPECT_EQ(c[4].first_index(), 13u) << "what 2 does not hold durably is copied, and no more";
  EXPECT_EQ(c[4].last_index(), c[1].last_index());
  EXPECT_EQ(c.now, asked) << "and no heartbeat was waited for";
  EXPECT_FALSE(c[4].wants_snapshot());
  c.crash(4);
  c.restart(4);
  EXPECT_EQ(c[4].first_index(), 13u);
  c.crash(2);
  ASSERT_TRUE(c.write(1, "on two of three"));
  c.run(400'000);
  EXPECT_EQ(c[1].commit(), c[1].last_index());
}

// Should both item stores be lost, the archive and this log have to hold everything between them.
TEST(newcomer, a_log_replica_is_given_all_that_is_not_archived) {
  for (log_index archived : {6, 0}) {
    cluster c({member(1), member(2), member(3)});
    c.elect(1);
    for (int i = 0; i < 20; ++i)
      c.write(1, "w" + std::to_string(i));
    c[1].applied_durably(15, c.now);
    c[2].applied_durably(12, c.now);
    c[1].archived(archived);
    c.run(400'000);
    c.crash(3);
    c.run(2'000'000);
    c.add(member(4, msg::LOG_REPLICA));
    ASSERT_TRUE(change(c, {member(1), member(2), member(4, msg::LOG_REPLICA), member(3, msg::LEARNER)}));
    EXPECT_EQ(c[4].first_index(), archived + 1);
    EXPECT_EQ(c[4].last_index(), c[1].last_index());
  }
}

// Storage replicas were lost one after the other, each before its successor had grown. What is left is a
// quorum of log replicas, and the archive, from which one of them gets items up to what it knows to be
// chosen.
TEST(newcomer, a_log_replica_that_gets_items_from_elsewhere_leads_where_nobody_else_can) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.write(1, "a");
  c.crash(3);
  c.run(2'000'000);
  c.add(member(4, msg::LOG_REPLICA));
  ASSERT_TRUE(change(c, {member(1), member(2), member(4, msg::LOG_REPLICA)}));
  c.write(1, "b");
  c.crash(2);
  c.run(2'000'000);
  c.add(member(5, msg::LOG_REPLICA));
  ASSERT_TRUE(change(c, {member(1), member(4, msg::LOG_REPLICA), member(5, msg::LOG_REPLICA)}));
  c.cut_one_way(1, 4);
  ASSERT_TRUE(c.write(1, "on 1 and 5 only"));
  EXPECT_EQ(c[1].commit(), c[1].last_index());
  c.crash(1);
  c.heal();
  c.run(20'000'000);
  ASSERT_EQ(c.leader(), 0u);

  log_index chosen = c[4].commit();
  ASSERT_LT(chosen, c[5].last_index());
  c.crash(4);
  c.at(4).keeps_items = true;
  c.at(4).stored.items = {"a", "b"};
  c.at(4).stored.applied = chosen;
  c.restart(4);
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 4; }));
  EXPECT_EQ(c.at(4).items, (items{"a", "b", "on 1 and 5 only"})) << "what was acknowledged is in 5's log";
  ASSERT_TRUE(c.write(4, "c"));

  EXPECT_FALSE(change(c, {member(1), member(4, msg::LOG_REPLICA), member(5)})) << "5 has no items";
  ASSERT_TRUE(change(c, {member(1), member(4), member(5, msg::LOG_REPLICA)})) << "it calls itself what it is";
  EXPECT_EQ(c.leader(), 4u) << "and leads on";
  c.add(member(6, msg::LOG_REPLICA));
  ASSERT_TRUE(change(c, {member(4), member(5, msg::LOG_REPLICA), member(6, msg::LOG_REPLICA)}));
  c.crash(5);
  EXPECT_TRUE(c.write(4, "d"));
  EXPECT_EQ(c[4].commit(), c[4].last_index());
}

TEST(newcomer, a_log_replica_with_items_lets_a_storage_replica_lead_first) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.write(1, "a");
  c.run(400'000);
  c.crash(3);
  c.at(3).keeps_items = true;
  c.at(3).stored.items = {"a"};
  c.at(3).stored.applied = c[1].commit();
  c.restart(3);
  c.run(3'000'000);
  c.crash(1);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; }));
  EXPECT_EQ(c.leader(), 2u);
  EXPECT_EQ(c[3].counters().elections_started, 0u);
}

TEST(newcomer, a_log_replica_copies_the_whole_log_when_only_one_item_store_is_left) {
  cluster c = two_and_a_log();
  c.elect(1);
  for (int i = 0; i < 20; ++i)
    c.write(1, "w" + std::to_string(i));
  c[1].applied_durably(15, c.now);
  c.run(400'000);
  c.crash(2);
  c.run(2'000'000);
  c.add(member(4, msg::LOG_REPLICA));
  ASSERT_TRUE(change(c, {member(1), member(3, msg::LOG_REPLICA), member(4, msg::LOG_REPLICA)}));
  EXPECT_EQ(c[4].first_index(), 1u);
  c[3].truncated(c[3].truncatable(0));
  c.run(2'000'000);
  EXPECT_EQ(c[3].truncatable(0), 0u) << "the only items there are need the logs beside them";
}

// 3 was away while 4 took 2's place and began to lead, and whoever led before is gone.
TEST(newcomer, whoever_was_away_finds_the_items_where_a_configuration_it_never_had_says) {
  cluster c({member(1), member(2), member(3)});
  c.isolate(3);
  msg::PaxosMessage told;
  told.set_group(cluster::group_id);
  told.set_from(4);
  told.set_to(3);
  told.set_epoch(5);
  auto& chosen = *told.mutable_chosen();
  chosen.set_commit(100);
  chosen.set_gone(true);
  chosen.set_previous_index(90);
  chosen.set_previous_link(7);
  msg::PaxosMessage unknown = told;
  c[3].step(std::move(unknown), c.now);
  EXPECT_NE(c[3].wants_snapshot(), 4u) << "nobody can say where that one is";
  EXPECT_TRUE(c[3].wants_snapshot()) << "one that it knows may do";
  ASSERT_TRUE(c[3].snapshot_host());

  auto fourth = member(4);
  fourth.set_node("a node that is new");
  *chosen.mutable_configuration() = configuration(5, {member(1), fourth, member(3, msg::LEARNER)});
  chosen.set_configuration_index(80);
  c[3].step(std::move(told), c.now);
  EXPECT_EQ(c[3].wants_snapshot(), 4u);
  ASSERT_TRUE(c[3].snapshot_host());
  EXPECT_EQ(c[3].snapshot_host()->node(), "a node that is new");
}

// Two say that their logs begin above; what the one with the older configuration says of the members is old
// news.
TEST(newcomer, whoever_was_away_goes_by_the_newest_configuration_it_was_told) {
  cluster c({member(1), member(2), member(3)});
  c.isolate(3);
  auto told_by = [&](member_id who, std::uint64_t epoch, std::vector<msg::Member> members) {
    msg::PaxosMessage told;
    told.set_group(cluster::group_id);
    told.set_from(who);
    told.set_to(3);
    told.set_epoch(epoch);
    auto& chosen = *told.mutable_chosen();
    chosen.set_commit(100);
    chosen.set_gone(true);
    chosen.set_previous_index(90);
    chosen.set_previous_link(7);
    if (!members.empty())
      *chosen.mutable_configuration() = configuration(epoch, std::move(members));
    c[3].step(std::move(told), c.now);
  };
  told_by(5, 6, {member(4), member(5), member(3, msg::LEARNER)});
  ASSERT_EQ(c[3].wants_snapshot(), 5u);
  told_by(4, 4, {member(1), member(4), member(3, msg::LEARNER)});
  EXPECT_EQ(c[3].wants_snapshot(), 4u);
  EXPECT_TRUE(c[3].snapshot_host());
  told_by(5, 6, {});
  EXPECT_EQ(c[3].wants_snapshot(), 5u) << "it is known where that one is";
  EXPECT_TRUE(c[3].snapshot_host());
  c[3].snapshot_refused(5, c.now);
  EXPECT_EQ(c[3].wants_snapshot(), 1u) << "which is in its own configuration";
}

TEST(snapshot, is_asked_of_one_member_after_the_other) {
  cluster c({member(1), member(2), member(3), member(4, msg::LOG_REPLICA)});
  c.elect(1);
  c.isolate(3);
  for (int i = 0; i < 20; ++i)
    c.write(1, "w" + std::to_string(i));
  c[3].snapshot_refused(1, c.now);
  EXPECT_FALSE(c[3].wants_snapshot()) << "it wants none";
  truncate(c, 1);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c[3].wants_snapshot() == 1u; }));
  c[3].snapshot_refused(1, c.now);
  EXPECT_EQ(c[3].wants_snapshot(), 2u);
  c[3].snapshot_refused(2, c.now);
  EXPECT_EQ(c[3].wants_snapshot(), 1u) << "a log replica has none to give";
}

TEST(newcomer, the_next_leader_adopts_a_tail_that_only_the_new_log_replica_has) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.write(1, "before");
  c.crash(3);
  c.run(2'000'000);
  c.add(member(4, msg::LOG_REPLICA));
  ASSERT_TRUE(change(c, {member(1), member(2), member(4, msg::LOG_REPLICA)}));
  c.cut_one_way(1, 2);
  ASSERT_TRUE(c.write(1, "on 1 and 4 only"));
  EXPECT_EQ(c[1].commit(), c[1].last_index());
  c.crash(1);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_EQ(c.at(2).items, (items{"before", "on 1 and 4 only"}));
}

TEST(newcomer, a_log_replica_becomes_a_storage_replica_only_when_it_says_that_it_has_items) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.write(1, "a");
  c.run(400'000);
  EXPECT_FALSE(change(c, {member(1), member(2), member(3)})) << "it has none";
  // It gets items, and opens again with them.
  c.crash(3);
  c.at(3).keeps_items = true;
  c.at(3).stored.items = {"a"};
  c.at(3).stored.applied = c[1].commit();
  c.restart(3);
  c.run(500'000);
  ASSERT_TRUE(change(c, {member(1), member(2), member(3)}));
  c.write(1, "b");
  c.run(400'000);
  EXPECT_EQ(c.at(3).items, (items{"a", "b"}));
  c.crash(1);
  c.crash(2);
  c.restart(2);
  c.at(2).ticks = false;
  EXPECT_TRUE(c.run_until([&] { return c.leader() == 3; })) << "and may lead";
}

TEST(newcomer, who_has_no_items_never_campaigns_whatever_the_configuration_says) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.run(500'000);
  c.crash(3);
  c.at(3).keeps_items = false; // its items were lost with a part of the disk
  c.restart(3);
  c.crash(1);
  c.crash(2);
  c.restart(2);
  c.at(2).ticks = false;
  c[3].campaign(c.now);
  c.run(20'000'000);
  EXPECT_EQ(c[3].counters().elections_started, 0u);
}

TEST(newcomer, a_member_that_was_removed_tells_of_it_and_votes_no_more) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.add(member(4));
  c.run(500'000);
  // The leader and 3 have the change and know that it was chosen; 2 has it and does not know; 4 has nothing.
  c.isolate(4);
  ASSERT_TRUE(c[1].propose_configuration(next_of(c, {member(1), member(2), member(4)}), c.now));
  c.keep_back = [](const msg::PaxosMessage& m) { return m.to() == 2 && m.has_heartbeat(); };
  c.settle();
  ASSERT_EQ(c[1].configuration().epoch(), 2u);
  ASSERT_TRUE(c.run_until([&] { return c[3].removed(); }, 1'000'000));
  c.crash(1);
  c.keep_back = {};
  c.wire.clear();
  c.heal();
  ASSERT_EQ(c[2].configuration().epoch(), 1u);
  // Nobody else is left to ask: without 3's word 2 would wait for ever.
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_EQ(c[2].configuration().epoch(), 2u);
  EXPECT_EQ(c[3].counters().elections_started, 0u);
  c.crash(4);
  EXPECT_TRUE(c.write(2, "needs 4"));
  c.run(400'000);
  EXPECT_LT(c[2].commit(), c[2].last_index()) << "what 3 says is no vote";
}

TEST(newcomer, knows_durably_only_what_a_crash_would_leave) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  c.run(500'000);
  EXPECT_EQ(c[2].durable_epoch(), 1u);
  c.add(member(4));
  c.keep_back = is(body::kHeartbeat); // nobody hears yet that it is chosen
  ASSERT_TRUE(change(c, {member(1), member(2), member(4)}));
  c.hold_disk(2);
  c.keep_back = {};
  c.run(400'000);
  EXPECT_EQ(c[2].configuration().epoch(), 2u);
  EXPECT_EQ(c[2].durable_epoch(), 1u);
  c.release_disk(2);
  EXPECT_EQ(c[2].durable_epoch(), 2u);
  EXPECT_EQ(c[4].durable_epoch(), 2u);
}

// It may write a configuration down that it was told of, and would take it for hearsay again after a crash,
// until it has written that it met it in the log.
TEST(newcomer, knows_nothing_durably_that_it_was_only_told) {
  cluster c({member(1), member(2), member(3)});
  c.elect(1);
  auto told = configuration(2, {member(1), member(2), member(4)});
  c.add(member(4), told);
  c.keep_back = from(4); // nobody hears yet what it lacks
  ASSERT_TRUE(c[1].propose_configuration(told, c.now));
  c.settle();
  ASSERT_EQ(c.at(4).stored.hard_state.configuration().epoch(), 2u) << "written down as it was told";
  EXPECT_EQ(c[4].durable_epoch(), 0u);
  c.hold_disk(4);
  c.keep_back = {};
  c.run(400'000);
  EXPECT_EQ(c[4].configuration_index(), 2u) << "met in the log";
  EXPECT_EQ(c[4].durable_epoch(), 0u) << "a crash would leave it with what it was told";
  c.release_disk(4);
  EXPECT_EQ(c[4].durable_epoch(), 2u);
}

TEST(snapshot, a_candidate_that_lags_behind_the_only_log_asks_a_storage_replica) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.isolate(2);
  for (int i = 0; i < 20; ++i)
    c.write(1, "w" + std::to_string(i));
  c.run(400'000);
  c[3].truncated(20);
  c.crash(1);
  c.run(3'000'000);
  c.heal();
  c.run(3'000'000);
  EXPECT_EQ(c.leader(), 0u) << "what 3 dropped, nobody here has: no election may pretend otherwise";
  ASSERT_TRUE(c[2].wants_snapshot().has_value());
  EXPECT_EQ(*c[2].wants_snapshot(), 1u);
  c.restart(1);
  ASSERT_TRUE(c.run_until([&] { return c.leader() != 0; })) << "1 has it, and may send it or lead";
}

TEST(snapshot, is_not_needed_by_who_has_the_log_and_only_did_not_know_it_to_be_chosen) {
  cluster c = two_and_a_log();
  c.elect(1);
  c.write(1, "a");
  c.cut_one_way(1, 2); // from here on 2 has the entry and never hears that it was chosen
  c.run(400'000);
  c[3].truncated(c[3].commit());
  ASSERT_EQ(c[2].commit(), 1u);
  ASSERT_EQ(c[2].last_index(), 2u);
  c.crash(1);
  c.heal();
  ASSERT_TRUE(c.run_until([&] { return c.leader() == 2; }));
  EXPECT_EQ(c.at(2).items, items{"a"});
  EXPECT_FALSE(c[2].wants_snapshot());
}

} // namespace
} // namespace troupe::paxos::testing
