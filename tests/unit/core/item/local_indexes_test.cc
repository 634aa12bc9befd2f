// Which entries an item has, what they show, what they cost, and what may not be in their keys.
#include "actors/core/item/local_indexes.h"
#include "actors/core/item/value.h"
#include "keys.h"
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using namespace test;
using options = msg::TableOptions;

void add_index(msg::LocalIndexes& to, const std::string& name, const std::string& sort, msg::KeyType type,
               options::Projection projection, const std::vector<std::string>& included = {}) {
  auto& index = *to.add_indexes();
  index.set_name(name);
  index.mutable_sort()->set_name(sort);
  index.mutable_sort()->set_type(type);
  index.set_projection(projection);
  for (const auto& one : included)
    index.add_included(one);
}

// Three indexes: all of `rank`, some of `name`, nothing but keys of `rank` again.
msg::LocalIndexes three() {
  msg::LocalIndexes out;
  *out.mutable_keys() = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_N);
  add_index(out, "whole", "rank", msg::KEY_TYPE_N, options::ALL);
  add_index(out, "some", "name", msg::KEY_TYPE_S, options::INCLUDE, {"v", "w"});
  add_index(out, "bare", "rank", msg::KEY_TYPE_N, options::KEYS_ONLY);
  return out;
}

struct some_item {
  msg::AttributeMap map = key_of(three().keys(), "p", "1");
  some_item with(const std::string& name, msg::KeyType type, const std::string& content) && {
    set(map, name, value_of(type, content));
    return std::move(*this);
  }
  some_item number(const std::string& name, const std::string& content) && {
    return std::move(*this).with(name, msg::KEY_TYPE_N, content);
  }
  some_item text(const std::string& name, const std::string& content) && {
    return std::move(*this).with(name, msg::KEY_TYPE_S, content);
  }
  std::string bytes() const {
    auto canonical = map;
    EXPECT_FALSE(canonicalise(canonical));
    return serialize(canonical);
  }
};

const std::string& key() {
  static const std::string made = encode(three().keys(), "p", "1");
  return made;
}

std::vector<index_entry> entries(const std::string& item) {
  std::vector<index_entry> out;
  EXPECT_TRUE(local_indexes::make(three())->entries(key(), item, out));
  return out;
}

std::string message(const verdict& bad) {
  return bad ? bad->message : "";
}

TEST(LocalIndexes, AnItemIsInThoseWhoseSortKeyItHas) {
  EXPECT_TRUE(entries(some_item().text("v", "x").bytes()).empty());
  auto ranked = entries(some_item().number("rank", "3").bytes());
  ASSERT_EQ(ranked.size(), 2u);
  EXPECT_EQ(ranked[0].index, 1u);
  EXPECT_EQ(ranked[1].index, 3u);
  EXPECT_EQ(ranked[0].key, ranked[1].key);
  EXPECT_EQ(entries(some_item().text("name", "n").number("rank", "3").bytes()).size(), 3u);
}

TEST(LocalIndexes, AnEntryShowsWhatItsIndexProjects) {
  auto all =
      entries(some_item().text("name", "n").number("rank", "3").text("v", "x").text("z", "no").bytes());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_FALSE(all[0].projected);
  EXPECT_EQ(*all[1].projected, some_item().text("name", "n").text("v", "x").bytes());
  EXPECT_EQ(*all[2].projected, some_item().number("rank", "3").bytes());
}

TEST(LocalIndexes, EqualEntriesHaveEqualBytesWhateverElseIsInTheItem) {
  EXPECT_EQ(entries(some_item().number("rank", "1e1").text("v", "x").bytes())[1].projected,
            entries(some_item().number("rank", "10").bytes())[1].projected);
}

TEST(LocalIndexes, WhatIsNoItemHasNone) {
  std::vector<index_entry> out;
  const auto indexes = local_indexes::make(three());
  EXPECT_FALSE(indexes->entries(key(), "no item", out));
  EXPECT_FALSE(indexes->entries("short", some_item().bytes(), out));
  EXPECT_EQ(local_indexes::make({}), nullptr);
}

TEST(LocalIndexes, WritesCostByWhatTheyChange) {
  const auto cost = [](std::optional<some_item> before, std::optional<some_item> after) {
    std::optional<std::string> old_bytes, new_bytes;
    if (before)
      old_bytes = before->bytes();
    if (after)
      new_bytes = after->bytes();
    auto units = local_indexes::make(three())->write_units(key(), old_bytes, new_bytes);
    EXPECT_TRUE(units);
    return units.value_or(std::vector<std::uint32_t>());
  };
  using units = std::vector<std::uint32_t>;
  const auto ranked = [](const char* rank) { return some_item().number("rank", rank); };
  EXPECT_EQ(cost({}, some_item()), (units{0, 0, 0}));
  EXPECT_EQ(cost({}, ranked("1")), (units{1, 0, 1})) << "an entry that comes";
  EXPECT_EQ(cost(ranked("1"), {}), (units{1, 0, 1})) << "goes";
  EXPECT_EQ(cost(ranked("1"), ranked("2")), (units{2, 0, 2})) << "moves";
  EXPECT_EQ(cost(ranked("1"), ranked("1")), (units{0, 0, 0})) << "stays";
  EXPECT_EQ(cost(ranked("1"), ranked("1").text("v", "x")), (units{1, 0, 0})) << "shows something else";
  EXPECT_EQ(cost({}, ranked("1").text("v", std::string(3000, 'x'))), (units{3, 0, 1})) << "by its size";
}

TEST(LocalIndexes, ValuesThatCannotBeKeysAreRefusedInDynamoDBsWords) {
  const auto indexes = three();
  const auto check = [&](const some_item& item) {
    return message(check_index_keys(indexes.indexes(), item.bytes()));
  };
  EXPECT_EQ(check(some_item().number("rank", "1").text("name", "n")), "");
  EXPECT_EQ(check(some_item()), "");
  EXPECT_EQ(
      check(some_item().text("rank", "1").text("name", "")),
      "One or more parameter values were invalid: Type mismatch for Index Key rank Expected: N Actual: S "
      "IndexName: bare")
      << "types before all else, and of two indexes the first by name";
  EXPECT_EQ(
      check(some_item().text("name", "")),
      "One or more parameter values are not valid. A value specified for a secondary index key is not "
      "supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: "
      "some, IndexKey: name");
  EXPECT_EQ(check(some_item().text("name", std::string(1024, 'x'))), "");
  EXPECT_EQ(
      check(some_item().text("name", std::string(1025, 'x'))),
      "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size "
      "limit of 1024 bytes");
}

TEST(LocalIndexes, UpdatesHaveWordsOfTheirOwn) {
  const auto indexes = three();
  const auto check = [&](const some_item& item) {
    return message(check_updated_index_keys(indexes.indexes(), item.map));
  };
  EXPECT_EQ(check(some_item().number("rank", "1")), "");
  EXPECT_EQ(check(some_item().text("rank", "1")),
            "The update expression attempted to update the secondary index key to unsupported type");
  EXPECT_EQ(
      check(some_item().text("name", "")),
      "One or more parameter values are not valid. The update expression attempted to update a secondary "
      "index "
      "key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty "
      "string value.");
  EXPECT_EQ(check(some_item().text("name", std::string(1025, 'x'))),
            "The update expression attempted to update the secondary index key beyond allowed size limits");
}

TEST(LocalIndexes, AreKnownByTheirNumbers) {
  const auto indexes = three();
  EXPECT_EQ(index_number(indexes.indexes(), "some"), 2u);
  EXPECT_EQ(index_number(indexes.indexes(), "none"), 0u);
  const auto made = local_indexes::make(indexes);
  const auto entry = entries(some_item().text("name", "n").bytes())[0];
  EXPECT_EQ(made->item_key(2, entry.key), key());
  EXPECT_EQ(made->item_key(9, entry.key), "");
}

} // namespace
} // namespace troupe::item
