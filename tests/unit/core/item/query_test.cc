#include "actors/core/item/key.h"
#include "actors/core/item/value.h"
#include "keys.h"
#include <gtest/gtest.h>
#include <set>

namespace troupe::item {
namespace {

using namespace test;

struct bounds {
  std::optional<std::string> from, to, prefix;
  bool from_exclusive = false, to_exclusive = false;
};

bool matches(const bounds& what, msg::KeyType type, const std::string& sort) {
  if (what.prefix)
    return sort.starts_with(*what.prefix);
  if (what.from) {
    const int order = compare(type, sort, *what.from);
    if (order < 0 || (order == 0 && what.from_exclusive))
      return false;
  }
  if (what.to) {
    const int order = compare(type, sort, *what.to);
    if (order > 0 || (order == 0 && what.to_exclusive))
      return false;
  }
  return true;
}

TEST(Query, ItsRangeHoldsWhatAFilterWouldKeep) {
  dice roll(13);
  for (const msg::KeyType sort : types) {
    const auto schema = schema_of(msg::KEY_TYPE_S, sort);
    std::set<std::string> sorts;
    while (sorts.size() < 60)
      sorts.insert(random_content(roll, sort));
    std::vector<std::pair<std::string, std::string>>
        stored; // encoded key, sort key; of "mine" and its neighbours
    for (const std::string& one : sorts)
      for (const char* partition : {"mine", "mine\x01", "min"})
        stored.emplace_back(encode(schema, partition, one), std::string(partition) == "mine" ? one : "");
    std::sort(stored.begin(), stored.end());

    for (int round = 0; round < 4'000; ++round) {
      const auto pick = [&] {
        return roll.chance(70) ? *std::next(sorts.begin(), roll.between(0, 59)) : random_content(roll, sort);
      };
      bounds what;
      if (sort != msg::KEY_TYPE_N && roll.chance(30)) {
        what.prefix = pick();
        if (sort == msg::KEY_TYPE_B)
          what.prefix->resize(1 + roll.below(what.prefix->size()));
      } else {
        if (roll.chance(70))
          what.from = pick();
        if (roll.chance(70))
          what.to = pick();
        what.from_exclusive = roll.chance(50);
        what.to_exclusive = roll.chance(50);
      }
      msg::Query query;
      *query.mutable_partition_key() = value_of(msg::KEY_TYPE_S, "mine");
      if (what.from)
        *query.mutable_from() = value_of(sort, *what.from);
      if (what.to)
        *query.mutable_to() = value_of(sort, *what.to);
      if (what.prefix)
        (sort == msg::KEY_TYPE_S ? *query.mutable_prefix_s() : *query.mutable_prefix_b()) = *what.prefix;
      query.set_from_exclusive(what.from_exclusive);
      query.set_to_exclusive(what.to_exclusive);
      query.set_backward(roll.chance(50));

      std::vector<std::string> expected, found;
      for (const auto& [key, one] : stored)
        if (!one.empty() && matches(what, sort, one))
          expected.push_back(key);

      // Read it in pages, as a router would, each starting behind the last key of the one before.
      for (int pages = 0;; ++pages) {
        ASSERT_LE(pages, 100);
        const auto range = query_range(schema, query);
        ASSERT_TRUE(range) << range.why().message;
        std::vector<std::string> page;
        for (const auto& [key, one] : stored)
          if (range->contains(key))
            page.push_back(key);
        ASSERT_EQ(range->empty() && !page.empty(), false);
        if (query.backward())
          std::reverse(page.begin(), page.end());
        const std::size_t limit = 1 + roll.below(30);
        if (page.size() > limit)
          page.resize(limit);
        found.insert(found.end(), page.begin(), page.end());
        if (page.empty())
          break;
        query.set_start_key(serialize(*decode_key(schema, page.back())));
      }
      if (query.backward())
        std::reverse(found.begin(), found.end());
      ASSERT_EQ(found, expected);
    }
  }
}

TEST(Query, OfATableWithoutSortKeyIsOneKey) {
  const auto schema = schema_of(msg::KEY_TYPE_N);
  msg::Query query;
  query.mutable_partition_key()->set_n("7.0");
  const auto range = query_range(schema, query);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->from, encode(schema, "7"));
  EXPECT_TRUE(range->contains(range->from));
  EXPECT_FALSE(range->contains(encode(schema, "7.1")));

  query.set_start_key(serialize(key_of(schema, "7")));
  EXPECT_TRUE(query_range(schema, query)->empty() || query_range(schema, query)->from > range->from);
}

TEST(Query, RefusalsAreInDynamosWords) {
  const auto schema = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_S);
  const auto asked = [&](const msg::Query& query) {
    const auto range = query_range(schema, query);
    return range ? "accepted" : range.why().message;
  };
  const std::string mismatch =
      "One or more parameter values were invalid: Condition parameter type does not match schema type";
  msg::Query query;
  EXPECT_EQ(asked(query), "Query condition missed key schema element: pk");
  query.mutable_partition_key()->set_n("1");
  EXPECT_EQ(asked(query), mismatch);
  query.mutable_partition_key()->set_s("");
  EXPECT_EQ(asked(query),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
            "contain an empty string value. Key: pk");
  query.mutable_partition_key()->set_s("a");
  EXPECT_EQ(asked(query), "accepted");

  msg::Query typed = query;
  typed.mutable_to()->set_b("b");
  EXPECT_EQ(asked(typed), mismatch);
  typed = query;
  typed.set_prefix_b("b");
  EXPECT_EQ(asked(typed), mismatch);
  typed.set_prefix_s("b");
  EXPECT_EQ(asked(typed), mismatch);
  typed.clear_prefix_b();
  EXPECT_EQ(asked(typed), "accepted");
  typed.mutable_from()->set_s("b");
  EXPECT_EQ(asked(typed), "Query key condition not supported");

  query.mutable_from()->set_s("m");
  query.set_start_key(serialize(key_of(schema, "b", "n")));
  EXPECT_EQ(asked(query),
            "The provided starting key is outside query boundaries based on provided conditions");
  query.set_start_key(serialize(key_of(schema, "a", "l")));
  EXPECT_EQ(asked(query), "The provided starting key does not match the range key predicate");
  query.set_start_key(serialize(key_of(schema, "a", "n")));
  EXPECT_EQ(asked(query), "accepted");
  query.set_start_key(serialize(key_of(schema_of(msg::KEY_TYPE_S), "a")));
  EXPECT_EQ(asked(query), "The provided starting key is invalid");
  query.set_start_key("\xFF");
  EXPECT_EQ(asked(query), "The provided starting key is invalid");

  const auto lone = schema_of(msg::KEY_TYPE_S);
  EXPECT_EQ(query_range(lone, typed).why().message, "Query key condition not supported");
}

TEST(Query, BoundsThatCrossAreAnEmptyRange) {
  const auto schema = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_N);
  msg::Query query;
  query.mutable_partition_key()->set_s("a");
  query.mutable_from()->set_n("2");
  query.mutable_to()->set_n("1");
  const auto range = query_range(schema, query);
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->empty());
  EXPECT_FALSE(range->to.empty()) << "an empty end would be the end of the key space";
}

} // namespace
} // namespace troupe::item
