// Backups as records: what the metadata says while they are made, who leads it when.
#include "config/limits.h"
#include "tests/unit/admin/backup_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

TEST(ABackup, IsAvailableWhenTheArchiveHasAllOfEveryLogUpToTheMomentItWasAskedFor) {
  backup_world w;
  auto first = w.groups_of("music").front();
  auto waits = w.back_up(5, {{first, 40}});
  ASSERT_EQ(waits.what, verdict::wait) << "one leader has not answered yet";
  EXPECT_EQ(waits.heads, std::vector<std::uint64_t>{w.groups_of("music").back()});
  ASSERT_EQ(w.back_up(5, w.heads(40)).what, verdict::write);
  ASSERT_NE(w.records.backup(5), nullptr);
  EXPECT_EQ(w.records.backup(5)->parts_size(), 2);
  EXPECT_EQ(wanted_of_archive(w.records).size(), 2u);
  w.settle();
  EXPECT_FALSE(w.records.backup(5)->available()) << "nothing is known to be archived";

  w.archived.note(first, 40);
  w.settle();
  EXPECT_FALSE(w.records.backup(5)->available());
  w.archive_up_to(39);
  w.settle();
  EXPECT_FALSE(w.records.backup(5)->available()) << "the last entry is missing";
  w.archive_up_to(40);
  w.settle();

  EXPECT_TRUE(w.records.backup(5)->available());
  EXPECT_TRUE(wanted_of_archive(w.records).empty());
}

TEST(ABackup, IsFinishedByAnotherLeader) {
  backup_world w;
  w.back_up(5, w.heads(40));
  w.new_leader();
  ASSERT_NE(w.records.backup(5), nullptr);
  EXPECT_EQ(wanted_of_archive(w.records).size(), 2u) << "it has to ask for itself";
  w.archive_up_to(41);
  w.settle();
  EXPECT_TRUE(w.records.backup(5)->available());
}

TEST(ABackup, IsMadeOnceHoweverOftenItIsAskedFor) {
  backup_world w;
  msg::RequestId creator;
  creator.set_client(1);
  creator.set_sequence(9);
  ASSERT_EQ(w.back_up(5, w.heads(40), creator).what, verdict::write);
  EXPECT_EQ(w.back_up(5, w.heads(40), creator).what, verdict::done);
  EXPECT_EQ(w.back_up(6, w.heads(50), creator).what, verdict::done) << "through another router";
  EXPECT_EQ(backup_of(w.records, 6, creator)->id(), 5u);
  creator.set_sequence(10);
  EXPECT_EQ(w.back_up(6, w.heads(50), creator).what, verdict::write) << "the name may be taken";
  EXPECT_EQ(w.records.backups().size(), 2u);
}

TEST(ABackup, IsRefusedWithoutAnArchiveOrATable) {
  backup_world w;
  w.archive = false;
  EXPECT_EQ(w.back_up(5, w.heads(40)).refusal.code(), msg::UNSUPPORTED);
  w.archive = true;
  auto heads = w.heads(40);
  w.remove("music");
  EXPECT_EQ(w.back_up(5, heads).refusal.code(), msg::TABLE_IN_USE) << "it is being deleted";
  w.run();
  w.nodes_report();
  w.settle();
  EXPECT_EQ(w.back_up(5, heads).refusal.code(), msg::TABLE_NOT_FOUND);
}

TEST(ABackup, HoldsItsTableUntilItIsAvailableAndOutlivesIt) {
  backup_world w;
  w.back_up(5, w.heads(40));
  EXPECT_EQ(w.remove("music").refusal.code(), msg::TABLE_IN_USE);
  EXPECT_EQ(w.drop_backup(5).refusal.code(), msg::TABLE_IN_USE);
  w.archive_up_to(40);
  w.settle();
  ASSERT_EQ(w.remove("music").what, verdict::write);
  w.run();
  w.nodes_report();
  w.settle();
  ASSERT_EQ(w.records.table("music"), nullptr);

  ASSERT_NE(w.records.backup(5), nullptr);
  ASSERT_EQ(w.restore(from_backup(5)).what, verdict::write);
  EXPECT_EQ(w.drop_backup(5).what, verdict::write) << "what is restored is in the archive";
  EXPECT_EQ(w.records.backup(5), nullptr);
  EXPECT_EQ(w.drop_backup(5).refusal.code(), msg::TABLE_NOT_FOUND);
  EXPECT_EQ(w.drop_backup(5, true).what, verdict::done) << "an earlier attempt did it";
}

// It holds its table, and its archive may be gone for good.
TEST(ABackup, ThatIsNotMadeInAQuarterOfAnHourCanBeGivenUp) {
  backup_world w;
  w.back_up(5, w.heads(40));
  w.pass_seconds(14 * 60);
  EXPECT_EQ(w.drop_backup(5).refusal.code(), msg::TABLE_IN_USE);
  w.pass_seconds(2 * 60);
  w.nodes_report();
  EXPECT_EQ(w.drop_backup(5).what, verdict::write);
  EXPECT_EQ(w.records.backup(5), nullptr);
  EXPECT_EQ(w.remove("music").what, verdict::write);
}

TEST(ABackup, ThatIsBeingMadeCanBeGivenUpAtOnceWhenTheClusterHasNoArchiveAnyMore) {
  backup_world w;
  w.back_up(5, w.heads(40));
  w.archive = false;
  EXPECT_EQ(w.drop_backup(5).what, verdict::write);
}

TEST(ABackup, IsInTheRecordsThatALeaderLoads) {
  backup_world w;
  w.back_up(5, w.heads(40));
  auto loaded = w.durable.load();
  EXPECT_EQ(loaded.unreadable(), 0u);
  ASSERT_NE(loaded.backup(5), nullptr);
  EXPECT_EQ(loaded.unfinished_backups(), std::set<std::uint64_t>{5});
  w.archive_up_to(40);
  w.settle();
  EXPECT_TRUE(w.durable.load().unfinished_backups().empty());
  w.drop_backup(5);
  EXPECT_EQ(w.durable.load().backup(5), nullptr);
}

TEST(ABackup, IsRefusedWhenAllOfThemTogetherHaveAsManyPartitionsAsTheyMay) {
  backup_world w;
  auto next = begin_change(w.records);
  auto& large = next.backups.emplace_back();
  large.set_id(1);
  large.set_available(true);
  for (std::size_t i = 0; i + 3 < limits::backup_parts; ++i)
    large.add_parts();
  w.records.apply(next); // of this one's memory alone
  ASSERT_EQ(w.records.backup_parts(), limits::backup_parts - 3);
  ASSERT_EQ(plan_backup(w.view(), wish_for("music"), {}, 5, w.heads(40)).what, verdict::write);
  next = begin_change(w.records);
  next.backups.emplace_back().set_id(2);
  next.backups.back().add_parts();
  next.backups.back().add_parts();
  w.records.apply(next);
  EXPECT_EQ(plan_backup(w.view(), wish_for("music"), {}, 5, w.heads(40)).refusal.code(), msg::LIMIT_EXCEEDED)
      << "two partitions, and room for one";
  next = begin_change(w.records);
  next.removed_backups = {1, 2};
  w.records.apply(next);
  EXPECT_EQ(w.records.backup_parts(), 0u);
  EXPECT_EQ(plan_backup(w.view(), wish_for("music"), {}, 5, w.heads(40)).what, verdict::write);
}

// Of a cluster that was given its archive late: the beginning of the log is gone, and a snapshot has yet to
// be archived that stands for it. What would be promised before could not be restored.
TEST(ABackup, IsPromisedOnceTheArchiveHoldsWhatWasWrittenBeforeThereWasOne) {
  backup_world w;
  auto group = w.groups_of("music").front();
  auto asks_for = [&] { return plan_backup(w.view(), wish_for("music"), {}, 5, {}).heads; };
  auto say = [&](msg::ArchiveProgress::Reach reach) {
    for (auto& [name, one] : w.machines)
      if (one.replicas.count(group) > 0)
        one.replicas[group].mutable_archive()->set_reach(reach);
    w.reach = reach;
    w.nodes_report();
  };
  msg::UpdateTable recovery;
  recovery.set_name("music");
  recovery.set_id(w.records.table("music")->id());
  recovery.mutable_after()->set_recovery_since_ms(5);

  say(msg::ArchiveProgress::UNSEEN);
  EXPECT_EQ(w.back_up(5, w.heads(40)).what, verdict::wait) << "whoever knows is about to say it";
  EXPECT_EQ(w.restore(from_music(0), w.heads(40)).what, verdict::wait);
  EXPECT_EQ(plan_update(w.view(), recovery).what, verdict::wait);
  EXPECT_TRUE(asks_for().empty())
      << "a head from before the snapshot would be in nothing that can be rebuilt";

  say(msg::ArchiveProgress::GAP);
  EXPECT_EQ(w.back_up(5, w.heads(40)).refusal.code(), msg::UNSUPPORTED);
  EXPECT_EQ(w.restore(from_music(0), w.heads(40)).refusal.code(), msg::UNSUPPORTED);
  EXPECT_EQ(plan_update(w.view(), recovery).refusal.code(), msg::UNSUPPORTED);
  EXPECT_TRUE(asks_for().empty());

  say(msg::ArchiveProgress::WHOLE);
  EXPECT_EQ(asks_for(), w.groups_of("music"));
  EXPECT_EQ(plan_update(w.view(), recovery).what, verdict::write);
  EXPECT_EQ(w.back_up(5, w.heads(40)).what, verdict::write);
}

TEST(AListOfBackups, GoesThroughAllOfThemByTime) {
  backup_world w;
  std::vector<std::int64_t> made;
  for (std::uint64_t id : {9, 4, 7}) {
    w.pass_seconds(1);
    made.push_back(w.view().now_ms);
    w.back_up(id, w.heads(40));
  }
  msg::ListBackups wish;
  wish.set_limit(2);
  auto page = list_of(w.records, wish);
  ASSERT_EQ(page.backups_size(), 2);
  EXPECT_EQ(page.backups(0).id(), 9u);
  EXPECT_EQ(page.last_backup(), 4u);
  EXPECT_EQ(page.backups(0).parts_size(), 0) << "nobody needs them who lists";
  wish.set_after(page.last_backup());
  wish.set_after_ms(page.backups(1).created_ms());
  w.archive_up_to(40);
  w.settle();
  w.drop_backup(4); // between the pages
  page = list_of(w.records, wish);
  ASSERT_EQ(page.backups_size(), 1);
  EXPECT_EQ(page.backups(0).id(), 7u);
  EXPECT_EQ(page.last_backup(), 0u);

  wish = {};
  wish.set_from_ms(made[2]);
  EXPECT_EQ(list_of(w.records, wish).backups_size(), 1);
  wish = {};
  wish.set_before_ms(made[2]);
  EXPECT_EQ(list_of(w.records, wish).backups_size(), 1) << "that of the first second";
  wish = {};
  wish.set_table("books");
  EXPECT_EQ(list_of(w.records, wish).backups_size(), 0);
}

TEST(TheArchiveBook, AsksAgainAfterAnAnswerAndNotWhileOneIsOnItsWay) {
  archive_book book;
  EXPECT_TRUE(book.ask(7, 1'000));
  EXPECT_FALSE(book.ask(7, 2'000));
  book.ask_again(7, 2'000);
  EXPECT_FALSE(book.ask(7, 3'000)) << "not at once";
  EXPECT_TRUE(book.ask(7, 1'000'000));
  book.note(7, 10);
  book.note(7, 4); // an older word
  EXPECT_TRUE(book.holds(7, 10));
  EXPECT_FALSE(book.holds(7, 11));
  EXPECT_FALSE(book.holds(8, 1));
}

} // namespace
} // namespace troupe::admin
