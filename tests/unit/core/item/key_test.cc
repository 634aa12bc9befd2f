#include "actors/core/item/key.h"
#include "actors/core/item/value.h"
#include "keys.h"
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using namespace test;

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

} // namespace
} // namespace troupe::item
