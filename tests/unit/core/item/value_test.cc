#include "actors/core/item/value.h"
#include "make.h"
#include "random_items.h"
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using test::dice;
using test::value;

std::string canonical_json(std::string_view json) {
  auto made = test::item(json);
  if (const auto bad = canonicalise(made))
    return "refused: " + bad->message;
  return write_json(made);
}

std::string refused(const msg::Value& what) {
  msg::AttributeMap item;
  item.add_attributes()->set_name("a");
  *item.mutable_attributes(0)->mutable_value() = what;
  const auto bad = canonicalise(item);
  return bad ? bad->message : "accepted";
}

TEST(Canonical, AttributesSetsAndNumbersHaveOneForm) {
  EXPECT_EQ(canonical_json(R"({"b":{"N":"1e2"},"a":{"M":{"z":{"NULL":true},"y":{"BOOL":false}}}})"),
            R"({"a":{"M":{"y":{"BOOL":false},"z":{"NULL":true}}},"b":{"N":"100"}})");
  EXPECT_EQ(
      canonical_json(
          R"({"s":{"SS":["b","a","ab",""]},"n":{"NS":["10","-0","9.0","-1e1"]},"b":{"BS":["/w==","AA==",""]}})"),
      R"({"b":{"BS":["","AA==","/w=="]},"n":{"NS":["-10","0","9","10"]},"s":{"SS":["","a","ab","b"]}})");
  EXPECT_EQ(canonical_json(R"({"l":{"L":[{"N":"2.0"},{"N":"1.0"}]}})"),
            R"({"l":{"L":[{"N":"2"},{"N":"1"}]}})")
      << "a list keeps its order";
  EXPECT_EQ(canonical_json(R"({"é":{"S":""},"z":{"B":""},"l":{"L":[]},"m":{"M":{}}})"),
            R"({"l":{"L":[]},"m":{"M":{}},"z":{"B":""},"é":{"S":""}})")
      << "empty strings, binaries, lists and maps are values";
  EXPECT_EQ(canonical_json("{}"), "{}");
}

TEST(Canonical, WhatIsNotAllowedIsRefusedInDynamosWords) {
  const std::string invalid = "One or more parameter values were invalid: ";
  EXPECT_EQ(refused(msg::Value()),
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  msg::Value nothing;
  nothing.set_null(false);
  EXPECT_EQ(refused(nothing), invalid + "Null attribute value types must have the value of true");
  EXPECT_EQ(refused(value(R"({"SS":[]})")), invalid + "An string set  may not be empty");
  EXPECT_EQ(refused(value(R"({"NS":[]})")), invalid + "An number set  may not be empty");
  EXPECT_EQ(refused(value(R"({"BS":[]})")), invalid + "Binary sets should not be empty");
  EXPECT_EQ(refused(value(R"({"SS":["b","a","b"]})")),
            invalid + "Input collection [b, a, b] contains duplicates.");
  EXPECT_EQ(refused(value(R"({"BS":["Yg==","Yg=="]})")),
            invalid + "Input collection [Yg==, Yg==]of type BS contains duplicates.");
  EXPECT_EQ(refused(value(R"({"NS":["1","2","1.0"]})")), "Input collection contains duplicates");
  EXPECT_EQ(refused(value(R"({"NS":["1","b"]})")), "The parameter cannot be converted to a numeric value: b");
  EXPECT_EQ(refused(value(R"({"N":""})")), "The parameter cannot be converted to a numeric value");
  EXPECT_EQ(refused(value(R"({"L":[{"M":{"x":{"N":"1e126"}}}]})")),
            "Number overflow. Attempting to store a number with magnitude larger than supported range");
  EXPECT_EQ(refused(value(R"({"M":{"":{"S":"x"}}})")), invalid + "An attribute name may not be empty");

  msg::AttributeMap twice = test::item(R"({"b":{"S":"1"},"a":{"S":"2"}})");
  *twice.add_attributes() = twice.attributes(0);
  EXPECT_EQ(canonicalise(twice)->message, invalid + "Duplicate attribute name: b");
}

TEST(Canonical, NestingEndsAtLevel32) {
  for (const bool lists : {false, true}) {
    EXPECT_EQ(refused(test::nested(31, lists)), "accepted");
    EXPECT_EQ(refused(test::nested(32, lists)),
              "Nesting Levels have exceeded supported limits: Attributes in the "
              "item have nested levels beyond supported limit");
  }
  // Also on bytes that go far deeper; what protobuf itself would not read is refused all the same.
  for (const int levels : {31, 32, 33, 40, 100, 3000}) {
    msg::AttributeMap item;
    item.add_attributes()->set_name("a");
    *item.mutable_attributes(0)->mutable_value() = test::nested(levels, false);
    auto parsed = parse_item(serialize(item));
    EXPECT_EQ(parsed && !canonicalise(*parsed), levels == 31) << levels;
  }
}

TEST(Canonical, DoingItTwiceChangesNothing) {
  dice roll(21);
  for (int i = 0; i < 20'000; ++i) {
    auto item = test::random_item(roll);
    ASSERT_FALSE(canonicalise(item)) << write_json(item);
    const std::string once = serialize(item);
    ASSERT_FALSE(canonicalise(item));
    ASSERT_EQ(serialize(item), once);
    ASSERT_EQ(serialize(*parse_item(once)), once);
  }
}

TEST(Canonical, EqualItemsAreEqualBytesHoweverTheyWereWritten) {
  dice roll(22);
  for (int i = 0; i < 20'000; ++i) {
    const auto item = test::random_item(roll);
    auto canonical = item, mixed = item;
    test::shuffle(roll, mixed);
    ASSERT_TRUE(equal(item, mixed)) << write_json(item) << " and " << write_json(mixed);
    ASSERT_FALSE(canonicalise(canonical));
    ASSERT_FALSE(canonicalise(mixed));
    ASSERT_EQ(serialize(mixed), serialize(canonical));
    ASSERT_TRUE(equal(item, canonical)) << write_json(item);

    auto other = test::random_item(roll);
    ASSERT_FALSE(canonicalise(other));
    ASSERT_EQ(equal(canonical, other), serialize(canonical) == serialize(other));
  }
}

void add_unknown(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(99, 1);
}

TEST(Canonical, WhatIsUnknownInsideIsLeftOut) {
  auto item =
      test::item(R"({"a":{"S":"x"},"b":{"M":{"c":{"L":[{"N":"1"}]}}},"c":{"SS":["x"]},"d":{"NS":["1"]},)"
                 R"("e":{"BS":["AA=="]}})");
  const std::string plain = serialize(item);
  add_unknown(item);
  for (auto& attribute : *item.mutable_attributes()) {
    add_unknown(attribute);
    add_unknown(*attribute.mutable_value());
  }
  auto& map = *item.mutable_attributes(1)->mutable_value()->mutable_m();
  add_unknown(map);
  add_unknown(*map.mutable_attributes(0));
  add_unknown(*map.mutable_attributes(0)->mutable_value()->mutable_l());
  add_unknown(*map.mutable_attributes(0)->mutable_value()->mutable_l()->mutable_values(0));
  add_unknown(*item.mutable_attributes(2)->mutable_value()->mutable_ss());
  add_unknown(*item.mutable_attributes(3)->mutable_value()->mutable_ns());
  add_unknown(*item.mutable_attributes(4)->mutable_value()->mutable_bs());
  ASSERT_NE(serialize(item), plain);
  ASSERT_FALSE(canonicalise(item));
  EXPECT_EQ(serialize(item), plain);
}

TEST(Equal, NumbersByValueSetsWithoutOrderTypesApart) {
  const auto same = [](const char* a, const char* b) { return equal(value(a), value(b)); };
  EXPECT_TRUE(same(R"({"N":"1"})", R"({"N":"1.0"})"));
  EXPECT_TRUE(same(R"({"N":"100"})", R"({"N":"1e2"})"));
  EXPECT_FALSE(same(R"({"N":"1"})", R"({"N":"1.00000000000000000000000000000000001"})"));
  EXPECT_FALSE(same(R"({"N":"1"})", R"({"S":"1"})"));
  EXPECT_FALSE(same(R"({"S":"MQ=="})", R"({"B":"MQ=="})"));
  EXPECT_TRUE(same(R"({"N":"junk"})", R"({"N":"junk"})"));
  EXPECT_FALSE(same(R"({"N":"junk"})", R"({"N":"1"})"));
  EXPECT_TRUE(same(R"({"SS":["a","b"]})", R"({"SS":["b","a"]})"));
  EXPECT_FALSE(same(R"({"SS":["a","b"]})", R"({"SS":["a","c"]})"));
  EXPECT_FALSE(same(R"({"SS":["a","b"]})", R"({"SS":["a"]})"));
  EXPECT_TRUE(same(R"({"NS":["1","2.0"]})", R"({"NS":["2","1e0"]})"));
  EXPECT_FALSE(same(R"({"NS":["1","2"]})", R"({"NS":["1","3"]})"));
  EXPECT_FALSE(same(R"({"L":[{"S":"a"},{"S":"b"}]})", R"({"L":[{"S":"b"},{"S":"a"}]})"));
  EXPECT_FALSE(same(R"({"L":[{"S":"a"}]})", R"({"L":[]})"));
  EXPECT_TRUE(
      same(R"({"M":{"a":{"N":"1"},"b":{"NULL":true}}})", R"({"M":{"b":{"NULL":true},"a":{"N":"1.0"}}})"));
  EXPECT_FALSE(same(R"({"M":{"a":{"N":"1"}}})", R"({"M":{"b":{"N":"1"}}})"));
  EXPECT_FALSE(same(R"({"BOOL":true})", R"({"BOOL":false})"));
}

TEST(Equal, LargeSetsThatDifferAreToldApartQuickly) {
  msg::Value numbers, other_numbers, texts, other_texts;
  for (int i = 0; i < 100'000; ++i) {
    const std::string member = std::to_string(i), other = std::to_string(i + (i == 99'999));
    numbers.mutable_ns()->add_values(member);
    other_numbers.mutable_ns()->add_values(other);
    texts.mutable_ss()->add_values(member);
    other_texts.mutable_ss()->add_values(other);
  }
  EXPECT_FALSE(equal(numbers, other_numbers)); // quadratic work would run into the test's time limit
  EXPECT_FALSE(equal(texts, other_texts));
  EXPECT_TRUE(equal(numbers, numbers));
}

TEST(Size, FollowsTheDeveloperGuide) {
  const auto size = [](const char* json) { return item_size(test::item(json)); };
  EXPECT_EQ(size("{}"), 0u);
  EXPECT_EQ(size(R"({"id":{"S":"abc"}})"), 5u);
  EXPECT_EQ(size(R"({"name":{"S":"é漢😀"}})"), 4u + 2 + 3 + 4);
  EXPECT_EQ(size(R"({"é":{"S":""}})"), 2u);
  EXPECT_EQ(size(R"({"n":{"N":"12345"}})"), 1u + 3 + 1);
  EXPECT_EQ(size(R"({"b":{"B":"AAECAw=="}})"), 1u + 4);
  EXPECT_EQ(size(R"({"flag":{"BOOL":true},"none":{"NULL":true}})"), 4u + 1 + 4 + 1);
  EXPECT_EQ(size(R"({"l":{"L":[]},"m":{"M":{}}})"), 1u + 3 + 1 + 3);
  EXPECT_EQ(size(R"({"l":{"L":[{"S":"xy"},{"BOOL":true}]}})"), 1u + 3 + (1 + 2) + (1 + 1));
  EXPECT_EQ(size(R"({"m":{"M":{"key":{"S":"xy"}}}})"), 1u + 3 + 1 + 3 + 2);
  EXPECT_EQ(size(R"({"s":{"SS":["a","bc"]},"n":{"NS":["1","234"]},"b":{"BS":["AAE="]}})"),
            1u + 3 + 1 + 5 + 1 + 2);
}

TEST(Size, AnItemMayHave400KilobytesAndNoMore) {
  EXPECT_FALSE(check_item_size(409'600));
  ASSERT_TRUE(check_item_size(409'601));
  EXPECT_EQ(check_item_size(409'601)->message, "Item size has exceeded the maximum allowed size");
}

TEST(Item, BytesThatAreNoneAreRefused) {
  const google::protobuf::LogSilencer quiet; // it complains of text that is not UTF-8
  EXPECT_TRUE(parse_item(""));
  EXPECT_FALSE(parse_item("\x0A"));
  EXPECT_FALSE(parse_item("\x0A\x05"));
  EXPECT_FALSE(parse_item(std::string("\x0A\x03\x0A\x01\xFF", 5))) << "a name that is not UTF-8";
}

TEST(Item, TypesHaveDynamosNames) {
  for (const char* json :
       {R"({"S":"a"})", R"({"N":"1"})", R"({"B":""})", R"({"BOOL":true})", R"({"NULL":true})", R"({"M":{}})",
        R"({"L":[]})", R"({"SS":["a"]})", R"({"NS":["1"]})", R"({"BS":[""]})"}) {
    const std::string text = json;
    EXPECT_EQ(type_name(value(json)), text.substr(2, text.find('"', 2) - 2));
  }
  EXPECT_EQ(type_name(msg::Value()), "");
}

} // namespace
} // namespace troupe::item
