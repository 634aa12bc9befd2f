#include "actors/core/item/key.h"
#include "actors/core/item/number.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include "random_items.h"
#include <gtest/gtest.h>
#include <set>

namespace troupe::item {
namespace {

using test::dice;

msg::KeySchema schema_of(msg::KeyType partition, msg::KeyType sort = msg::KEY_TYPE_NONE) {
  msg::KeySchema out;
  out.mutable_partition()->set_name("pk");
  out.mutable_partition()->set_type(partition);
  if (sort != msg::KEY_TYPE_NONE) {
    out.mutable_sort()->set_name("id");
    out.mutable_sort()->set_type(sort);
  }
  return out;
}

msg::Value value_of(msg::KeyType type, const std::string& content) {
  msg::Value out;
  if (type == msg::KEY_TYPE_S)
    out.set_s(content);
  else if (type == msg::KEY_TYPE_N)
    out.set_n(content);
  else
    out.set_b(content);
  return out;
}

void set(msg::AttributeMap& item, const std::string& name, const msg::Value& value) {
  msg::Attribute* attribute = item.add_attributes();
  attribute->set_name(name);
  *attribute->mutable_value() = value;
}

msg::AttributeMap key_of(const msg::KeySchema& schema, const std::string& partition,
                         const std::string& sort = {}) {
  msg::AttributeMap out;
  if (schema.has_sort())
    set(out, "id", value_of(schema.sort().type(), sort));
  set(out, "pk", value_of(schema.partition().type(), partition));
  return out;
}

std::string encode(const msg::KeySchema& schema, const std::string& partition, const std::string& sort = {}) {
  auto key = encode_exact_key(schema, key_of(schema, partition, sort));
  EXPECT_TRUE(key) << key.why().message;
  return key ? *key : "";
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += two;
  }
  return out;
}

std::string random_content(dice& roll, msg::KeyType type) {
  if (type == msg::KEY_TYPE_N)
    return number::parse(test::number_text(roll))->text();
  for (;;) // a key is not empty
    if (std::string out = type == msg::KEY_TYPE_S ? test::text(roll, 4) : test::bytes(roll, 4); !out.empty())
      return out;
}

int compare(msg::KeyType type, const std::string& a, const std::string& b) {
  if (type != msg::KEY_TYPE_N)
    return a.compare(b);
  const auto order = *number::parse(a) <=> *number::parse(b);
  return order < 0 ? -1 : order > 0;
}

constexpr msg::KeyType types[] = {msg::KEY_TYPE_S, msg::KEY_TYPE_N, msg::KEY_TYPE_B};

TEST(Key, HasTheBytesThatTheFormatSays) {
  // docs/formats-keys.md shows these.
  EXPECT_EQ(hex(encode(schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_N), "alice", "-42")).substr(16), "616c696365"
                                                                                                 "0001"
                                                                                                 "40"
                                                                                                 "7c"
                                                                                                 "ab");
  EXPECT_EQ(hex(encode(schema_of(msg::KEY_TYPE_B), std::string("a\0b", 3))).substr(16), "6100ff62"
                                                                                        "0001");
  EXPECT_EQ(hex(encode(schema_of(msg::KEY_TYPE_N, msg::KEY_TYPE_S), "123.4", "x")).substr(16), "c0"
                                                                                               "84"
                                                                                               "19"
                                                                                               "44"
                                                                                               "78");
  EXPECT_EQ(hex(encode(schema_of(msg::KEY_TYPE_S), "alice")), "581e788a9feba499"
                                                              "616c696365"
                                                              "0001");
}

TEST(Key, TheSameContentOfAnotherTypeIsAnotherKey) {
  const std::string s = encode(schema_of(msg::KEY_TYPE_S), "1"), b = encode(schema_of(msg::KEY_TYPE_B), "1"),
                    n = encode(schema_of(msg::KEY_TYPE_N), "1");
  EXPECT_NE(s.substr(0, 8), b.substr(0, 8));
  EXPECT_NE(s.substr(0, 8), n.substr(0, 8));
}

TEST(Key, EqualNumbersAreOneKeyHoweverTheyAreWritten) {
  const auto schema = schema_of(msg::KEY_TYPE_N, msg::KEY_TYPE_N);
  EXPECT_EQ(encode(schema, "1e2", "-0"), encode(schema, "100.0", "0"));
}

TEST(Key, OrdersAsPartitionKeyThenSortKey) {
  dice roll(11);
  for (const msg::KeyType partition : types)
    for (const msg::KeyType sort : types) {
      const auto schema = schema_of(partition, sort);
      for (int i = 0; i < 20'000; ++i) {
        const std::string p1 = random_content(roll, partition), s1 = random_content(roll, sort);
        const std::string p2 = roll.chance(40) ? p1 : random_content(roll, partition),
                          s2 = random_content(roll, sort);
        const std::string k1 = encode(schema, p1, s1), k2 = encode(schema, p2, s2);
        // One partition key has one hash, and two hardly ever share one: below the hash, the tuple decides.
        ASSERT_EQ(k1.substr(0, 8) == k2.substr(0, 8), p1 == p2) << p1 << " and " << p2;
        int expected = compare(partition, p1, p2);
        if (expected == 0)
          expected = compare(sort, s1, s2);
        const int order = k1.substr(8).compare(k2.substr(8));
        ASSERT_EQ(order < 0, expected < 0) << hex(k1) << " and " << hex(k2);
        ASSERT_EQ(order == 0, expected == 0) << hex(k1) << " and " << hex(k2);
      }
    }
}

TEST(Key, ComesBackFromItsBytes) {
  dice roll(12);
  for (const msg::KeyType partition : types)
    for (const msg::KeyType sort : {msg::KEY_TYPE_NONE, msg::KEY_TYPE_S, msg::KEY_TYPE_N, msg::KEY_TYPE_B}) {
      const auto schema = schema_of(partition, sort);
      for (int i = 0; i < 5'000; ++i) {
        auto key = key_of(schema, random_content(roll, partition),
                          sort == msg::KEY_TYPE_NONE ? "" : random_content(roll, sort));
        ASSERT_FALSE(canonicalise(key)); // the decoded map is canonical: "id" before "pk"
        const auto bytes = encode_exact_key(schema, key);
        ASSERT_TRUE(bytes);
        const auto back = decode_key(schema, *bytes);
        ASSERT_TRUE(back) << hex(*bytes);
        ASSERT_EQ(serialize(*back), serialize(key));

        // Damage is found wherever it makes something that is no key.
        std::string damaged = *bytes;
        damaged[roll.below(damaged.size())] ^= static_cast<char>(1 + roll.below(255));
        if (const auto other = decode_key(schema, damaged)) {
          ASSERT_EQ(*encode_exact_key(schema, *other), damaged);
          ASSERT_EQ(damaged.substr(0, 8), bytes->substr(0, 8)) << "a wrong hash must be seen";
        }
        const std::string cut = bytes->substr(0, roll.below(bytes->size()));
        if (const auto other = decode_key(schema, cut)) {
          ASSERT_EQ(*encode_exact_key(schema, *other), cut);
        }
      }
    }
}

TEST(Key, RefusalsAreInDynamosWords) {
  const auto schema = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_N);
  const auto whole = [&](const msg::AttributeMap& item) {
    const auto key = encode_key(schema, item);
    return key ? "accepted" : key.why().message;
  };
  const auto exact = [&](const msg::AttributeMap& item) {
    const auto key = encode_exact_key(schema, item);
    return key ? "accepted" : key.why().message;
  };
  const std::string wrong = "The provided key element does not match the schema";

  msg::AttributeMap item;
  set(item, "colour", value_of(msg::KEY_TYPE_S, "red"));
  EXPECT_EQ(whole(item), "One or more parameter values were invalid: Missing the key pk in the item");
  EXPECT_EQ(exact(item), wrong);
  set(item, "pk", value_of(msg::KEY_TYPE_S, "a"));
  EXPECT_EQ(whole(item), "One or more parameter values were invalid: Missing the key id in the item");
  EXPECT_EQ(exact(item), wrong);
  set(item, "id", value_of(msg::KEY_TYPE_B, "1"));
  EXPECT_EQ(whole(item),
            "One or more parameter values were invalid: Type mismatch for key id expected: N actual: B");
  item.mutable_attributes(2)->mutable_value()->set_n("1");
  EXPECT_EQ(whole(item), "accepted");
  EXPECT_EQ(exact(item), wrong) << "more than the key";
  item.mutable_attributes()->DeleteSubrange(0, 1);
  EXPECT_EQ(exact(item), "accepted");

  item.mutable_attributes(0)->mutable_value()->set_s("");
  EXPECT_EQ(whole(item),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
            "contain an empty string value. Key: pk");
  item.mutable_attributes(0)->mutable_value()->set_bool_(true);
  EXPECT_EQ(whole(item),
            "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: BOOL");
  EXPECT_EQ(exact(item), wrong);
  item.mutable_attributes(0)->mutable_value()->set_s("a");
  item.mutable_attributes(1)->mutable_value()->set_n("one");
  EXPECT_EQ(exact(item), "The parameter cannot be converted to a numeric value: one");

  const auto binary = schema_of(msg::KEY_TYPE_B);
  EXPECT_EQ(
      encode_key(binary, key_of(binary, "")).why().message,
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
      "empty binary value. Key: pk");
}

TEST(Key, SizesAreLimitedAsDynamosAre) {
  const auto schema = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_B);
  EXPECT_TRUE(encode_key(schema, key_of(schema, std::string(2048, 'x'), std::string(1024, 'y'))));
  EXPECT_EQ(
      encode_key(schema, key_of(schema, std::string(2049, 'x'), "y")).why().message,
      "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 "
      "bytes");
  EXPECT_EQ(
      encode_key(schema, key_of(schema, "x", std::string(1025, 'y'))).why().message,
      "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size "
      "limit of 1024 bytes");
}

TEST(Key, ASchemaNamesTwoDifferentTypedAttributes) {
  EXPECT_FALSE(check_schema(schema_of(msg::KEY_TYPE_S)));
  EXPECT_FALSE(check_schema(schema_of(msg::KEY_TYPE_B, msg::KEY_TYPE_N)));
  EXPECT_TRUE(check_schema(msg::KeySchema()));
  EXPECT_TRUE(check_schema(schema_of(msg::KEY_TYPE_NONE)));
  auto schema = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_S);
  schema.mutable_sort()->set_name("pk");
  EXPECT_TRUE(check_schema(schema));
  schema.mutable_sort()->set_name(std::string(256, 'n'));
  EXPECT_TRUE(check_schema(schema));
  schema.mutable_sort()->set_name(std::string(255, 'n'));
  EXPECT_FALSE(check_schema(schema));
  schema.mutable_sort()->set_name("");
  EXPECT_TRUE(check_schema(schema));
}

TEST(KeySpace, EvenRangesCoverItOnce) {
  for (const std::size_t count : {1, 2, 3, 7, 16, 1000, 10'000}) {
    const auto ranges = even_ranges(count);
    ASSERT_EQ(ranges.size(), count);
    EXPECT_EQ(ranges.front().from, "");
    EXPECT_EQ(ranges.back().to, "");
    for (std::size_t i = 1; i < count; ++i) {
      ASSERT_EQ(ranges[i - 1].to, ranges[i].from);
      ASSERT_EQ(ranges[i].from.size(), 8u);
      ASSERT_LT(ranges[i - 1].from, ranges[i].from);
    }
  }
  EXPECT_EQ(hex(even_ranges(4)[1].from), "4000000000000000");
  EXPECT_EQ(hex(even_ranges(3)[2].from), "aaaaaaaaaaaaaaaa");
}

TEST(KeySpace, NeighbouringKeysSpreadEvenlyOverIt) {
  const auto ranges = even_ranges(16);
  for (const msg::KeyType type : {msg::KEY_TYPE_S, msg::KEY_TYPE_N}) {
    const auto schema = schema_of(type);
    std::vector<int> found(ranges.size());
    for (int i = 0; i < 160'000; ++i) {
      const std::string key = encode(schema, (type == msg::KEY_TYPE_S ? "user" : "") + std::to_string(i));
      for (std::size_t r = 0; r < ranges.size(); ++r)
        found[r] += ranges[r].contains(key);
    }
    for (const int count : found)
      EXPECT_NEAR(count, 10'000, 500); // five standard deviations
  }
}

TEST(KeySpace, PrefixEndIsAboveThePrefixAndNothingElse) {
  EXPECT_EQ(prefix_end("a"), "b");
  EXPECT_EQ(prefix_end("a\xFF\xFF"), "b");
  EXPECT_EQ(prefix_end("\xFF"), "");
  EXPECT_EQ(prefix_end(""), "");
}

// --- queries
// ---------------------------------------------------------------------------------------------------

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
  EXPECT_EQ(asked(query),
            "The provided starting key is invalid: The provided key element does not match the schema");
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
