// To what time a table can be restored.
#include "tests/unit/admin/backup_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

// The archive was taken out of the cluster file: what was promised cannot be kept, and everything else about
// the table can be changed all the same.
TEST(Recovery, OfATableInAClusterThatHasNoArchiveAnyMoreIsNoReasonToRefuseOtherChanges) {
  backup_world w;
  msg::UpdateTable update;
  update.set_name("music");
  update.set_id(w.records.table("music")->id());
  update.mutable_after()->set_recovery_since_ms(5);
  ASSERT_EQ(w.done(plan_update(w.view(), update)).what, verdict::write);
  w.archive = false;
  *update.mutable_before() = w.records.table("music")->options();
  update.mutable_after()->set_deletion_protection(true);
  EXPECT_EQ(w.done(plan_update(w.view(), update)).what, verdict::write);
  *update.mutable_before() = w.records.table("music")->options();
  update.mutable_after()->clear_recovery_since_ms();
  EXPECT_EQ(w.done(plan_update(w.view(), update)).what, verdict::write) << "and it can be turned off";
  *update.mutable_before() = w.records.table("music")->options();
  update.mutable_after()->set_recovery_since_ms(9);
  EXPECT_EQ(plan_update(w.view(), update).refusal.code(), msg::UNSUPPORTED) << "and not on again";
}

TEST(Recovery, IsNotPromisedWithoutAnArchive) {
  backup_world w;
  msg::UpdateTable update;
  update.set_name("music");
  update.set_id(w.records.table("music")->id());
  update.mutable_after()->set_recovery_since_ms(5);
  *update.mutable_before() = w.records.table("music")->options();
  w.archive = false;
  EXPECT_EQ(plan_update(w.view(), update).refusal.code(), msg::UNSUPPORTED);
  w.archive = true;
  EXPECT_EQ(plan_update(w.view(), update).what, verdict::write);
}

TEST(Recovery, ReachesUpToNowUnlessSomethingIsWrongWithTheArchive) {
  backup_world w;
  const auto& table = *w.records.table("music");
  w.pass_seconds(100);
  EXPECT_EQ(restorable_until(w.view(), table), w.view().now_ms);
  auto since = w.view().now_ms - 30'000;
  auto group = w.groups_of("music").front();
  for (auto& [name, one] : w.machines)
    if (auto it = one.replicas.find(group); it != one.replicas.end() && it->second.leads()) {
      it->second.mutable_archive()->set_behind_since_ms(since);
      it->second.mutable_archive()->set_alarm("the archive fails");
    }
  w.nodes_report();
  EXPECT_EQ(restorable_until(w.view(), table), since);
  w.archive = false;
  EXPECT_EQ(restorable_until(w.view(), table), 0);
}

} // namespace
} // namespace troupe::admin
