// An archive looked over without its cluster: what is whole, and everything that is not.
#include "actors/history/survey.h"
#include "storage/archive/directory_store.h"
#include "storage/archive/segment.h"
#include "tests/unit/history/archived.h"
#include "tests/unit/storage/fixtures.h"

namespace troupe::testing {

using history::group_survey;
using history::survey_depth;

namespace {

constexpr archive::place whose{0xc1u, 0x7ab1eu, 12};

class Survey : public ::testing::Test {
protected:
  Survey() { log = entries_of(40, 0); }

  static std::vector<msg::Entry> entries_of(std::size_t count, std::uint64_t link) {
    chain made{whose.group, 0, link};
    std::vector<msg::Entry> list;
    for (std::size_t i = 0; i < count; ++i) {
      msg::Command command;
      command.set_time_ms(1'000'000 + static_cast<std::int64_t>(i) * 1000);
      list.push_back(*made.next(command.SerializeAsString(), 3));
    }
    return list;
  }

  void archive_of(const std::vector<msg::Entry>& from, std::uint64_t first, std::uint64_t last,
                  std::uint32_t copy = 0, const archive::place& as = whose) {
    auto about = testing::about(whose);
    std::vector<msg::Entry> part(from.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                 from.begin() + static_cast<std::ptrdiff_t>(last));
    auto bytes = storage::write_segment(about, part);
    ASSERT_TRUE(bytes) << bytes.error().text;
    ASSERT_TRUE(store->put(archive::segment_name(archive::folder_of(as), {first, last, copy}), *bytes));
  }
  void archive(std::uint64_t first, std::uint64_t last, std::uint32_t copy = 0) {
    archive_of(log, first, last, copy);
  }
  void flip(std::uint64_t first, std::uint64_t last) {
    flip_byte(where.file("archive/" + archive::segment_name(archive::folder_of(whose), {first, last, 0})),
              150);
  }

  std::vector<group_survey> look(survey_depth depth = survey_depth::bytes) {
    history::survey all(*store, depth);
    std::vector<group_survey> found;
    for (;;) {
      auto one = all.next();
      EXPECT_TRUE(one) << one.error().text;
      if (!one || !*one)
        return found;
      found.push_back(std::move(**one));
    }
  }
  group_survey only(survey_depth depth = survey_depth::bytes) {
    auto found = look(depth);
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? group_survey{} : found[0];
  }
  static std::string first_of(const std::vector<std::string>& list) { return list.empty() ? "" : list[0]; }

  temporary_directory where;
  std::unique_ptr<storage::directory_store> store =
      std::move(*storage::directory_store::open(where.file("archive")));
  std::vector<msg::Entry> log;
};

} // namespace

TEST_F(Survey, AWholeLogIsWholeWhateverPiecesItLiesIn) {
  archive(1, 10);
  archive(5, 12);
  archive(11, 20);
  archive(13, 15);
  archive(12, 40);
  for (auto depth : {survey_depth::names, survey_depth::bytes}) {
    auto found = only(depth);
    EXPECT_TRUE(found.whole()) << first_of(found.findings);
    EXPECT_TRUE(found.notes.empty());
    EXPECT_EQ(found.whose, whose);
    EXPECT_EQ(found.cluster, "town");
    EXPECT_EQ(found.table, "people");
    EXPECT_EQ(found.segments, 5u);
    EXPECT_EQ(found.first, 1u);
    EXPECT_EQ(found.last, 40u);
    EXPECT_EQ(found.last_time_ms, 1'039'000);
    EXPECT_GT(found.bytes, 0u);
  }
  EXPECT_EQ(only().first_time_ms, 1'000'000);
}

TEST_F(Survey, WhatIsMissingIsNamed) {
  archive(3, 10);
  archive(21, 40);
  for (auto depth : {survey_depth::names, survey_depth::bytes}) {
    auto found = only(depth);
    ASSERT_EQ(found.findings.size(), 2u);
    EXPECT_EQ(found.findings[0], "entries 1 to 2 are in no sound segment");
    EXPECT_EQ(found.findings[1], "entries 11 to 20 are in no sound segment");
  }
}

TEST_F(Survey, DamageIsAHoleUnlessAnotherSegmentHoldsTheSame) {
  archive(1, 10);
  archive(11, 20);
  archive(21, 40);
  flip(11, 20);
  auto found = only();
  EXPECT_EQ(found.damaged, 1u);
  EXPECT_EQ(first_of(found.findings), "entries 11 to 20 are in no sound segment");
  EXPECT_EQ(found.notes.size(), 1u) << "and why";
  archive(11, 20, 1);
  found = only();
  EXPECT_TRUE(found.whole());
  EXPECT_EQ(found.damaged, 1u);
  EXPECT_EQ(found.notes.size(), 1u);
}

// What whoever repairs must know: which entries, and between which links they must fit.
TEST_F(Survey, AHoleIsGivenWithTheLinksOnBothItsSides) {
  archive(6, 10);
  archive(11, 20);
  archive(21, 40);
  flip(11, 20);
  auto found = only();
  ASSERT_EQ(found.holes.size(), 2u);
  EXPECT_EQ(found.holes[0].first, 1u);
  EXPECT_EQ(found.holes[0].last, 5u);
  EXPECT_EQ(found.holes[0].before, 0u) << "the link before the first entry there ever was";
  EXPECT_EQ(found.holes[0].after, log[4].link());
  EXPECT_EQ(found.holes[1].first, 11u);
  EXPECT_EQ(found.holes[1].last, 20u);
  EXPECT_EQ(found.holes[1].before, log[9].link());
  EXPECT_EQ(found.holes[1].after, log[19].link());
  EXPECT_EQ(found.damaged_segments, (std::vector<archive::extent>{{11, 20, 0}}));
  EXPECT_EQ(found.last_link, log[39].link());
  EXPECT_EQ(found.foreign, 0u);
  archive(11, 20, 1);
  EXPECT_EQ(only().holes.size(), 1u);
}

TEST_F(Survey, OneGroupCanBeLookedAtAlone) {
  archive(1, 10);
  auto second = whose;
  second.group = 13;
  archive_of(log, 1, 10, 0, second);
  history::survey one(*store, survey_depth::bytes, archive::folder_of(whose));
  auto found = one.next();
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->whose, whose);
  EXPECT_TRUE((*found)->whole());
  EXPECT_FALSE(*one.next()) << "and then there is no other";
}

TEST_F(Survey, DamageAtTheEndIsNoticedThoughNothingFollows) {
  archive(1, 10);
  archive(11, 40);
  flip(11, 40);
  auto found = only();
  EXPECT_FALSE(found.whole());
  EXPECT_EQ(found.last, 10u);
}

TEST_F(Survey, WhoseItIsDoesNotDependOnTheNewestSegmentAlone) {
  archive(1, 10);
  archive(11, 20);
  archive(21, 40);
  auto newest = where.file("archive/" + archive::segment_name(archive::folder_of(whose), {21, 40, 0}));
  flip_byte(newest, 30); // its manifest
  auto found = only(survey_depth::names);
  EXPECT_TRUE(found.named);
  EXPECT_EQ(found.table, "people");
  EXPECT_EQ(found.last, 40u);
  EXPECT_EQ(found.last_time_ms, 1'019'000) << "as far as is known";
  EXPECT_FALSE(found.whole());
  flip_byte(where.file("archive/" + archive::segment_name(archive::folder_of(whose), {11, 20, 0})), 30);
  flip_byte(where.file("archive/" + archive::segment_name(archive::folder_of(whose), {1, 10, 0})), 30);
  EXPECT_FALSE(only(survey_depth::names).named);
}

TEST_F(Survey, ASegmentThatIsCalledWhatItIsNotIsDamaged) {
  archive(1, 10);
  auto folder = archive::folder_of(whose);
  auto bytes = store->get(archive::segment_name(folder, {1, 10, 0}), 1 << 20);
  ASSERT_TRUE(bytes);
  ASSERT_TRUE(store->put(archive::segment_name(folder, {11, 20, 0}), *bytes));
  auto found = only();
  EXPECT_FALSE(found.whole());
  EXPECT_EQ(found.damaged, 1u);
}

TEST_F(Survey, AnotherHistoryShowsWhereverItOverlapsOrFollows) {
  auto other = entries_of(40, 99);
  for (auto [first, last] : {std::pair{11, 20}, {5, 15}, {3, 6}}) {
    SCOPED_TRACE(first);
    temporary_directory fresh;
    store = std::move(*storage::directory_store::open(fresh.file("archive")));
    archive(1, 10);
    archive_of(other, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last));
    auto found = only();
    EXPECT_NE(first_of(found.findings).find("another history"), std::string::npos);
    EXPECT_EQ(found.foreign, 1u);
  }
}

TEST_F(Survey, GroupsAreToldApartAndStrangersCounted) {
  archive(1, 10);
  auto second = whose;
  second.group = 13;
  archive_of(log, 1, 10, 0, second); // another group's bytes under its name
  ASSERT_TRUE(store->put("notes.txt", "x"));
  ASSERT_TRUE(store->put(archive::folder_of(whose) + "readme", "x"));
  auto found = look();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].whole());
  EXPECT_EQ(found[0].notes.size(), 1u);
  EXPECT_FALSE(found[1].whole());
  history::survey all(*store, survey_depth::names);
  while (*all.next()) {
  }
  EXPECT_EQ(all.strangers(), 1u);
}

TEST_F(Survey, AStoreThatIsAwayIsNoEmptyArchive) {
  archive(1, 10);
  std::filesystem::remove(where.file("archive/.troupe-archive"));
  history::survey all(*store, survey_depth::bytes);
  EXPECT_TRUE(failed_as(all.next(), storage::code::io));
}

} // namespace troupe::testing
