// Archived snapshots: found, fetched as files, and everything that is wrong with them noticed.
#include "actors/history/snapshots.h"
#include "actors/history/survey.h"
#include "storage/archive/directory_store.h"
#include "storage/archive/segment.h"
#include "tests/unit/history/archived.h"

namespace troupe::testing {

using namespace history;
using storage::code;

namespace {

constexpr archive::place whose{0xc1u, 0x7ab1eu, 12};

class Snapshots : public ::testing::Test {
protected:
  // A snapshot of some hundred items at `index`, archived in parts of 4 KiB.
  archive::snapshot_id put(std::uint64_t index, std::uint64_t link) {
    storage::item_options o;
    o.group = whose.group;
    o.member = 1;
    o.create = true;
    auto items = storage::item_store::open(where.file("items" + std::to_string(index) + ".db"), o);
    EXPECT_TRUE(done(items));
    std::vector<std::string> keys;
    for (int i = 0; i < 400; ++i)
      keys.push_back("key" + std::to_string(100'000 + i));
    storage::item_batch batch;
    for (auto& key : keys)
      batch.changes.push_back({key, value, false});
    batch.position.index = index;
    batch.position.link = link;
    EXPECT_TRUE(done((*items)->apply(batch)));
    auto id = archive_snapshot(*store, whose, **items, where.file("snapshot" + std::to_string(index)));
    EXPECT_TRUE(std::filesystem::exists(part(id, 2)));
    return id;
  }
  std::string part(const archive::snapshot_id& id, std::size_t number) {
    return where.file("archive/" + archive::snapshot_part_name(archive::folder_of(whose), id, number));
  }
  group_survey look(survey_depth depth = survey_depth::bytes) {
    survey all(*store, depth);
    auto found = all.next();
    EXPECT_TRUE(found && *found);
    return found && *found ? **found : group_survey{};
  }

  temporary_directory where;
  std::unique_ptr<storage::directory_store> store =
      std::move(*storage::directory_store::open(where.file("archive")));
  std::string value = std::string(40, 'v');
};

} // namespace

TEST_F(Snapshots, TheNewestAtOrBelowAnEntryIsFetchedWhole) {
  put(100, 7);
  put(200, 8);
  EXPECT_FALSE(*newest_snapshot(*store, archive::folder_of(whose), 99));
  EXPECT_EQ((*newest_snapshot(*store, archive::folder_of(whose), 199))->index, 100u);
  auto newest = *newest_snapshot(*store, archive::folder_of(whose), 5000);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->index, 200u);
  auto fetched = fetch_snapshot(*store, whose, *newest, where.file("again"));
  ASSERT_TRUE(done(fetched));
  EXPECT_EQ(fetched->header.link(), 8u);
  EXPECT_EQ(read_bytes(where.file("again")), read_bytes(where.file("snapshot200")));
}

TEST_F(Snapshots, OfOneEntryThereMayBeSeveral) {
  auto first = put(100, 7);
  auto folder = archive::folder_of(whose);
  auto second = first;
  ++second.id;
  auto manifest = store->get(archive::snapshot_name(folder, first), storage::snapshot_manifest_max);
  ASSERT_TRUE(done(manifest));
  ASSERT_TRUE(done(store->put(archive::snapshot_name(folder, second), *manifest)));
  EXPECT_EQ(**newest_snapshot(*store, archive::folder_of(whose), 100), second);
  EXPECT_EQ(**newest_snapshot(*store, archive::folder_of(whose), 100, second), first);
  EXPECT_FALSE(*newest_snapshot(*store, archive::folder_of(whose), 100, first));
}

TEST_F(Snapshots, AnyDamageIsNoticedAndLeavesNothing) {
  auto id = put(100, 7);
  flip_byte(part(id, 1), 50);
  EXPECT_TRUE(failed_as(fetch_snapshot(*store, whose, id, where.file("again")), code::corrupt));
  EXPECT_FALSE(std::filesystem::exists(where.file("again")));
  flip_byte(part(id, 1), 50);
  EXPECT_TRUE(done(fetch_snapshot(*store, whose, id, where.file("again"))));
  std::filesystem::remove(part(id, 2));
  EXPECT_TRUE(failed_as(fetch_snapshot(*store, whose, id, where.file("another")), code::corrupt));
}

TEST_F(Snapshots, ASurveyLooksAtThemToo) {
  auto id = put(100, 7);
  auto found = look();
  EXPECT_EQ(found.snapshots, 1u);
  EXPECT_EQ(found.newest_snapshot, 100u);
  EXPECT_TRUE(found.whole());
  EXPECT_TRUE(found.notes.empty());
  EXPECT_EQ(look(survey_depth::names).newest_snapshot, 100u);
  flip_byte(part(id, 0), 60);
  found = look();
  EXPECT_EQ(found.newest_snapshot, 0u);
  EXPECT_EQ(found.damaged, 1u);
}

TEST_F(Snapshots, TheySayWhoseTheyAreWhereNoSegmentDoes) {
  put(100, 7);
  for (auto depth : {survey_depth::names, survey_depth::bytes}) {
    auto found = look(depth);
    EXPECT_TRUE(found.named);
    EXPECT_EQ(found.table, "people");
  }
}

TEST_F(Snapshots, AHoleBelowOneIsNoFault) {
  chain made(whose.group);
  std::vector<msg::Entry> log;
  for (int i = 0; i < 40; ++i)
    log.push_back(*made.next(msg::Command().SerializeAsString()));
  msg::SegmentManifest about;
  about.set_cluster_id(whose.cluster);
  about.set_table_id(whose.table);
  about.set_group(whose.group);
  auto bytes = storage::write_segment(about, {log.begin() + 20, log.end()});
  ASSERT_TRUE(done(bytes));
  ASSERT_TRUE(done(store->put(archive::segment_name(archive::folder_of(whose), {21, 40, 0}), *bytes)));
  EXPECT_FALSE(look().whole());
  put(25, log[24].link());
  auto found = look();
  EXPECT_TRUE(found.whole());
  EXPECT_EQ(found.notes.size(), 1u);
  put(30, 1); // of who knows what
  EXPECT_FALSE(look().whole());
}

TEST_F(Snapshots, PartsWithoutAManifestAreNoSnapshot) {
  auto id = put(100, 7);
  ASSERT_TRUE(done(store->remove(archive::snapshot_name(archive::folder_of(whose), id))));
  auto found = look();
  EXPECT_EQ(found.snapshots, 0u);
  EXPECT_EQ(found.notes.size(), 1u);
}

} // namespace troupe::testing
