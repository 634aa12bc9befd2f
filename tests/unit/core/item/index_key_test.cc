// Keys of index entries: their order, their bytes, the ranges of queries over them, and the way back.
#include "actors/core/item/index_key.h"
#include "actors/core/item/local_indexes.h"
#include "actors/core/item/value.h"
#include "keys.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using namespace test;

msg::KeyAttribute at(msg::KeyType type) {
  msg::KeyAttribute out;
  out.set_name("at");
  out.set_type(type);
  return out;
}

// An item of the table with the sort key of its one index; its entry.
struct world {
  msg::KeySchema table;
  msg::KeyAttribute sort;
  std::shared_ptr<const local_indexes> indexes;

  world(msg::KeyType partition, msg::KeyType of_table, msg::KeyType of_index)
      : table(schema_of(partition, of_table)), sort(at(of_index)) {
    msg::LocalIndexes made;
    *made.mutable_keys() = table;
    auto& index = *made.add_indexes();
    index.set_name("by_at");
    *index.mutable_sort() = sort;
    indexes = local_indexes::make(made);
  }
  std::string entry(const std::string& pk, const std::string& id, const std::string& value) const {
    auto item = key_of(table, pk, id);
    set(item, "at", value_of(sort.type(), value));
    EXPECT_FALSE(canonicalise(item));
    std::vector<index_entry> out;
    EXPECT_TRUE(indexes->entries(encode(table, pk, id), serialize(item), out));
    return out.size() == 1 ? out[0].key : "";
  }
};

TEST(IndexKey, HasTheBytesThatTheFormatSays) {
  // docs/formats-keys.md shows these.
  const world w(msg::KEY_TYPE_S, msg::KEY_TYPE_N, msg::KEY_TYPE_S);
  EXPECT_EQ(hex(w.entry("alice", "-42", "b")).substr(16), "616c6963650001"
                                                          "620001"
                                                          "407cab");
  EXPECT_EQ(w.entry("alice", "-42", "b").substr(0, 8), encode(w.table, "alice", "-42").substr(0, 8));
}

TEST(IndexKey, OrdersAsIndexKeyThenSortKeyAndLeadsBackToTheItem) {
  dice roll(5);
  for (const msg::KeyType of_index : types)
    for (const msg::KeyType of_table : types) {
      const world w(msg::KEY_TYPE_S, of_table, of_index);
      for (int i = 0; i < 3'000; ++i) {
        const std::string v1 = random_content(roll, of_index), s1 = random_content(roll, of_table);
        const std::string v2 = roll.chance(40) ? v1 : random_content(roll, of_index),
                          s2 = random_content(roll, of_table);
        const std::string k1 = w.entry("p", s1, v1), k2 = w.entry("p", s2, v2);
        int expected = compare(of_index, v1, v2);
        if (expected == 0)
          expected = compare(of_table, s1, s2);
        ASSERT_EQ(k1 < k2, expected < 0) << hex(k1) << " and " << hex(k2);
        ASSERT_EQ(k1 == k2, expected == 0) << hex(k1) << " and " << hex(k2);
        ASSERT_EQ(item_key_of(w.table, w.sort, k1), encode(w.table, "p", s1));
        const auto back = decode_entry_key(w.table, w.sort, k1);
        ASSERT_TRUE(back) << hex(k1);
        auto wanted = key_of(w.table, "p", s1);
        set(wanted, "at", value_of(of_index, v1));
        ASSERT_TRUE(equal(*back, wanted));
      }
    }
}

TEST(IndexKey, QueriesFindExactlyWhatTheirConditionSays) {
  dice roll(6);
  for (const msg::KeyType of_index : types) {
    const world w(msg::KEY_TYPE_N, msg::KEY_TYPE_B, of_index);
    std::vector<std::pair<std::string, std::string>> entries; // value, key
    for (int i = 0; i < 60; ++i) {
      const auto value = random_content(roll, of_index);
      entries.emplace_back(value, w.entry("7", random_content(roll, msg::KEY_TYPE_B), value));
    }
    const std::string other = w.entry("8", "x", entries[0].first);
    for (int i = 0; i < 600; ++i) {
      msg::Query query;
      *query.mutable_partition_key() = value_of(msg::KEY_TYPE_N, "7");
      const auto low =
          roll.chance(50) ? entries[static_cast<std::size_t>(i % 60)].first : random_content(roll, of_index);
      const auto high = random_content(roll, of_index);
      const bool from = roll.chance(60), to = roll.chance(60),
                 prefix = !from && !to && of_index != msg::KEY_TYPE_N;
      if (from)
        *query.mutable_from() = value_of(of_index, low);
      if (to)
        *query.mutable_to() = value_of(of_index, high);
      query.set_from_exclusive(roll.chance(50));
      query.set_to_exclusive(roll.chance(50));
      if (prefix)
        (of_index == msg::KEY_TYPE_S ? *query.mutable_prefix_s() : *query.mutable_prefix_b()) = low;
      const auto range = index_query_range(w.table, w.sort, query);
      ASSERT_TRUE(range) << range.why().message;
      for (const auto& [value, key] : entries) {
        const int to_low = compare(of_index, value, low), to_high = compare(of_index, value, high);
        const bool wanted = prefix ? value.starts_with(low)
                                   : (!from || to_low > 0 || (to_low == 0 && !query.from_exclusive())) &&
                                         (!to || to_high < 0 || (to_high == 0 && !query.to_exclusive()));
        ASSERT_EQ(!range->empty() && range->contains(key), wanted) << query.ShortDebugString() << "\n"
                                                                   << value;
      }
      ASSERT_FALSE(!range->empty() && range->contains(other));
    }
  }
}

TEST(IndexKey, StartKeysHaveTheKeysOfBothAndGoOnBehindThem) {
  const world w(msg::KEY_TYPE_S, msg::KEY_TYPE_N, msg::KEY_TYPE_N);
  const auto start = [&](const std::string& id, const std::string& value, const char* name = "at") {
    auto key = key_of(w.table, "p", id);
    set(key, name, value_of(msg::KEY_TYPE_N, value));
    EXPECT_FALSE(canonicalise(key));
    return serialize(key);
  };
  msg::Query query;
  *query.mutable_partition_key() = value_of(msg::KEY_TYPE_S, "p");
  *query.mutable_to() = value_of(msg::KEY_TYPE_N, "5");
  query.set_start_key(start("1", "2"));
  const auto forward = index_query_range(w.table, w.sort, query);
  ASSERT_TRUE(forward);
  EXPECT_FALSE(forward->contains(w.entry("p", "1", "2")));
  EXPECT_TRUE(forward->contains(w.entry("p", "2", "2")));
  query.set_backward(true);
  const auto backward = index_query_range(w.table, w.sort, query);
  EXPECT_TRUE(backward->contains(w.entry("p", "0", "2")));
  EXPECT_FALSE(backward->contains(w.entry("p", "1", "2")));
  query.set_start_key(start("1", "6"));
  EXPECT_EQ(index_query_range(w.table, w.sort, query).why().message,
            "The provided starting key does not match the range key predicate");
  const std::string wrong = "The provided starting key is invalid";
  query.set_start_key(serialize(key_of(w.table, "p", "1")));
  EXPECT_EQ(index_query_range(w.table, w.sort, query).why().message, wrong);
  query.set_start_key(start("1", "2", "another"));
  EXPECT_EQ(index_query_range(w.table, w.sort, query).why().message, wrong);
  *query.mutable_partition_key() = value_of(msg::KEY_TYPE_S, "q");
  query.set_start_key(start("1", "2"));
  EXPECT_EQ(index_query_range(w.table, w.sort, query).why().message,
            "The provided starting key is outside query boundaries based on provided conditions");
}

TEST(IndexKey, SegmentsShareTheHashSpaceWithTheTables) {
  const world w(msg::KEY_TYPE_S, msg::KEY_TYPE_S, msg::KEY_TYPE_B);
  dice roll(9);
  for (int i = 0; i < 300; ++i) {
    const auto pk = random_content(roll, msg::KEY_TYPE_S);
    const auto entry = w.entry(pk, "s", "b");
    for (std::uint32_t segment = 0; segment < 7; ++segment) {
      const auto items = scan_range(w.table, segment, 7, {});
      const auto entries = index_scan_range(w.table, w.sort, segment, 7, {});
      EXPECT_EQ(entries->contains(entry), items->contains(encode(w.table, pk, "s")));
    }
  }
}

TEST(IndexKey, OtherBytesAreNoEntrys) {
  const world w(msg::KEY_TYPE_S, msg::KEY_TYPE_S, msg::KEY_TYPE_N);
  const auto entry = w.entry("p", "s", "12");
  for (std::size_t length = 0; length < entry.size(); ++length)
    EXPECT_FALSE(decode_entry_key(w.table, w.sort, entry.substr(0, length))) << length;
  for (std::size_t i = 0; i < entry.size() - 1; ++i) {
    auto flipped = entry;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    const auto read = decode_entry_key(w.table, w.sort, flipped);
    EXPECT_TRUE(!read ||
                w.entry(find(*read, "pk")->s(), find(*read, "id")->s(), find(*read, "at")->n()) == flipped)
        << i;
  }
  EXPECT_EQ(item_key_of(w.table, w.sort, "short"), "");
}

TEST(IndexKey, AnIndexOnTheTablesOwnSortKeyHasItOnce) {
  msg::KeySchema table = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_N);
  msg::LocalIndexes made;
  *made.mutable_keys() = table;
  auto& index = *made.add_indexes();
  *index.mutable_sort() = table.sort();
  std::vector<index_entry> out;
  const auto item = key_of(table, "p", "3");
  ASSERT_TRUE(local_indexes::make(made)->entries(encode(table, "p", "3"), serialize(item), out));
  ASSERT_EQ(out.size(), 1u);
  const auto back = decode_entry_key(table, table.sort(), out[0].key);
  ASSERT_TRUE(back);
  EXPECT_TRUE(equal(*back, item));
}

} // namespace
} // namespace troupe::item
