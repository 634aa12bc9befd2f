// Backups as records, and tables made from them or from another table's past: what the metadata says while
// they are made, who leads it when.
#include "actors/admin/backups.h"
#include "actors/admin/planning.h"
#include "config/limits.h"
#include "tests/unit/admin/metadata_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

using verdict = decision::verdict;

msg::CreateBackup wish_for(const std::string& table) {
  msg::CreateBackup wish;
  wish.set_table(table);
  wish.set_name("nightly");
  return wish;
}

// A cluster with an archive and the table "music", of two partitions.
struct backup_world : metadata_world {
  backup_world() {
    archive = true;
    create("music", 2);
    run();
  }
  // Nodes are told what to do, do it, and say so; the records follow.
  void run() {
    nodes_report();
    nodes_report();
    settle();
  }
  std::vector<std::uint64_t> groups_of(const std::string& table) const {
    const auto& groups = records.groups_of(records.table(table)->id());
    return {groups.begin(), groups.end()};
  }
  // Every partition's log ends with entry `last`.
  log_heads heads(std::uint64_t last, const std::string& table = "music") const {
    log_heads found;
    for (auto group : groups_of(table))
      found[group] = last;
    return found;
  }
  decision done(decision plan) {
    if (plan.what == verdict::write)
      make(plan.write);
    return plan;
  }
  decision back_up(std::uint64_t id, const log_heads& of, msg::RequestId creator = {}) {
    return done(plan_backup(view(), wish_for("music"), creator, id, of));
  }
  decision drop_backup(std::uint64_t id, bool attempted = false) {
    msg::DeleteBackup wish;
    wish.set_id(id);
    return done(plan_delete_backup(view(), wish, attempted));
  }
  decision restore(const msg::RestoreTable& wish, const log_heads& of = {}, std::uint64_t table_id = 900) {
    return done(plan_restore(view(), wish, {}, table_id, 7, of));
  }
  // The archives of the table's logs reach up to there.
  void archive_up_to(std::uint64_t last, const std::string& table = "music") {
    for (auto group : groups_of(table))
      archived.note(group, last);
  }
  // The leaders of the table's partitions say that all items are there.
  void say_restored(const std::string& table) {
    for (auto group : groups_of(table))
      for (auto& [name, one] : machines)
        if (auto it = one.replicas.find(group); it != one.replicas.end())
          it->second.set_restored(it->second.leads());
    nodes_report();
  }
};

msg::RestoreTable from_backup(std::uint64_t id, const std::string& target = "again") {
  msg::RestoreTable wish;
  wish.set_target(target);
  wish.set_backup(id);
  return wish;
}

msg::RestoreTable from_music(std::int64_t time_ms, const std::string& target = "again") {
  msg::RestoreTable wish;
  wish.set_target(target);
  wish.set_table("music");
  wish.set_time_ms(time_ms);
  return wish;
}

TEST(ABackup, IsAvailableWhenTheArchiveHasAllOfEveryLogUpToTheMomentItWasAskedFor) {
  backup_world w;
  auto first = w.groups_of("music").front();
  EXPECT_EQ(w.back_up(5, {{first, 40}}).what, verdict::wait) << "one leader has not answered yet";
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
  msg::AdminRequest ask;
  *ask.mutable_create_backup() = wish_for("music");
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
  EXPECT_TRUE(groups_to_settle(w.view(), ask).empty())
      << "a head from before the snapshot would be in nothing that can be rebuilt";

  say(msg::ArchiveProgress::GAP);
  EXPECT_EQ(w.back_up(5, w.heads(40)).refusal.code(), msg::UNSUPPORTED);
  EXPECT_EQ(w.restore(from_music(0), w.heads(40)).refusal.code(), msg::UNSUPPORTED);
  EXPECT_EQ(plan_update(w.view(), recovery).refusal.code(), msg::UNSUPPORTED);
  EXPECT_TRUE(groups_to_settle(w.view(), ask).empty());

  say(msg::ArchiveProgress::WHOLE);
  EXPECT_EQ(groups_to_settle(w.view(), ask), w.groups_of("music"));
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
  msg::AdminRequest ask;
  *ask.mutable_restore_table() = from_music(0);
  EXPECT_EQ(groups_to_settle(w.view(), ask), w.groups_of("music"));
  EXPECT_EQ(w.restore(from_music(0)).what, verdict::wait) << "no leader has said how far its log goes";
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
