// The healer over the records: what is written before anybody acts, what may be destroyed and when.
#include "actors/admin/orders.h"
#include "config/limits.h"
#include "tests/unit/admin/ward.h"
#include <gtest/gtest.h>
#include <set>

namespace troupe::admin {
namespace {

TEST(Healer, WritesTheTargetBeforeAnybodyActsAndAsksTheLeaderOnlyWhenTheNewcomerRuns) {
  ward t;
  EXPECT_EQ(t.heal(), 0) << "all is well";
  auto lost = t.member(2);
  t.kill(2);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  EXPECT_EQ(t.record().target().epoch(), 2u);
  EXPECT_EQ(t.record().next_member(), 5u);
  ASSERT_TRUE(t.newcomer());
  EXPECT_EQ(t.newcomer()->id(), 4u);
  EXPECT_EQ(t.newcomer()->zone(), lost.zone());
  EXPECT_NE(t.newcomer()->node(), lost.node());
  EXPECT_EQ(t.w.records.groups_on(t.newcomer()->node()).count(t.group), 1u) << "its node is told to make it";
  EXPECT_TRUE(healing_orders(t.w.view(), t.w.healing).empty());
  EXPECT_EQ(t.heal(), 0) << "one change at a time";

  t.newcomer_runs();
  auto orders = healing_orders(t.w.view(), t.w.healing);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].node, t.member(0).node());
  EXPECT_EQ(orders[0].request.change().target(), t.record().target().SerializeAsString());

  auto target = t.record().target();
  t.w.book.note_committed(t.group, target);
  t.heal();
  EXPECT_EQ(t.now().SerializeAsString(), target.SerializeAsString());
  EXPECT_FALSE(t.record().has_target());
}

// Each on the only node of its zone. One that says that it has nothing left makes room for a new member; of
// two that still have something both stay.
TEST(Healer, AsksTheDamagedThemselvesWhetherTheyHaveSomethingToKeep) {
  for (bool gone : {false, true}) {
    ward t(1);
    for (int i : {1, 2}) {
      auto& said = t.w.machines.at(t.member(i).node()).replicas.at(t.group);
      said.set_damage("its items: Input/output error");
      said.set_items_bytes(gone ? 1'000 : 0); // as of the last flush, whatever has become of them
      said.set_items_gone(gone && i == 2);
    }
    t.w.nodes_report();
    t.heal();
    EXPECT_EQ(t.record().has_target(), gone);
    if (gone) {
      EXPECT_EQ(t.record().target().members_size(), 2);
      EXPECT_FALSE(member_of(t.record().target(), t.member(2).id()));
    }
  }
}

TEST(HealerPauses, NothingBeginsUntilItIsToGoOn) {
  ward t;
  ASSERT_EQ(t.w.pause("ada", "moving rack 4").what, decision::verdict::write);
  EXPECT_EQ(t.w.pause("ada", "moving rack 4").what, decision::verdict::done) << "the same order again";
  t.kill(2);
  t.w.new_leader(); // it stands in the records
  for (int s = 0; s < 5; ++s) {
    t.second();
    t.heal();
  }
  EXPECT_FALSE(t.record().has_target());
  EXPECT_NE(t.record().ailing_ms(), 0) << "people can see what would have to be done";
  auto shown = healing_status(t.w.view(), t.w.healing);
  EXPECT_EQ(shown.pause().who(), "ada");
  EXPECT_EQ(shown.pause().why(), "moving rack 4");
  EXPECT_EQ(shown.groups_size(), 1);

  ASSERT_EQ(t.w.pause("", "", true).what, decision::verdict::write);
  EXPECT_EQ(t.w.pause("", "", true).what, decision::verdict::done);
  EXPECT_FALSE(healing_status(t.w.view(), t.w.healing).has_pause());
  t.heal();
  EXPECT_TRUE(t.record().has_target());
}

TEST(HealerPauses, WhatIsUnderWayEnds) {
  ward t;
  t.kill(2);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  ASSERT_EQ(t.w.pause("ada", "").what, decision::verdict::write);
  t.commit_target();
  EXPECT_FALSE(t.record().has_target());
  EXPECT_EQ(t.now().epoch(), 2u);
  t.wait_minutes(6); // the learner does not come back
  t.heal();
  EXPECT_EQ(t.now().epoch(), 2u);
  EXPECT_EQ(t.record().grow(), 0u) << "no items are fetched";
}

TEST(HealerPauses, KeepsWhatIsSaidWithinBounds) {
  ward t;
  auto refused = t.w.pause("ada", std::string(limits::remark_bytes + 1, 'x'));
  ASSERT_EQ(refused.what, decision::verdict::refuse);
  EXPECT_EQ(refused.refusal.code(), msg::VALIDATION);
  ASSERT_EQ(t.w.pause("ada", "one").what, decision::verdict::write);
  auto since = t.w.records.cluster().healing_pause().since_ms();
  t.w.pass_seconds(60);
  ASSERT_EQ(t.w.pause("bob", "two").what, decision::verdict::write);
  EXPECT_EQ(t.w.records.cluster().healing_pause().since_ms(), since) << "it has been stopped all the time";
  EXPECT_EQ(t.w.records.cluster().healing_pause().who(), "bob");
}

TEST(Healer, ANewMetadataLeaderCarriesOnFromTheRecordsAlone) {
  ward t;
  t.kill(2);
  t.heal();
  auto target = t.record().target().SerializeAsString();
  t.w.records = t.w.durable.load();
  t.w.new_leader();
  t.newcomer_runs();
  EXPECT_EQ(t.record().target().SerializeAsString(), target);
  auto orders = healing_orders(t.w.view(), t.w.healing);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].request.change().target(), target);
  EXPECT_EQ(t.heal(), 0);
}

TEST(Healer, ANewLeaderWaitsBeforeItTakesANodeToBeSilent) {
  ward t;
  t.w.new_leader();
  t.w.machines.at(t.member(2).node()).up = false;
  t.hear(t.member(2).id(), false);
  t.said_by_leader().mutable_members(1)->set_heard_ms_ago(-1);
  t.w.nodes_report();
  t.heal();
  EXPECT_FALSE(t.record().has_target());
}

TEST(Healer, ANewcomerThatDoesNotComeToLifeIsRememberedUntilTheEpochHasPassed) {
  ward t;
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.w.machines.at(first.node()).up = false;
  for (int s = 0; s < 4; ++s) {
    t.w.pass_seconds(1);
    t.w.nodes_report();
  }
  t.heal();
  ASSERT_EQ(t.record().withdrawn_size(), 1);
  EXPECT_EQ(t.record().withdrawn(0).id(), first.id());
  EXPECT_EQ(t.record().target().epoch(), 2u);
  EXPECT_EQ(t.record().target().members_size(), 3) << "nobody enters and nobody leaves";

  // It was slow, and made after all: as long as either target may be chosen it is not destroyed.
  t.w.machines.at(first.node()).up = true;
  auto& r = t.w.machines.at(first.node()).replicas[t.group];
  r.set_group(t.group);
  r.set_member(first.id());
  t.w.nodes_report();
  EXPECT_TRUE(t.w.gone_from(first.node()).empty());

  t.w.book.note_committed(t.group, t.record().target());
  t.heal(1);
  EXPECT_EQ(t.record().withdrawn_size(), 0);
  EXPECT_TRUE(t.w.gone_from(first.node()).empty()) << "nobody has it on disk that it is out";
  for (int i : {0, 1}) {
    t.w.machines.at(t.member(i).node()).replicas.at(t.group).set_durable_epoch(2);
    t.w.nodes_report();
    EXPECT_EQ(t.w.gone_from(first.node()).size(), i == 0 ? 0u : 1u);
  }
}

// An admin that was deposed and does not know it must not have its successor's newcomer destroyed.
TEST(Healer, AMemberThatTheseRecordsHaveNotMadeYetIsNotDestroyed) {
  ward t;
  t.kill(2);
  std::string spare;
  for (const auto& [name, machine] : t.w.machines)
    if (machine.replicas.count(t.group) == 0)
      spare = name;
  ASSERT_FALSE(spare.empty());
  auto& r = t.w.machines.at(spare).replicas[t.group];
  r.set_group(t.group);
  auto gone = [&](std::uint64_t id) {
    r.set_member(id);
    t.w.nodes_report();
    return t.w.gone_from(spare).size();
  };
  EXPECT_EQ(gone(4), 0u);
  // The same id, had it been given and its member removed since.
  auto change = *t.w.plan_heal();
  auto later = t.record();
  later.set_next_member(5);
  change.partitions = {later};
  ASSERT_TRUE(t.w.make(change));
  EXPECT_EQ(gone(4), 1u);
}

// Its member that is gone waits long for its turn; meanwhile others are restarted.
TEST(Healer, AShortSilenceLateInALongAilmentCostsNobodyItsSeat) {
  ward t;
  t.kill(2);
  t.heal();
  t.commit_target();
  t.wait_minutes(30);
  t.heal(1);
  ASSERT_TRUE(t.record().has_target()) << "who is gone is given up";
  t.commit_target();
  ASSERT_NE(t.record().ailing_ms(), 0);

  auto back = t.member(1);
  t.kill(1);
  t.heal();
  t.commit_target();
  ASSERT_EQ(t.kind_of(back.id()), msg::LEARNER);
  for (int s = 0; s < 30; ++s) {
    t.second();
    t.heal();
    ASSERT_EQ(t.kind_of(back.id()), msg::LEARNER) << "after " << s << " s";
    ASSERT_FALSE(t.record().has_target());
  }
}

TEST(Healer, ALearnerThatCatchesUpAfterTheGraceTimeOutlivesANewLeader) {
  ward t;
  auto away = t.member(2);
  t.kill(2);
  t.heal();
  t.commit_target();
  t.w.pass_seconds(299);
  t.w.machines.at(away.node()).up = true;
  t.hear(away.id(), true);
  t.lags(away.id());
  t.w.nodes_report();
  t.wait_minutes(10);
  ASSERT_EQ(t.heal(), 0);

  t.led_by(1); // to whom nobody has answered yet
  t.w.nodes_report();
  EXPECT_EQ(t.heal(), 0);
  EXPECT_EQ(t.kind_of(away.id()), msg::LEARNER);
}

TEST(Healer, NoStepOfAClockMakesALearnerForgotten) {
  ward t;
  auto away = t.member(2);
  t.kill(2);
  t.heal();
  t.commit_target();
  auto view = t.w.view();
  view.now_ms += 3'600'000;
  EXPECT_FALSE(plan_healing(view, t.w.healing));
  t.w.now_us += 3'600'000'000; // another admin, whose clock is an hour ahead
  t.w.new_leader();
  t.w.nodes_report();
  EXPECT_EQ(t.heal(), 0);
  t.wait_minutes(6);
  EXPECT_EQ(t.heal(), 1) << "it has watched for the grace time itself";
  for (const auto& m : t.record().target().members())
    EXPECT_NE(m.id(), away.id());
}

// Writes make every report of the leader a new one.
TEST(Healer, WhoNeverAnswersTheNewLeaderIsReplacedUnderLoad) {
  ward t;
  auto mute = t.member(2);
  t.led_by(1);
  t.hear(t.member(0).id(), true);
  for (int s = 0; s < 4 && !t.record().has_target(); ++s) {
    t.said_by_leader().set_commit(100 + static_cast<std::uint64_t>(s));
    t.second();
    t.heal();
  }
  ASSERT_TRUE(t.record().has_target());
  for (const auto& m : t.record().target().members())
    EXPECT_EQ(m.kind() == msg::LEARNER, m.id() == mute.id()) << m.id();
}

TEST(Healer, AGroupThatNothingCanBeDoneForIsAilingByItsRecord) {
  ward t(1);
  t.kill(2);
  EXPECT_EQ(t.heal(), 0) << "it may be a blink";
  t.second();
  t.second();
  EXPECT_EQ(t.heal(), 1);
  EXPECT_FALSE(t.record().has_target());
  EXPECT_NE(t.record().ailing_ms(), 0);
  ASSERT_EQ(healing_status(t.w.view(), t.w.healing).groups_size(), 1);
  EXPECT_EQ(healing_status(t.w.view(), t.w.healing).groups(0).step(), msg::AilingGroup::STUCK);
  t.w.machines.at(t.member(2).node()).up = true;
  t.hear(t.member(2).id(), true);
  t.second();
  EXPECT_EQ(t.heal(), 1);
  EXPECT_EQ(t.record().ailing_ms(), 0);
}

namespace {

// Nobody leads the group, and all but these of its members are on nodes that are gone.
void leave(ward& t, const std::set<int>& living) {
  t.w.lead[t.group] = "nobody";
  for (int i = 0; i < t.now().members_size(); ++i) {
    auto& on = t.w.machines.at(t.member(i).node());
    on.replicas.at(t.group).set_leads(false);
    on.replicas.at(t.group).set_serving(false);
    on.up = living.count(i) > 0;
  }
  t.w.nodes_report();
  for (int s = 0; s < 4; ++s)
    t.second();
}

} // namespace

TEST(Healer, SaysWhatIsInTheWayOfAChangeThatNobodyIsThereToMake) {
  ward t;
  t.kill(2);
  ASSERT_EQ(t.heal(), 1);
  ASSERT_TRUE(t.record().has_target());
  auto shown = [&] { return healing_status(t.w.view(), t.w.healing).groups(0); };
  EXPECT_EQ(shown().step(), msg::AilingGroup::CHANGING);
  leave(t, {0});
  EXPECT_EQ(shown().step(), msg::AilingGroup::STUCK);
  EXPECT_NE(shown().why().find("most of its voters are gone"), std::string::npos) << shown().why();
}

// A storage replica whose node lives and that does not come up: it is waited for, as large files take their
// time, and then no longer. What it has stays where it is.
TEST(Healer, WhoseNodeLivesAndWhoNeverComesUpIsNotWaitedForForEver) {
  ward t;
  t.kill(2);
  ASSERT_EQ(t.heal(), 1);
  t.commit_target();
  t.kill(1);
  ASSERT_EQ(t.heal(), 1);
  t.commit_target(); // one storage replica, two logs, two learners that are away
  ASSERT_EQ(t.now().members_size(), 5);
  std::set<int> living;
  for (int i = 0; i < t.now().members_size(); ++i)
    if (t.member(i).kind() != msg::LEARNER)
      living.insert(i);
  t.w.archive = true;
  leave(t, living);
  auto& broken = t.w.machines.at(t.member(0).node()).replicas.at(t.group);
  broken.set_epoch(0);
  broken.set_trouble("its files cannot be opened");
  t.w.nodes_report();
  t.second();
  while (t.heal() > 0) {
  }
  EXPECT_EQ(t.record().grow(), 0u);
  auto why = healing_status(t.w.view(), t.w.healing).groups(0).why();
  EXPECT_NE(why.find("does not run: its files cannot be opened"), std::string::npos) << why;
  for (int minute = 0; minute < 6; ++minute) { // what it says of it changes, and it stays what it is
    broken.set_trouble("its files cannot be opened: attempt " + std::to_string(minute));
    t.wait_minutes(1);
  }
  t.heal();
  const auto* grows = member_of(t.now(), t.record().grow());
  ASSERT_NE(grows, nullptr);
  EXPECT_EQ(grows->kind(), msg::LOG_REPLICA);
}

// A thousand partitions are made: some members come seconds after the others.
TEST(Healer, ATableThatIsBeingMadeIsNotHealed) {
  ward t;
  change change;
  change.cluster = t.w.records.cluster();
  change.cluster.set_version(t.w.records.version() + 1);
  change.tables.push_back(*t.w.records.table("music"));
  change.tables.back().set_state(msg::TABLE_CREATING);
  ASSERT_TRUE(t.w.make(change));
  t.kill(2);
  EXPECT_EQ(t.heal(), 0);
  EXPECT_EQ(healing_status(t.w.view(), t.w.healing).groups_size(), 0);
  change.cluster.set_version(t.w.records.version() + 1);
  change.tables.back().set_state(msg::TABLE_ACTIVE);
  ASSERT_TRUE(t.w.make(change));
  t.heal();
  EXPECT_TRUE(t.record().has_target());
}

TEST(Healer, ADirectoryThatIsAnotherOneIsALostMember) {
  ward t;
  auto lost = t.member(1);
  t.lose_disk(1);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  for (const auto& m : t.record().target().members())
    EXPECT_NE(m.id(), lost.id()) << "not even as a learner";
}

} // namespace
} // namespace troupe::admin
