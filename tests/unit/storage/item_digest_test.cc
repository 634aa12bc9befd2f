// Digests of ranges of keys: kept along with every change they are always what the items come to when they
// are all read, and a full pass finds what does not belong.
#include "storage/checksum.h"
#include "storage/item_leaves.h"
#include "storage/snapshot.h"
#include "tests/unit/storage/item_fixtures.h"
#include <random>
#include <set>

namespace troupe::testing {
namespace {

using storage::leaf_digests;

// A key as tables have them: eight bytes of hash, then something.
std::string key_of(std::uint64_t number) {
  std::string key(8, '\0');
  std::uint64_t hash = number * 0x9e3779b97f4a7c15ull;
  for (int i = 0; i < 8; ++i)
    key[static_cast<std::size_t>(i)] = static_cast<char>(hash >> (56 - 8 * i));
  return key + "k" + std::to_string(number);
}

// The digests by their definition, over all records there are.
leaf_digests from_scratch(storage::item_store& items, const storage::leaf_cut& cut) {
  leaf_digests out(storage::leaf_count);
  auto all = items.scan("", "", false, SIZE_MAX, SIZE_MAX);
  EXPECT_TRUE(done(all));
  for (const auto& [key, value] : all->records) {
    auto& leaf = out[cut.leaf_of(key)];
    leaf.sum += storage::record_checksum(key, value);
    leaf.items += 1;
  }
  return out;
}

std::string blob(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "X'";
  for (unsigned char c : bytes) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return out + "'";
}

storage::audit_slice full_pass(storage::item_store& items, std::size_t slice_bytes = 1u << 20) {
  for (int slices = 0; slices < 100'000; ++slices) {
    auto slice = items.audit(slice_bytes);
    EXPECT_TRUE(done(slice));
    if (!slice || slice->done)
      return slice ? *slice : storage::audit_slice();
  }
  ADD_FAILURE() << "the pass does not end";
  return {};
}

class item_digest_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::string path = dir.file("items.db");
  storage::item_options options = item_options_of(1, 11);
  storage::leaf_cut cut{"", ""};
  std::unique_ptr<storage::item_store> items = open_items(path);
  std::uint64_t index = 0;

  void reopen() {
    items.reset();
    items = open_items(path, options);
  }
  void fill(std::uint64_t count) {
    change_list changes;
    for (std::uint64_t n = 0; n < count; ++n)
      changes.put(key_of(n), "value " + std::to_string(n));
    ASSERT_TRUE(done(items->apply(changes.at(++index))));
  }
};

TEST_F(item_digest_test, a_file_without_a_sound_lineage_begins_one) {
  fill(3);
  const auto first = items->lineage();
  std::set<std::uint64_t> seen{0, first};
  for (const char* harm :
       {"DELETE FROM position WHERE id=4", "UPDATE position SET body=zeroblob(16) WHERE id=4"}) {
    items.reset();
    sql_on_file(path, harm);
    reopen();
    EXPECT_TRUE(seen.insert(items->lineage()).second) << "nobody may take it for one he knows: " << harm;
    EXPECT_EQ(items->stats().items, 3u);
  }
}

TEST_F(item_digest_test, a_random_history_leaves_the_digests_of_its_items) {
  std::mt19937_64 random(20261);
  for (int round = 0; round < 300; ++round) {
    change_list changes;
    const auto many = random() % 20 == 0 ? 300 : random() % 6;
    for (std::uint64_t i = 0; i < many; ++i) {
      const auto key = key_of(random() % 400);
      if (random() % 3 == 0)
        changes.remove(key);
      else
        changes.put(key, std::string(random() % 50, static_cast<char>('a' + random() % 26)));
    }
    ASSERT_TRUE(done(items->apply(changes.at(++index))));
    ASSERT_TRUE(items->digests().has_value());
    if (round % 10 == 0) {
      ASSERT_EQ(*items->digests(), from_scratch(*items, cut)) << "round " << round;
    }
    if (random() % 40 == 0)
      reopen();
  }
  ASSERT_EQ(*items->digests(), from_scratch(*items, cut));
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_digest_test, equal_items_have_equal_digests_whichever_way_they_came) {
  fill(500);
  auto other_path = dir.file("other.db");
  auto other = open_items(other_path);
  std::uint64_t at = 0;
  for (std::uint64_t n = 500; n-- > 0;) { // one by one, backward, each first with another value
    change_list first, second;
    ASSERT_TRUE(
        done(other->apply(first.put(key_of(n), "nothing yet").put(key_of(n + 1000), "gone soon").at(++at))));
    ASSERT_TRUE(done(
        other->apply(second.put(key_of(n), "value " + std::to_string(n)).remove(key_of(n + 1000)).at(++at))));
  }
  EXPECT_EQ(*items->digests(), *other->digests());
  EXPECT_EQ(storage::root_of(*items->digests()), storage::root_of(*other->digests()));
  change_list swapped; // the same values under each other's keys are other items
  ASSERT_TRUE(done(other->apply(swapped.put(key_of(1), "value 2").put(key_of(2), "value 1").at(++at))));
  EXPECT_NE(storage::root_of(*items->digests()), storage::root_of(*other->digests()));
}

TEST_F(item_digest_test, a_snapshot_arrives_with_its_digests) {
  fill(300);
  auto snapshot = dir.file("s.snapshot");
  auto writer = storage::snapshot_writer::begin(*items, snapshot);
  ASSERT_TRUE(done(writer));
  for (bool whole = false; !whole;) {
    auto step = (*writer)->step(1u << 20);
    ASSERT_TRUE(done(step));
    whole = *step;
  }
  storage::install_options how;
  how.group = 1;
  how.member = 12;
  auto other = dir.file("installed.db");
  ASSERT_TRUE(done(storage::install_snapshot(snapshot, other, how)));
  auto installed = open_items(other, item_options_of(1, 12));
  ASSERT_TRUE(installed->digests().has_value());
  EXPECT_EQ(*installed->digests(), *items->digests());
}

// As an older build leaves it, that wrote on without keeping digests, or never kept any.
TEST_F(item_digest_test, digests_of_an_older_version_are_unknown_until_a_full_pass) {
  fill(200);
  items.reset();
  sql_on_file(path, "DROP TABLE digests; DELETE FROM position WHERE id=3");
  items = open_items(path, options);
  EXPECT_FALSE(items->digests().has_value());
  change_list changes;
  ASSERT_TRUE(done(items->apply(changes.put(key_of(7), "newer").at(++index))));
  EXPECT_FALSE(items->digests().has_value());
  auto found = full_pass(*items);
  EXPECT_EQ(found.records, 200u);
  EXPECT_EQ(found.wrong_leaves, 0u) << "what was not known was not wrong";
  ASSERT_TRUE(items->digests().has_value());
  EXPECT_EQ(*items->digests(), from_scratch(*items, cut));
  reopen();
  ASSERT_TRUE(items->digests().has_value()) << "kept from then on";

  items.reset(); // the same rows, and a position that has moved on
  sql_on_file(path, "CREATE TABLE kept AS SELECT body FROM position WHERE id=3");
  items = open_items(path, options);
  change_list more;
  ASSERT_TRUE(done(items->apply(more.put(key_of(8), "newest").at(++index))));
  items.reset();
  sql_on_file(path, "UPDATE position SET body=(SELECT body FROM kept) WHERE id=3");
  items = open_items(path, options);
  EXPECT_FALSE(items->digests().has_value()) << "they are of an earlier index";
}

TEST_F(item_digest_test, another_range_has_other_leaves) {
  fill(100);
  items.reset();
  options.from = std::string("\x40", 1);
  options.to = std::string("\x80", 1);
  items = open_items(path, options);
  EXPECT_FALSE(items->digests().has_value());
  full_pass(*items);
  EXPECT_EQ(*items->digests(), from_scratch(*items, storage::leaf_cut(options.from, options.to)));
}

TEST(leaf_cut_test, cuts_its_range_evenly_and_knows_where_leaves_begin) {
  const storage::leaf_cut whole("", "");
  const storage::leaf_cut quarter(std::string("\x40\0\0\0\0\0\0\0", 8), std::string("\x80\0\0\0\0\0\0\0", 8));
  const storage::leaf_cut narrow("abcdefgh", "abcdefgi");
  const storage::leaf_cut inside("abcdefgh1", "abcdefgh7");
  EXPECT_EQ(whole.leaf_of(std::string(8, '\0')), 0u);
  EXPECT_EQ(whole.leaf_of(std::string(8, '\xff')), storage::leaf_count - 1);
  EXPECT_EQ(quarter.leaf_of(std::string("\x40", 1)), 0u);
  EXPECT_EQ(quarter.leaf_of(std::string("\x7f\xff\xff\xff\xff\xff\xff\xff", 8)), storage::leaf_count - 1);
  EXPECT_EQ(quarter.leaf_of("\x20"), 0u);
  EXPECT_EQ(quarter.leaf_of("\xf0"), storage::leaf_count - 1);
  EXPECT_EQ(narrow.leaf_of("abcdefgh99"), 0u);
  EXPECT_EQ(inside.leaf_of("abcdefgh5"), 0u);
  for (const auto& cut : {whole, quarter}) {
    EXPECT_EQ(cut.begin_of(0), "");
    EXPECT_EQ(cut.begin_of(storage::leaf_count), cut == whole ? "" : "\x80");
    for (std::size_t leaf = 1; leaf < storage::leaf_count; ++leaf) {
      const auto key = cut.begin_of(leaf);
      EXPECT_EQ(cut.leaf_of(key), leaf);
      auto before = key + std::string(8 - key.size(), '\0');
      for (std::size_t i = before.size(); i-- > 0;)
        if (before[i]-- != 0)
          break;
      EXPECT_EQ(cut.leaf_of(before), leaf - 1);
    }
  }
}

TEST_F(item_digest_test, a_full_pass_between_writes_counts_what_is_there) {
  std::mt19937_64 random(4711);
  fill(400);
  int passes = 0;
  for (int round = 0; round < 600; ++round) {
    change_list changes;
    for (auto i = random() % 4; i > 0; --i) {
      const auto key = key_of(random() % 600);
      random() % 3 == 0 ? changes.remove(key) : changes.put(key, std::string(random() % 90, 'x'));
    }
    ASSERT_TRUE(done(items->apply(changes.at(++index))));
    auto slice = items->audit(random() % 2000);
    ASSERT_TRUE(done(slice));
    ASSERT_EQ(slice->damaged, 0u) << slice->what;
    ASSERT_EQ(slice->wrong_leaves, 0u) << slice->what;
    ASSERT_FALSE(slice->wrong_figures) << slice->what;
    EXPECT_EQ(items->audit_progress() == 0, slice->done);
    passes += slice->done;
  }
  EXPECT_GT(passes, 5);
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_digest_test, a_full_pass_finds_rotten_records_and_goes_on) {
  fill(300);
  items.reset();
  sql_on_file(path, "UPDATE items SET v=X'00' WHERE k=" + blob(key_of(3)));
  sql_on_file(path, "UPDATE items SET check_sum=check_sum+1 WHERE k=" + blob(key_of(250)));
  items = open_items(path, options);
  auto found = full_pass(*items, 100);
  EXPECT_EQ(found.records, 300u);
  EXPECT_EQ(found.damaged, 2u);
  EXPECT_EQ(found.wrong_leaves, 1u) << "the changed checksum";
  EXPECT_TRUE(found.wrong_figures) << "the shorter value";
  EXPECT_NE(found.what.find("damaged"), std::string::npos) << found.what;
}

// Sound in itself, and not what was written: from then on the digests say so, as others compare them.
TEST_F(item_digest_test, a_full_pass_finds_a_record_that_is_sound_and_not_what_was_written) {
  fill(300);
  const auto before = *items->digests();
  items.reset();
  const std::string value = "forged";
  sql_on_file(path,
              "UPDATE items SET v=" + blob(value) + ", check_sum=" +
                  std::to_string(static_cast<std::int64_t>(storage::record_checksum(key_of(5), value))) +
                  " WHERE k=" + blob(key_of(5)));
  sql_on_file(path, "DELETE FROM items WHERE k=" + blob(key_of(6)));
  items = open_items(path, options);
  EXPECT_EQ(*items->digests(), before) << "kept digests cannot know";
  auto found = full_pass(*items);
  EXPECT_EQ(found.damaged, 0u);
  EXPECT_EQ(found.wrong_leaves, cut.leaf_of(key_of(5)) == cut.leaf_of(key_of(6)) ? 1u : 2u);
  EXPECT_TRUE(found.wrong_figures);
  EXPECT_EQ(*items->digests(), from_scratch(*items, cut));
  EXPECT_NE(storage::root_of(*items->digests()), storage::root_of(before));
  auto again = full_pass(*items);
  EXPECT_EQ(again.wrong_leaves, 0u) << "told once";
  EXPECT_FALSE(again.wrong_figures);
  reopen();
  EXPECT_EQ(*items->digests(), from_scratch(*items, cut)) << "and kept";
}

TEST_F(item_digest_test, a_mark_keeps_the_digests_of_its_index) {
  fill(50);
  change_list changes;
  changes.put(key_of(1), "at the mark");
  auto batch = changes.at(++index);
  const auto leaf = static_cast<std::uint32_t>(cut.leaf_of(key_of(1)));
  batch.mark = true;
  batch.mark_leaves = {leaf};
  ASSERT_TRUE(done(items->apply(batch)));
  const auto at_mark = *items->digests();
  const auto marked = index;
  change_list later;
  ASSERT_TRUE(done(items->apply(later.put(key_of(1), "later").at(++index))));
  const auto* mark = items->mark(marked);
  ASSERT_NE(mark, nullptr);
  EXPECT_TRUE(mark->known);
  EXPECT_EQ(mark->leaves, at_mark);
  EXPECT_NE(mark->leaves, *items->digests());
  ASSERT_EQ(mark->listed.size(), at_mark[leaf].items);
  std::uint64_t sum = 0;
  for (const auto& one : mark->listed) {
    EXPECT_EQ(cut.leaf_of(one.key), leaf);
    sum += one.check;
  }
  EXPECT_EQ(sum, at_mark[leaf].sum);
  EXPECT_EQ(items->mark(index), nullptr) << "not a mark";
  for (int i = 0; i < 2; ++i) {
    storage::item_batch next;
    next.position.index = ++index;
    next.mark = true;
    ASSERT_TRUE(done(items->apply(next)));
  }
  EXPECT_EQ(items->mark(marked), nullptr) << "only the newest two are kept";
  EXPECT_NE(items->mark(index - 1), nullptr);
}

TEST_F(item_digest_test, a_batch_that_fails_leaves_the_digests_alone) {
  fill(100);
  reopen();
  const auto before = *items->digests();
  ASSERT_TRUE(done(items->audit(500))) << "a pass is under way";
  ASSERT_GT(items->audit_progress(), 0u);
  items.reset();
  // A trigger that refuses one key, as SQLite would report a damaged page.
  sql_on_file(path, "CREATE TRIGGER refuse BEFORE DELETE ON items BEGIN SELECT RAISE(ABORT, 'refused'); END");
  items = open_items(path, options);
  ASSERT_TRUE(done(items->audit(500)));
  change_list changes;
  changes.put(key_of(1), "new").remove(key_of(2)).put(key_of(3), "new");
  EXPECT_FALSE(items->apply(changes.at(++index)).ok());
  EXPECT_EQ(*items->digests(), before);
  EXPECT_EQ(items->audit_progress(), 0u) << "what the pass had counted is not so; it begins anew";
  EXPECT_EQ(*items->digests(), from_scratch(*items, cut));
  auto found = full_pass(*items);
  EXPECT_EQ(found.damaged + found.wrong_leaves, 0u) << found.what;
}

} // namespace
} // namespace troupe::testing
