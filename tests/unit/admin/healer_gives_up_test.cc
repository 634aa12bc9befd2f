// Changes that the healer has ordered and that do not come about.
#include "actors/admin/orders.h"
#include "tests/unit/admin/ward.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

// Waits until the target is given up for one that changes nothing, and lets that one be committed.
void give_up(ward& t, int at_most_s = 40) {
  auto first = t.record().target().SerializeAsString();
  for (int s = 0; s < at_most_s && t.record().target().SerializeAsString() == first; ++s) {
    t.second();
    t.heal();
  }
  ASSERT_NE(t.record().target().SerializeAsString(), first);
  EXPECT_EQ(t.record().target().epoch(), t.now().epoch() + 1) << "one of the two is chosen";
  EXPECT_EQ(t.record().target().members_size(), t.now().members_size());
  for (int i = 0; i < t.now().members_size(); ++i)
    EXPECT_EQ(t.record().target().members(i).id(), t.now().members(i).id());
  EXPECT_EQ(t.heal(), 0) << "it is the last word for this epoch";
  t.commit_target();
}

TEST(HealerGivesUp, ATargetThatTheLeaderCannotAcceptAnyMore) {
  wide_ward t;
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.newcomer_runs();
  ASSERT_EQ(healing_orders(t.w.view(), t.w.healing).size(), 1u);
  give_up(t); // the leader refuses, again and again
  EXPECT_FALSE(t.record().has_target());
  t.heal();
  ASSERT_TRUE(t.record().has_target()) << "the next one is planned on what is there now";
  EXPECT_GT(t.newcomer()->id(), first.id());
}

TEST(HealerGivesUp, ANewcomerThatIsInTrouble) {
  wide_ward t;
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.newcomer_runs();
  t.w.machines.at(first.node()).replicas.at(t.group).set_trouble("no space left on device");
  give_up(t);
  t.heal();
  ASSERT_TRUE(t.newcomer());
  EXPECT_NE(t.newcomer()->node(), first.node());
}

TEST(HealerGivesUp, ANewcomerThatItsNodeNeverMakesAndTheNodeForAWhile) {
  ward t; // the only other node of the zone
  for (auto& [name, one] : t.w.machines)
    one.makes = false; // its identity file cannot be written, or it is an older build
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  ASSERT_TRUE(t.w.book.alive(first.node(), t.w.now_us));
  give_up(t);
  for (int s = 0; s < 240; ++s) {
    t.second();
    t.heal();
    ASSERT_FALSE(t.record().has_target()) << "after " << s << " s";
  }
  ASSERT_EQ(healing_status(t.w.view(), t.w.healing).groups(0).step(), msg::AilingGroup::STUCK);
  t.wait_minutes(2);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  EXPECT_EQ(t.newcomer()->node(), first.node());
}

// It has perhaps made the newcomer, and nothing is wrong with it.
TEST(HealerGivesUp, AChangeWhoseNewcomersNodeWasSilentForAMomentAndNotTheNode) {
  ward t; // the only other node of the zone
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.w.machines.at(first.node()).up = false;
  for (int s = 0; s < 4; ++s)
    t.second();
  t.heal();
  ASSERT_EQ(t.record().withdrawn_size(), 1);
  t.w.machines.at(first.node()).up = true;
  t.second();
  t.commit_target();
  for (int s = 0; s < 10 && !t.record().has_target(); ++s) {
    t.second();
    t.heal();
  }
  ASSERT_TRUE(t.record().has_target()) << "a third copy is not put off for minutes";
  ASSERT_TRUE(t.newcomer());
  EXPECT_EQ(t.newcomer()->node(), first.node());
  EXPECT_GT(t.newcomer()->id(), first.id());
}

TEST(HealerGivesUp, APromotionWhoseMemberDiedBeforeANewLeaderHadHeardIt) {
  wide_ward t;
  t.lose_disk(2);
  t.heal();
  auto grown = *t.newcomer();
  t.commit_target();
  t.w.machines.at(grown.node()).replicas.at(t.group).set_grown(true);
  t.w.nodes_report();
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  ASSERT_FALSE(t.newcomer());
  t.w.machines.at(grown.node()).up = false;
  t.led_by(1);
  t.hear(t.member(0).id(), true);
  give_up(t);
  EXPECT_EQ(t.kind_of(grown.id()), msg::LOG_REPLICA);
  t.hear(grown.id(), false);
  for (int s = 0; s < 4; ++s)
    t.second();
  t.heal();
  EXPECT_TRUE(t.record().has_target()) << "it is replaced itself";
}

TEST(HealerGivesUp, NothingWhileNobodyLeads) {
  ward t;
  t.kill(2);
  t.heal();
  t.newcomer_runs();
  t.said_by_leader().set_serving(false);
  t.wait_minutes(2);
  EXPECT_EQ(t.heal(), 0);
  t.said_by_leader().set_serving(true);
  for (int s = 0; s < 10; ++s) {
    t.second();
    EXPECT_EQ(t.heal(), 0) << "it has its time when somebody does";
  }
}

} // namespace
} // namespace troupe::admin
