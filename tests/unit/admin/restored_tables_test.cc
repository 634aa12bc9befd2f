// Tables made from a backup or from another table's past: what the metadata says while they are made.
#include "config/limits.h"
#include "tests/unit/admin/backup_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

TEST(ARestoredTable, HasTheRangesOfItsSourceAndIsActiveWhenAllItsItemsAreThere) {
  backup_world w;
  w.back_up(5, w.heads(40));
  EXPECT_EQ(w.restore(from_backup(5)).refusal.code(), msg::TABLE_IN_USE) << "the backup is being made";
  w.archive_up_to(40);
  w.settle();
  ASSERT_EQ(w.restore(from_backup(5)).what, verdict::write);
  w.run();

  ASSERT_EQ(w.records.table("again")->state(), msg::TABLE_CREATING);
  auto source = w.groups_of("music");
  auto made = w.groups_of("again");
  ASSERT_EQ(made.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& partition = *w.records.partition(made[i]);
    EXPECT_EQ(partition.from(), w.records.partition(source[i])->from());
    EXPECT_EQ(partition.to(), w.records.partition(source[i])->to());
    EXPECT_EQ(partition.restore().group(), source[i]);
    EXPECT_EQ(partition.restore().last(), 40u) << "it can begin at once";
  }
  EXPECT_TRUE(w.records.map().tables(0).restore().parts().empty());

  w.say_restored("again");
  w.settle();

  const auto& table = *w.records.table("again");
  EXPECT_EQ(table.state(), msg::TABLE_ACTIVE);
  EXPECT_TRUE(table.restore().done());
  EXPECT_EQ(table.restore().backup(), 5u);
  EXPECT_EQ(table.restore().table(), "music");
}

TEST(ARestoredTable, OfATableAsItIsBeginsWhenItsLogIsArchivedAndHoldsItUntilThen) {
  backup_world w;
  auto waits = w.restore(from_music(0));
  ASSERT_EQ(waits.what, verdict::wait) << "no leader has said how far its log goes";
  EXPECT_EQ(waits.heads, w.groups_of("music"));
  ASSERT_EQ(w.restore(from_music(0), w.heads(40)).what, verdict::write);
  w.run();
  auto made = w.groups_of("again");
  EXPECT_EQ(w.records.partition(made[0])->restore().last(), 0u);
  EXPECT_EQ(wanted_of_archive(w.records).size(), 2u);
  EXPECT_EQ(w.remove("music").refusal.code(), msg::TABLE_IN_USE);

  w.archive_up_to(40);
  w.settle();

  EXPECT_EQ(w.records.partition(made[0])->restore().last(), 40u);
  EXPECT_EQ(w.remove("music").what, verdict::write) << "its items are in the archive";
  EXPECT_EQ(w.records.table("again")->state(), msg::TABLE_CREATING);
  w.say_restored("again");
  w.settle();
  EXPECT_EQ(w.records.table("again")->state(), msg::TABLE_ACTIVE);
}

TEST(ARestoredTable, IsNotActiveOnTheWordOfSomeOfItsPartitions) {
  backup_world w;
  w.restore(from_music(0), w.heads(40));
  w.run();
  w.say_restored("again");
  w.settle();
  EXPECT_EQ(w.records.table("again")->state(), msg::TABLE_CREATING) << "nothing was to begin yet";
  w.archive_up_to(40);
  auto made = w.groups_of("again");
  for (auto& [name, one] : w.machines)
    for (auto& [group, replica] : one.replicas)
      replica.set_restored(group == made[0] && replica.leads());
  w.nodes_report();
  w.settle();
  EXPECT_TRUE(w.records.partition(made[0])->restore().done());
  EXPECT_FALSE(w.records.partition(made[1])->restore().done());
  EXPECT_EQ(w.records.table("again")->state(), msg::TABLE_CREATING);
}

TEST(ARestoredTable, TakesOverWhatTheTableWasMadeLikeAndNotWhatWasDoneWithIt) {
  backup_world w;
  msg::UpdateTable update;
  update.set_name("music");
  update.set_id(w.records.table("music")->id());
  *update.mutable_before() = w.records.table("music")->options();
  auto& after = *update.mutable_after();
  after.set_read_units(7);
  after.set_write_units(8);
  after.add_tags()->set_key("owner");
  after.set_deletion_protection(true);
  after.set_recovery_since_ms(1);
  w.done(plan_update(w.view(), update));
  w.restore(from_music(0), w.heads(40));
  const auto& made = w.records.table("again")->options();
  EXPECT_EQ(made.read_units(), 7);
  EXPECT_EQ(made.tags_size(), 0);
  EXPECT_FALSE(made.deletion_protection());
  EXPECT_EQ(made.recovery_since_ms(), 0);

  auto wish = from_music(0, "other");
  wish.mutable_options()->set_on_demand(true);
  w.restore(wish, w.heads(40), 901);
  EXPECT_TRUE(w.records.table("other")->options().on_demand());
}

TEST(ARestoredTable, IsRefusedForATimeThatNeverWasAndANameThatIsTaken) {
  backup_world w;
  auto heads = w.heads(40);
  EXPECT_EQ(w.restore(from_music(1), heads).refusal.code(), msg::VALIDATION);
  EXPECT_EQ(w.restore(from_music(w.view().now_ms + 1), heads).refusal.code(), msg::VALIDATION);
  EXPECT_EQ(w.restore(from_music(0, "music"), heads).refusal.code(), msg::TABLE_EXISTS);
  ASSERT_EQ(w.restore(from_music(0, "later"), heads, 901).what, verdict::write);
  EXPECT_EQ(w.restore(from_music(0, "later"), heads).refusal.code(), msg::TABLE_IN_USE)
      << "it is being created";
  ASSERT_EQ(w.remove("later").what, verdict::write);
  EXPECT_EQ(w.restore(from_music(0, "later"), heads).refusal.code(), msg::TABLE_IN_USE) << "or deleted";
  auto nowhere = from_music(0);
  nowhere.set_table("books");
  EXPECT_EQ(w.restore(nowhere, heads).refusal.code(), msg::TABLE_NOT_FOUND);
  EXPECT_EQ(w.restore(from_backup(99)).refusal.code(), msg::TABLE_NOT_FOUND);
  auto another = from_music(0);
  another.set_table_id(123);
  EXPECT_EQ(w.restore(another, heads).refusal.code(), msg::TABLE_NOT_FOUND) << "one of that name, later";
  w.archive = false;
  EXPECT_EQ(w.restore(from_music(0), heads).refusal.code(), msg::UNSUPPORTED);
}

TEST(ARestoredTable, ThatCannotBeFinishedIsDeleted) {
  backup_world w;
  w.restore(from_music(0), w.heads(40));
  w.run();
  ASSERT_EQ(w.records.table("again")->state(), msg::TABLE_CREATING);
  EXPECT_EQ(w.remove("again").what, verdict::write);
  w.run();
  w.nodes_report();
  w.settle();
  EXPECT_EQ(w.records.table("again"), nullptr);
  EXPECT_TRUE(wanted_of_archive(w.records).empty());
  EXPECT_EQ(w.remove("music").what, verdict::write);
}

// A restorer says so, which may know an older table of that name.
TEST(ARestoredTable, WhosePastIsNotInTheArchiveIsDeletedAndNoOtherOneOfThatName) {
  backup_world w;
  auto unrestorable = [&](std::uint64_t id) {
    msg::DeleteTable wish;
    wish.set_name("again");
    wish.set_unrestorable(id);
    wish.set_why("entries 3 to 7 are missing");
    return plan_delete(w.view(), wish, {}, 0);
  };
  w.restore(from_music(0), w.heads(40));
  w.run();
  EXPECT_EQ(unrestorable(899).refusal.code(), msg::TABLE_NOT_FOUND) << "one before it";
  EXPECT_EQ(unrestorable(900).what, verdict::write);
  w.archive_up_to(40);
  w.settle();
  w.say_restored("again");
  w.settle();
  ASSERT_EQ(w.records.table("again")->state(), msg::TABLE_ACTIVE);
  EXPECT_EQ(unrestorable(900).refusal.code(), msg::TABLE_IN_USE) << "it is there after all";
}

TEST(ARestoredTable, CountsNoMoreOnceItIsGivenUpHoweverLongThatTakes) {
  backup_world w;
  for (std::size_t i = 0; i < limits::restores_at_once; ++i)
    ASSERT_EQ(w.restore(from_music(0, "again-" + std::to_string(i)), w.heads(40), 900 + i).what,
              verdict::write);
  ASSERT_EQ(w.restore(from_music(0, "one-more"), w.heads(40), 2'000).refusal.code(), msg::LIMIT_EXCEEDED);
  ASSERT_EQ(w.remove("again-7").what, verdict::write);
  ASSERT_EQ(w.records.table("again-7")->state(), msg::TABLE_DELETING) << "its replicas are still there";
  EXPECT_EQ(w.restore(from_music(0, "one-more"), w.heads(40), 2'000).what, verdict::write);
}

} // namespace
} // namespace troupe::admin
