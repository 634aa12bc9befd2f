// Nobody has items any more, and the archive is asked: what is taken of what it gives.
#include "tests/unit/replica/lone_replica.h"
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::log_replica;
using test::lone_replica;
using test::snapshot_questions;

// Nobody leads, and nobody who has the items answers.
TEST(Transfer, OfItemsThatNobodyGivesIsFromTheArchive) {
  lone_replica w(log_replica(true), {}, {}, true);
  w.grow();
  for (int second = 0; second < 12 && w.rebuilds.empty(); ++second)
    w.pass(1000ms);
  ASSERT_EQ(w.rebuilds.size(), 1u);
  EXPECT_EQ(w.rebuilds[0].least, 0u);
  EXPECT_EQ(w.rebuilds[0].last, 0u);
  EXPECT_GE(snapshot_questions(w), 4u) << "of members, before";
  auto asked = snapshot_questions(w);
  wire::items_rebuilt progress;
  progress.transfer = w.rebuilds[0].transfer;
  progress.bytes = 3 * limits::snapshot_chunk_bytes;
  progress.total = 10u << 20;
  w.items_say(progress);
  w.pass(1000ms);
  EXPECT_TRUE(w.report().growth_archived());
  EXPECT_EQ(w.report().growth_bytes(), 3 * limits::snapshot_chunk_bytes);
  EXPECT_EQ(w.report().growth_total(), 10u << 20);
  EXPECT_EQ(snapshot_questions(w), asked) << "it waits for what it asked for";

  wire::items_rebuilt failed;
  failed.transfer = w.rebuilds[0].transfer;
  failed.trouble = "the archive is away";
  w.items_say(failed);
  w.pass(1000ms);
  EXPECT_FALSE(w.report().growth_archived());
  for (int second = 0; second < 12 && w.rebuilds.size() < 2; ++second)
    w.pass(1000ms);
  EXPECT_EQ(w.rebuilds.size(), 2u) << "and again, when the members have been asked again";
}

TEST(Transfer, OfItemsFromTheArchiveGoesOnWithTheMembersWhileOthersAreBeforeIt) {
  lone_replica w(log_replica(true), {}, {}, true);
  w.grow();
  for (int second = 0; second < 12 && w.rebuilds.empty(); ++second)
    w.pass(1000ms);
  ASSERT_EQ(w.rebuilds.size(), 1u);
  auto asked = snapshot_questions(w);
  wire::items_rebuilt in_line;
  in_line.transfer = w.rebuilds[0].transfer;
  in_line.waits = true;
  w.items_say(in_line);
  w.pass(1000ms);
  EXPECT_GT(snapshot_questions(w), asked) << "one of them may be back";
  for (int second = 0; second < 12 && w.rebuilds.size() < 2; ++second)
    w.pass(1000ms);
  EXPECT_EQ(w.rebuilds.size(), 2u) << "it keeps its place";
}

// A log replica that knows entries 1 to 3 to be chosen and has a fourth, asks the archive for its items.
struct asks_the_archive {
  lone_replica w{log_replica(true), {}, {}, true};
  test::leaders_log log;
  std::vector<std::uint64_t> links;

  asks_the_archive() {
    std::vector<msg::Entry> entries;
    for (const char* key : {"one", "two", "three", "four"})
      entries.push_back(log.put(key, "1"));
    for (auto& entry : entries)
      links.push_back(entry.link());
    w.hear(log.accept(entries, 3));
    again();
  }
  void again() {
    auto before = w.rebuilds.size();
    for (int second = 0; second < 40 && w.rebuilds.size() == before; ++second) {
      w.grow();
      w.pass(1000ms);
    }
  }
  void made(std::uint64_t index, std::uint64_t link) {
    wire::items_rebuilt made;
    made.transfer = w.rebuilds.back().transfer;
    made.file = "7-archived.snapshot";
    made.index = index;
    made.link = link;
    w.items_say(made);
  }
};

TEST(Archive, ItemsFromItAreTakenWhereTheyEndAsTheLogDoes) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  EXPECT_EQ(a.w.rebuilds[0].least, 0u);
  EXPECT_EQ(a.w.rebuilds[0].last, 3u) << "no further than it knows to be chosen";
  a.made(2, a.links[1]);
  ASSERT_EQ(a.w.asked.stores.size(), 1u);
  EXPECT_EQ(a.w.asked.stores[0].file, "7-archived.snapshot");
  wire::snapshot_stored installed;
  installed.transfer = a.w.asked.stores[0].transfer;
  installed.installed = true;
  a.w.stored.applied = a.w.stored.durable = 2;
  a.w.stored.applied_link = a.links[1];
  auto opened = a.w.asked.opens.size();
  a.w.items_say(installed);
  EXPECT_EQ(a.w.asked.opens.size(), opened + 1) << "it opens with the items";
  EXPECT_TRUE(a.w.report().grown());
  EXPECT_EQ(a.w.report().applied(), 3u) << "and applies what its log has above";
}

TEST(Archive, ItemsFromItThatAreOfAnotherHistoryAreThrownAway) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  a.made(2, a.links[1] + 1);
  EXPECT_TRUE(a.w.asked.stores.empty());
  EXPECT_EQ(a.w.asked.removed, std::vector<std::string>{"7-archived.snapshot"});
  EXPECT_FALSE(a.w.report().grown());
  a.again();
  ASSERT_EQ(a.w.rebuilds.size(), 2u) << "it may have been the store's mistake";
}

TEST(Archive, ItemsFromItThatEndOutsideOfWhatTheLogKnowsToBeChosenAreThrownAway) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  a.made(4, a.links[3]);
  EXPECT_TRUE(a.w.asked.stores.empty()) << "another leader may have put something else there";
  a.again();
  ASSERT_EQ(a.w.rebuilds.size(), 2u);
  a.made(5, 4711);
  EXPECT_TRUE(a.w.asked.stores.empty());
}

TEST(Archive, ItemsFromItThatNobodyWaitsForAnyMoreAreRemoved) {
  lone_replica w(test::follows);
  wire::items_rebuilt made;
  made.transfer = 4711;
  made.file = "7-archived.snapshot";
  w.items_say(made);
  EXPECT_EQ(w.asked.removed, std::vector<std::string>{"7-archived.snapshot"});
}

// A member with the items is back before the archive has given them.
TEST(Archive, IsLeftForAMemberThatLeads) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  const auto asked = snapshot_questions(a.w);
  a.w.grow();
  a.w.hear(a.log.accept({a.log.put("five", "1")}, 3));
  a.w.pass(1100ms);
  EXPECT_FALSE(a.w.report().growth_archived());
  EXPECT_GT(snapshot_questions(a.w), asked);
  a.made(2, a.links[1]);
  EXPECT_TRUE(a.w.asked.stores.empty());
  EXPECT_EQ(a.w.asked.removed.size(), 1u) << "it comes too late";
}

TEST(Archive, IsLeftWhenSomebodyElseIsToGrow) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  for (int second = 0; second < 70; ++second)
    a.w.pass(1000ms); // nobody says any more that it is to
  EXPECT_EQ(a.w.report().growth_total(), 0u);
  a.made(2, a.links[1]);
  EXPECT_EQ(a.w.asked.removed.size(), 1u);
}

} // namespace
} // namespace troupe::replica
