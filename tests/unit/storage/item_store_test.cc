// The items of a replica: what is applied is read, in order, with its index; it survives; damage is noticed.
#include "storage/checksum.h"
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/item_fixtures.h"
#include <fstream>
#include <iterator>
#include <random>

namespace troupe::testing {
namespace {

using storage::code;

class item_store_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::string path = dir.file("items.db");
  std::unique_ptr<storage::item_store> items = open_items(path);

  void reopen() {
    items.reset();
    items = open_items(path);
  }
};

TEST_F(item_store_test, applied_items_and_their_index_survive_together) {
  change_list changes;
  changes.put("b", "2").put("a", "1").put("c", "3");
  auto batch = changes.at(10, 777);
  batch.position.ballot = ballot(4);
  batch.position.configuration.set_epoch(3);
  batch.position.configuration_index = 8;
  batch.position.time_ms = 5000;
  ASSERT_TRUE(done(items->apply(batch)));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(*items->get("a").value(), "1");
    EXPECT_EQ(*items->get("c").value(), "3");
    EXPECT_FALSE(items->get("d").value().has_value());
    EXPECT_EQ(items->applied().index, 10u);
    EXPECT_EQ(items->applied().link, 777u);
    EXPECT_EQ(items->applied().ballot.round(), 4u);
    EXPECT_EQ(items->applied().configuration.epoch(), 3u);
    EXPECT_EQ(items->applied().configuration_index, 8u);
    EXPECT_EQ(items->applied().time_ms, 5000);
    EXPECT_EQ(items->stats().items, 3u);
    EXPECT_EQ(items->stats().bytes, 6u);
    EXPECT_TRUE(done(items->integrity_check()));
    reopen();
  }
}

TEST_F(item_store_test, knows_how_much_it_holds_without_looking) {
  auto counting = item_options_of(1, 11);
  counting.size_of = length_of_value;
  auto sizes = [&] { return items->stats().sizes; };
  items.reset();
  items = open_items(path, counting);
  change_list first;
  first.put("a", "1").put("b", "22").put("c", "333").remove("never was");
  ASSERT_TRUE(done(items->apply(first.at(1))));
  EXPECT_EQ(sizes(), 6u);
  change_list second;
  second.put("a", std::string(9000, 'x')).remove("b").put("d", "4444").put("d", "55555");
  ASSERT_TRUE(done(items->apply(second.at(2))));
  EXPECT_EQ(sizes(), 9008u);
  EXPECT_EQ(items->stats().items, 3u);
  items.reset();
  items = open_items(path, counting);
  EXPECT_EQ(sizes(), 9008u);
  EXPECT_TRUE(done(items->integrity_check()));
  change_list third;
  third.put("a", "1");
  ASSERT_TRUE(done(items->apply(third.at(3))));
  EXPECT_EQ(sizes(), 9u);
}

// Nobody has to be told which copy it is as long as its items can be read.
TEST_F(item_store_test, can_be_read_on_a_disk_that_takes_nothing) {
  change_list changes;
  changes.put("a", "1");
  ASSERT_TRUE(done(items->apply(changes.at(1))));
  items.reset();
  sql_on_file(path, "DELETE FROM position WHERE id=4");
  fault_vfs disk;
  disk.fail_writes = true;
  auto options = item_options_of(1, 11);
  options.vfs = disk.name();
  items = open_items(path, options);
  ASSERT_TRUE(items);
  EXPECT_EQ(items->get("a").value(), std::optional<std::string>("1"));
  EXPECT_EQ(items->lineage(), 0u) << "not known";
  items.reset();
}

// As a version of the program leaves it that wrote on without counting, or never counted.
TEST_F(item_store_test, counts_once_what_nobody_has_counted) {
  auto counting = item_options_of(1, 11);
  counting.size_of = length_of_value;
  change_list changes;
  changes.put("a", "1").put("b", "22");
  ASSERT_TRUE(done(items->apply(changes.at(1))));
  items.reset();
  sql_on_file(path,
              "CREATE TABLE kept AS SELECT body FROM position WHERE id=2; DELETE FROM position WHERE id=2");
  items = open_items(path, counting);
  EXPECT_EQ(items->stats().sizes, 3u);
  change_list more;
  more.put("c", "333");
  ASSERT_TRUE(done(items->apply(more.at(2))));
  EXPECT_EQ(items->stats().sizes, 6u);
  items.reset();
  sql_on_file(path, "UPDATE position SET body=(SELECT body FROM kept) WHERE id=2");
  items = open_items(path, counting);
  EXPECT_EQ(items->stats().sizes, 6u) << "the row is of an earlier index";
}

TEST_F(item_store_test, of_one_key_the_last_change_in_a_batch_counts) {
  change_list first;
  first.put("k", "old").put("gone", "x").remove("gone").remove("never was").put("k", "new");
  ASSERT_TRUE(done(items->apply(first.at(1))));
  EXPECT_EQ(*items->get("k").value(), "new");
  EXPECT_FALSE(items->get("gone").value().has_value());
  change_list second;
  second.remove("k").put("empty", "");
  ASSERT_TRUE(done(items->apply(second.at(2))));
  EXPECT_FALSE(items->get("k").value().has_value());
  EXPECT_EQ(items->get("empty").value(), std::optional<std::string>(""));
  EXPECT_EQ(items->stats().items, 1u);
  EXPECT_EQ(items->stats().bytes, 5u);
  EXPECT_TRUE(done(items->integrity_check()));
}

TEST_F(item_store_test, keys_are_walked_in_byte_order_within_their_bounds) {
  change_list changes;
  const std::string zero("a\0", 2), high("\xff\xfe");
  changes.put("b", "3").put("a", "1").put(zero, "2").put(high, "5").put("bb", "4");
  ASSERT_TRUE(done(items->apply(changes.at(1))));
  auto values = [&](std::string_view from, std::string_view to, bool backward, std::size_t count = 100,
                    std::size_t bytes = 1000) {
    auto page = items->scan(from, to, backward, count, bytes);
    EXPECT_TRUE(done(page));
    std::string out;
    for (const auto& [key, value] : page->records)
      out += value;
    return page->more ? out + "+" : out;
  };
  EXPECT_EQ(values("", "", false), "12345");
  EXPECT_EQ(values("", "", true), "54321");
  EXPECT_EQ(values(zero, "bb", false), "23");
  EXPECT_EQ(values(zero, "bb", true), "32");
  EXPECT_EQ(values("b", "", true), "543");
  EXPECT_EQ(values("", "", false, 2), "12+");
  EXPECT_EQ(values("", "", false, 5), "12345") << "nothing is behind the fifth";
  EXPECT_EQ(values("", "", false, 100, 5), "12+") << "2 + 3 bytes";
  EXPECT_EQ(values("", "", false, 100, 1), "1+") << "one is always given";
  EXPECT_EQ(values("c", "d", false), "");
}

TEST_F(item_store_test, durability_is_what_was_synced) {
  change_list changes;
  ASSERT_TRUE(done(items->apply(changes.put("a", "1").at(5))));
  EXPECT_EQ(items->applied().index, 5u);
  EXPECT_EQ(items->durable_applied(), 0u);
  ASSERT_TRUE(done(items->sync()));
  EXPECT_EQ(items->durable_applied(), 5u);
  ASSERT_TRUE(done(items->apply(changes.at(6))));
  ASSERT_TRUE(done(items->checkpoint()));
  EXPECT_EQ(items->durable_applied(), 6u);
  EXPECT_EQ(items->stats().syncs, 1u);
}

TEST_F(item_store_test, request_ids_are_remembered_until_told_to_forget) {
  auto request = [](std::uint64_t index, std::int64_t time_ms) {
    msg::AppliedRequest r;
    r.mutable_id()->set_client(9);
    r.mutable_id()->set_sequence(index * 10);
    r.set_index(index);
    r.set_time_ms(time_ms);
    return r;
  };
  change_list none;
  auto first = none.at(2), second = none.at(4);
  first.requests = {request(1, 100), request(2, 200)};
  second.requests = {request(4, 400)};
  ASSERT_TRUE(done(items->apply(first)));
  ASSERT_TRUE(done(items->apply(second)));
  reopen();
  auto all = items->requests();
  ASSERT_TRUE(done(all));
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[2].SerializeAsString(), request(4, 400).SerializeAsString());
  auto third = none.at(5);
  third.forget_requests_before_ms = 300;
  ASSERT_TRUE(done(items->apply(third)));
  EXPECT_EQ(items->requests()->size(), 1u);
  reopen();
  EXPECT_EQ(items->requests()->size(), 1u);
}

TEST_F(item_store_test, equal_items_have_equal_digests_however_they_came_about) {
  std::mt19937_64 random(5);
  std::map<std::string, std::string> wanted;
  for (std::uint64_t index = 1; index <= 200; ++index) {
    std::string key = std::to_string(random() % 60);
    change_list c;
    if (random() % 3) {
      wanted[key] = std::string(random() % 3000, static_cast<char>('a' + random() % 26));
      c.put(key, wanted[key]);
    } else {
      wanted.erase(key);
      c.remove(key);
    }
    ASSERT_TRUE(done(items->apply(c.at(index))));
  }
  auto other = open_items(dir.file("other.db"));
  change_list all;
  for (const auto& [key, value] : wanted)
    all.put(key, value);
  ASSERT_TRUE(done(other->apply(all.at(200))));
  EXPECT_EQ(items->digest().value(), other->digest().value());
  EXPECT_EQ(items->stats().items, wanted.size());
  EXPECT_EQ(items->stats().bytes, other->stats().bytes);
  change_list one;
  ASSERT_TRUE(done(other->apply(one.put("extra", "").at(201))));
  EXPECT_NE(items->digest().value(), other->digest().value());
  storage::records_digest by_hand;
  for (const auto& [key, value] : wanted)
    by_hand.add(key, value);
  EXPECT_EQ(items->digest().value(), by_hand.value());
}

TEST_F(item_store_test, only_its_own_replica_opens_it) {
  items.reset();
  EXPECT_TRUE(failed_as(storage::item_store::open(path, item_options_of(2, 11)), code::refused));
  EXPECT_TRUE(failed_as(storage::item_store::open(path, item_options_of(1, 12)), code::refused));
  auto wanted = item_options_of(1, 11);
  wanted.create = false;
  EXPECT_TRUE(failed_as(storage::item_store::open(dir.file("nowhere.db"), wanted), code::missing));
  items = open_items(path);
  EXPECT_TRUE(failed_as(storage::item_store::open(path, wanted), code::busy));
}

TEST_F(item_store_test, a_flipped_byte_is_named_when_the_record_is_read) {
  change_list changes;
  for (int i = 0; i < 50; ++i)
    changes.put("key" + std::to_string(100 + i),
                "value of " + std::to_string(100 + i) + std::string(500, '.'));
  ASSERT_TRUE(done(items->apply(changes.at(1))));
  items.reset();
  flip_near(path, "value of 117", 200);
  items = open_items(path);
  EXPECT_EQ(items->get("key116").value()->substr(0, 12), "value of 116");
  auto bad = items->get("key117");
  ASSERT_TRUE(failed_as(bad, code::corrupt));
  EXPECT_NE(bad.error().text.find("6b6579313137"), std::string::npos) << bad.error().text; // "key117"
  EXPECT_TRUE(failed_as(items->scan("key110", "", false, 100, 1 << 20), code::corrupt));
  EXPECT_TRUE(done(items->scan("key110", "key117", false, 100, 1 << 20)));
  EXPECT_TRUE(failed_as(items->digest(), code::corrupt));
  EXPECT_TRUE(failed_as(items->integrity_check(), code::corrupt));
  change_list repair;
  ASSERT_TRUE(done(items->apply(repair.put("key117", "from a peer").at(2))));
  EXPECT_TRUE(done(items->integrity_check()));
}

// The disk says so itself: not a byte of the page comes.
TEST_F(item_store_test, a_sector_that_cannot_be_read_is_damage) {
  fault_vfs disk;
  change_list changes;
  for (int i = 0; i < 100; ++i)
    changes.put("key" + std::to_string(100 + i),
                "value of " + std::to_string(100 + i) + std::string(800, '.'));
  ASSERT_TRUE(done(items->apply(changes.at(1))));
  items.reset();
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  disk.unreadable = {path, bytes.find("value of 150")};
  ASSERT_NE(disk.unreadable.offset, std::string::npos);
  auto options = item_options_of(1, 11);
  options.vfs = disk.name();
  items = open_items(path, options);
  EXPECT_TRUE(failed_as(items->get("key150"), code::corrupt));
  EXPECT_TRUE(failed_as(items->scan("", "", false, 1000, 1 << 20), code::corrupt));
  EXPECT_EQ(items->get("key190").value()->substr(0, 12), "value of 190");
  items.reset();
  disk.unreadable.path.clear();
}

TEST_F(item_store_test, any_flipped_byte_is_noticed_or_harmless) {
  std::map<std::string, std::string> wanted;
  change_list changes;
  for (int i = 0; i < 12; ++i) {
    wanted["key" + std::to_string(100 + i)] =
        "value " + std::to_string(i) + std::string(600, static_cast<char>('a' + i));
    changes.put("key" + std::to_string(100 + i), wanted["key" + std::to_string(100 + i)]);
  }
  auto batch = changes.at(7, 77);
  ASSERT_TRUE(done(items->apply(batch)));
  items.reset();
  const std::string sound = read_bytes(path);
  int noticed = 0;
  int harmless = 0;
  for (std::size_t at = 0; at < sound.size(); at += 1 + at % 29) {
    std::string flipped = sound;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    write_bytes(path, flipped);
    std::filesystem::remove(path + "-wal");
    auto found = storage::item_store::open(path, item_options_of(1, 11));
    if (!found || !(*found)->integrity_check()) {
      ++noticed;
      continue;
    }
    ++harmless;
    ASSERT_EQ((*found)->applied().index, 7u) << "byte " << at;
    ASSERT_EQ((*found)->applied().link, 77u) << "byte " << at;
    auto all = (*found)->scan("", "", false, 1000, 1 << 20);
    ASSERT_TRUE(done(all)) << "byte " << at;
    ASSERT_EQ((std::map<std::string, std::string>(all->records.begin(), all->records.end())), wanted)
        << "byte " << at;
  }
  EXPECT_GT(noticed * 4, harmless);
}

// --- walking while writing
// ----------------------------------------------------------------------------------

TEST_F(item_store_test, a_walk_sees_what_was_there_when_it_began) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    std::filesystem::remove(dir.file("walked.db"));
    auto store = open_items(dir.file("walked.db"));
    std::map<std::string, std::string> now;
    std::uint64_t index = 0;
    auto write = [&] {
      change_list c;
      for (int i = 0; i < 5; ++i) {
        std::string key = "k" + std::to_string(random() % 80);
        if (random() % 3) {
          now[key] = std::to_string(random());
          c.put(key, now[key]);
        } else {
          now.erase(key);
          c.remove(key);
        }
      }
      ASSERT_TRUE(done(store->apply(c.at(++index))));
    };
    for (int i = 0; i < 20; ++i)
      write();
    const auto then = now;
    const auto then_index = index;
    ASSERT_TRUE(done(store->begin_walk()));
    EXPECT_TRUE(failed_as(store->begin_walk(), code::busy));
    std::map<std::string, std::string> walked;
    for (bool more = true; more;) {
      for (std::uint64_t i = random() % 4; i > 0; --i)
        write();
      auto page = store->walk(1 + random() % 7, 1 + random() % 200);
      ASSERT_TRUE(done(page));
      for (auto& [key, value] : page->records) {
        ASSERT_TRUE(walked.empty() || walked.rbegin()->first < key) << "in key order";
        walked[key] = value;
      }
      more = page->more;
    }
    EXPECT_EQ(store->walk_position().index, then_index);
    EXPECT_EQ(walked, then) << "seed " << seed;
    store->end_walk();
    auto all = store->scan("", "", false, 1000, 1 << 20);
    ASSERT_TRUE(done(all));
    EXPECT_EQ((std::map<std::string, std::string>(all->records.begin(), all->records.end())), now);
  }
}

TEST_F(item_store_test, a_walk_that_would_keep_too_much_aside_is_given_up) {
  items.reset();
  auto options = item_options_of(1, 11);
  options.walk_bytes_max = 10'000;
  items = open_items(path, options);
  change_list changes;
  for (int i = 0; i < 100; ++i)
    changes.put("k" + std::to_string(i), std::string(500, 'x'));
  ASSERT_TRUE(done(items->apply(changes.at(1))));
  ASSERT_TRUE(done(items->begin_walk()));
  ASSERT_TRUE(done(items->apply(changes.at(2))));
  EXPECT_TRUE(failed_as(items->walk(10, 1000), code::full));
  items->end_walk();
  EXPECT_TRUE(done(items->begin_walk()));
  EXPECT_TRUE(done(items->walk(10, 1000)));
}

} // namespace
} // namespace troupe::testing
