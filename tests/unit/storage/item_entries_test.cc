// Index entries beside the items: always those of the items, in the transactions that change them, over
// reopening, damage, snapshots and other rules.
#include "storage/files.h"
#include "storage/snapshot.h"
#include "tests/unit/storage/item_fixtures.h"
#include <algorithm>
#include <random>
#include <utility>

namespace troupe::testing {
namespace {

using storage::code;
using storage::item_entry;

// Records here are "words separated by blanks". Index 1 has all of a record under its first word, index 2
// shows the second word under it. "bad" is no record.
storage::entry_rules rules_by_words(const std::string& name = "by words") {
  storage::entry_rules rules;
  rules.indexes = 2;
  rules.definitions = name;
  rules.make = [](std::string_view key, std::string_view value, std::vector<item_entry>& into) {
    if (value == "bad")
      return false;
    const auto blank = value.find(' ');
    if (blank == 0 || value.empty())
      return true;
    into.push_back({1, std::string(value.substr(0, blank)) + "/" + std::string(key), ""});
    if (blank != std::string_view::npos && blank + 1 < value.size()) {
      const std::string second(value.substr(blank + 1));
      into.push_back({2, second + "/" + std::string(key), second});
    }
    return true;
  };
  return rules;
}

storage::item_options indexed(std::uint64_t member = 11, const std::string& name = "by words") {
  auto options = item_options_of(1, member);
  options.entries = rules_by_words(name);
  return options;
}

class item_entries_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::string path = dir.file("items.db");
  std::unique_ptr<storage::item_store> items = open_items(path, indexed());
  std::uint64_t index = 0;

  void apply(const change_list& changes) { ASSERT_TRUE(done(items->apply(changes.at(++index)))); }
  void put(const std::string& key, const std::string& value) { apply(change_list().put(key, value)); }

  // "key=shown key=shown", with a + when there is more.
  std::string walk(std::uint32_t which, bool backward = false, std::string_view from = {},
                   std::string_view to = {}, bool whole = false, std::size_t count = 100,
                   std::size_t bytes = 10'000) {
    auto page = items->scan_entries(which, from, to, backward, whole, count, bytes);
    EXPECT_TRUE(done(page));
    std::string out;
    for (const auto& [key, value] : page->records)
      out += (out.empty() ? "" : " ") + key + "=" + value;
    return page->more ? out + " +" : out;
  }
};

TEST_F(item_entries_test, come_move_and_go_with_their_items) {
  put("k1", "b x");
  put("k2", "a");
  EXPECT_EQ(walk(1), "a/k2=a b/k1=b x");
  EXPECT_EQ(walk(2), "x/k1=x");
  put("k1", "0 x");
  EXPECT_EQ(walk(1), "0/k1=0 x a/k2=a");
  EXPECT_EQ(walk(2), "x/k1=x");
  put("k2", "");
  put("k1", "0 y");
  EXPECT_EQ(walk(1), "0/k1=0 y");
  EXPECT_EQ(walk(2), "y/k1=y");
  apply(change_list().remove("k1").remove("never was"));
  EXPECT_EQ(walk(1) + walk(2), "");
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_entries_test, are_walked_either_way_within_bounds_of_items_and_bytes) {
  for (int i = 0; i < 6; ++i)
    put("k" + std::to_string(i), std::string(1, static_cast<char>('f' - i)) + " s");
  EXPECT_EQ(walk(1, false, "b", "d"), "b/k4=b s c/k3=c s");
  EXPECT_EQ(walk(1, true, "e"), "f/k0=f s e/k1=e s");
  EXPECT_EQ(walk(1, false, {}, {}, false, 2), "a/k5=a s b/k4=b s +");
  EXPECT_EQ(walk(1, true, {}, {}, false, 2), "f/k0=f s e/k1=e s +");
  EXPECT_EQ(walk(1, false, {}, {}, false, 100, 14), "a/k5=a s b/k4=b s +");
  EXPECT_EQ(walk(1, false, {}, {}, false, 100, 1), "a/k5=a s +") << "one comes whatever its size";
  EXPECT_EQ(walk(2, false, {}, {}, true, 1), "s/k0=f s +") << "whole records when asked for";
  EXPECT_EQ(items->scan_entries(3, {}, {}, false, false, 1, 1).error().code, code::missing);
}

TEST_F(item_entries_test, are_counted_with_what_they_show) {
  put("k1", "b xy");
  put("k2", "a");
  ASSERT_EQ(items->entry_stats().size(), 2u);
  EXPECT_EQ(items->entry_stats()[0], (storage::entry_figures{2, 4 + 1}));
  EXPECT_EQ(items->entry_stats()[1], (storage::entry_figures{1, 2}));
  put("k1", "b longer");
  EXPECT_EQ(items->entry_stats()[0], (storage::entry_figures{2, 8 + 1}));
  apply(change_list().remove("k1").remove("k2"));
  EXPECT_EQ(items->entry_stats()[0], storage::entry_figures());
}

TEST_F(item_entries_test, are_those_of_the_items_after_any_changes_and_reopening) {
  std::mt19937_64 dice(3);
  for (int round = 0; round < 60; ++round) {
    change_list changes;
    for (int i = 0; i < 20; ++i) {
      const auto key = "k" + std::to_string(dice() % 40);
      const auto word = [&] { return std::string(dice() % 3, static_cast<char>('a' + dice() % 3)); };
      if (dice() % 4 == 0)
        changes.remove(key);
      else
        changes.put(key, word() + (dice() % 2 ? " " + word() : ""));
    }
    apply(changes);
    if (round % 20 == 0) {
      items.reset();
      items = open_items(path, indexed());
    }
    ASSERT_TRUE(done(items->integrity_check())) << round;
    for (auto slices = dice() % 4; slices > 0; --slices) { // of a full pass that goes on meanwhile
      auto slice = items->audit(dice() % 100);
      ASSERT_TRUE(done(slice));
      ASSERT_EQ(slice->damaged + slice->wrong_leaves, 0u) << slice->what;
      ASSERT_FALSE(slice->wrong_figures) << slice->what;
    }
  }
  EXPECT_GT(items->entry_stats()[0].items, 0u);
}

// Figures of another time, sound in themselves: a crash cannot leave them, a mistake or a disk can.
TEST_F(item_entries_test, that_add_up_to_something_else_are_counted_anew_by_a_full_pass) {
  put("k1", "b x");
  items.reset();
  sql_on_file(path, "CREATE TABLE kept AS SELECT body FROM entry_state");
  items = open_items(path, indexed());
  put("k2", "a long");
  const auto right = items->entry_stats();
  items.reset();
  sql_on_file(path, "UPDATE entry_state SET body=(SELECT body FROM kept); DROP TABLE kept");
  items = open_items(path, indexed());
  ASSERT_NE(items->entry_stats(), right);
  auto pass = [&] {
    storage::audit_slice found;
    for (int slices = 0; slices < 100 && !found.done; ++slices) {
      auto slice = items->audit(1);
      EXPECT_TRUE(done(slice));
      found = slice ? *slice : found;
    }
    return found;
  };
  auto found = pass();
  EXPECT_TRUE(found.wrong_figures);
  EXPECT_NE(found.what.find("index entries"), std::string::npos) << found.what;
  EXPECT_EQ(items->entry_stats(), right);
  EXPECT_FALSE(pass().wrong_figures) << "told once";
  items.reset();
  items = open_items(path, indexed());
  EXPECT_EQ(items->entry_stats(), right) << "and kept";
}

TEST_F(item_entries_test, of_a_transaction_that_failed_are_as_before) {
  put("k1", "b x");
  const auto before = items->entry_stats();
  EXPECT_EQ(items->apply(change_list().put("k2", "a y").put("k3", "bad").at(9)).error().code, code::corrupt);
  EXPECT_EQ(items->entry_stats(), before);
  EXPECT_EQ(walk(1), "b/k1=b x");
  put("k2", "a y");
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_entries_test, are_made_anew_when_the_rules_are_others) {
  put("k1", "b x");
  put("k2", "a");
  items.reset();
  { // without any rules for a while
    auto plain = open_items(path);
    ASSERT_TRUE(done(plain->apply(change_list().put("k3", "c z").remove("k2").at(20))));
    EXPECT_TRUE(plain->entry_stats().empty());
  }
  items = open_items(path, indexed(11, "by other words"));
  EXPECT_EQ(walk(1), "b/k1=b x c/k3=c z");
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_entries_test, leave_no_trace_in_digests_or_in_files_without_indexes) {
  put("k1", "b x");
  const auto plain_path = dir.file("plain.db");
  auto plain = open_items(plain_path);
  ASSERT_TRUE(done(plain->apply(change_list().put("k1", "b x").at(1))));
  EXPECT_EQ(plain->digest().value(), items->digest().value());
  plain.reset();
  EXPECT_EQ(read_bytes(plain_path).find("entries"), std::string::npos);
}

TEST_F(item_entries_test, of_a_snapshot_are_made_in_steps_with_its_items) {
  change_list many;
  for (int i = 0; i < 5000; ++i)
    many.put("k" + std::to_string(i),
             std::string(1, static_cast<char>('a' + i % 7)) + " " + std::string(50, 's'));
  apply(many);
  const auto snapshot = dir.file("1-1.snapshot");
  auto writer = storage::snapshot_writer::begin(*items, snapshot);
  ASSERT_TRUE(done(writer));
  while (!(*writer)->step(100'000).value()) {
  }
  writer->reset();
  storage::install_options how;
  how.group = 1;
  how.member = 12;
  how.entries = rules_by_words();
  int made = 0;
  int most = 0;
  how.entries.make = [&made, make = how.entries.make](auto key, auto value, auto& into) {
    ++made;
    return make(key, value, into);
  };
  const auto target = dir.file("target.db");
  auto work = storage::snapshot_installer::begin(snapshot, target, how);
  ASSERT_TRUE(done(work));
  for (bool all = false; !all; most = std::max(most, std::exchange(made, 0))) {
    auto step = (*work)->step(1);
    ASSERT_TRUE(done(step));
    all = *step;
  }
  EXPECT_LT(most, 5000) << "a block at a time";
  ASSERT_TRUE(done((*work)->finish()));
  items = open_items(target, indexed(12));
  EXPECT_EQ(items->entry_stats()[0].items, 5000u);
  EXPECT_EQ(items->entry_stats()[1].items, 5000u);
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_entries_test, of_a_snapshot_are_made_where_it_is_installed) {
  for (int i = 0; i < 200; ++i)
    put("k" + std::to_string(i),
        std::string(1, static_cast<char>('a' + i % 7)) + " s" + std::to_string(i % 5));
  const auto snapshot = dir.file("1-200.snapshot");
  auto writer = storage::snapshot_writer::begin(*items, snapshot);
  ASSERT_TRUE(done(writer));
  put("k0", "z late"); // the snapshot is of before
  while (!(*writer)->step(1'000).value())
    put("k1", "z late");
  writer->reset();
  storage::install_options how;
  how.group = 1;
  how.member = 12;
  how.entries = rules_by_words();
  const auto target = dir.file("target.db");
  ASSERT_TRUE(done(storage::install_snapshot(snapshot, target, how)));
  items = open_items(target, indexed(12));
  EXPECT_EQ(items->entry_stats()[0].items, 200u);
  EXPECT_EQ(walk(1, true, "z"), "");
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_entries_test, that_are_damaged_are_named_when_they_are_read) {
  put("k1", "first needle-in-the-entry");
  items.reset();
  // The entry shows the word as its item does, but in a table of its own: damage each place in turn.
  const auto sound = read_bytes(path);
  int entries_damaged = 0;
  for (auto at = sound.find("needle"); at != std::string::npos; at = sound.find("needle", at + 1)) {
    auto flipped = sound;
    flipped[at] ^= 1;
    write_bytes(path, flipped);
    items = open_items(path, indexed());
    ASSERT_TRUE(items);
    auto page = items->scan_entries(2, {}, {}, false, false, 10, 1'000);
    if (!page) {
      EXPECT_EQ(page.error().code, code::corrupt);
      ++entries_damaged;
    }
    EXPECT_EQ(items->integrity_check().error().code, code::corrupt);
    std::uint64_t found = 0;
    for (bool ended = false; !ended;) {
      auto slice = items->audit(1'000);
      ASSERT_TRUE(done(slice));
      found = slice->damaged;
      ended = slice->done;
    }
    EXPECT_GE(found, 1u) << "a full pass finds it, in the item or in the entry";
    items.reset();
  }
  EXPECT_GE(entries_damaged, 2) << "in the entry's key and in what it shows";
}

TEST_F(item_entries_test, of_an_item_that_is_damaged_go_when_it_is_replaced) {
  put("k1", "first needle");
  put("k2", "other word");
  items.reset();
  auto bytes = read_bytes(path);
  const auto at = bytes.find("first needle"); // only the item has both words
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'F';
  write_bytes(path, bytes);
  items = open_items(path, indexed());
  EXPECT_EQ(items->scan_entries(1, "first", {}, false, false, 1, 100).error().code, code::corrupt);
  put("k1", "second thought");
  EXPECT_EQ(walk(1), "other/k2=other word second/k1=second thought");
  EXPECT_EQ(walk(2), "thought/k1=thought word/k2=word");
  EXPECT_TRUE(done(items->integrity_check()));
  // What the damaged item counted as was not known.
  for (bool ended = false; !ended;) {
    auto slice = items->audit(1'000);
    ASSERT_TRUE(done(slice));
    ended = slice->done;
  }
  EXPECT_EQ(items->entry_stats()[0], (storage::entry_figures{2, 10 + 14}));
}

} // namespace
} // namespace troupe::testing
