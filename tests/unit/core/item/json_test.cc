#include "actors/core/item/base64.h"
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include "make.h"
#include "random_items.h"
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using test::dice;

std::string why_not(std::string_view json) {
  const auto item = read_json(json);
  return item ? "accepted as " + write_json(*item) : item.why().message;
}

TEST(Json, EveryTypeIsReadAndWritten) {
  const std::string text =
      R"({"b":{"B":"AAEC"},"bool":{"BOOL":false},"bs":{"BS":["","/+8="]},"l":{"L":[{"S":"x"},{"L":[]}]},)"
      R"("m":{"M":{"in":{"N":"1"}}},"n":{"N":"-0.5"},"ns":{"NS":["1","2"]},"null":{"NULL":true},)"
      R"("s":{"S":"text"},"ss":{"SS":["a","b"]}})";
  EXPECT_EQ(why_not(text), "accepted as " + text);
  EXPECT_EQ(why_not("{}"), "accepted as {}");
  EXPECT_EQ(write_json(test::value(R"({"L":[]})")), R"({"L":[]})");
}

TEST(Json, NumbersPassUntouched) {
  const std::string digits = "3.1415926535897932384626433832795028841";
  EXPECT_EQ(read_json(R"({"n":{"N":")" + digits + R"("}})")->attributes(0).value().n(), digits);
  EXPECT_EQ(read_json(R"({"n":{"N":"007e+1"}})")->attributes(0).value().n(), "007e+1");
}

TEST(Json, TextKeepsEveryCharacter) {
  const auto item = test::item(R"({"sé\u0000":{"S":"\"\\\/\b\f\n\r\t\u0001é漢\ud83d\ude00\u007f\u0085"}})");
  EXPECT_EQ(item.attributes(0).name(), std::string("s\xC3\xA9\0", 4));
  EXPECT_EQ(item.attributes(0).value().s(), "\"\\/\b\f\n\r\t\x01é漢😀\x7F\xC2\x85");
  EXPECT_EQ(write_json(item), R"({"sé\u0000":{"S":"\"\\/\u0008\u000c\n\r\t\u0001é漢😀\u007f\u0085"}})")
      << "no control character reaches a terminal";
}

TEST(Json, DamagedTextIsPrintedAsFarAsItGoes) {
  std::string out;
  append_json_string(out, "a\xFFz\xE6\xBC");
  EXPECT_EQ(out, "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
  out.clear();
  append_json_string(out, "\xC2");
  EXPECT_EQ(out, "\"\xEF\xBF\xBD\"");
}

TEST(Json, PrettyIsForPeople) {
  EXPECT_EQ(
      write_json(
          test::item(R"({"id":{"S":"a"},"m":{"M":{"l":{"L":[{"N":"1"},{"SS":["a","b"]}]},"e":{"M":{}}}}})"),
          json_style::pretty),
      R"({
  "id": {"S": "a"},
  "m": {"M": {
    "l": {"L": [
      {"N": "1"},
      {"SS": ["a", "b"]}
    ]},
    "e": {"M": {}}
  }}
})");
  EXPECT_EQ(write_json(msg::AttributeMap(), json_style::pretty), "{}");
}

TEST(Json, WhatIsWrongIsSaidWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a":{"S":1}})", "a: the value of type S is a string"},
      {R"({"a":{"N":1}})", "a: the value of type N is a string"},
      {R"({"a":{"BOOL":"true"}})", "a: the value of type BOOL is true or false"},
      {R"({"a":{"NULL":1}})", "a: the value of type NULL is true or false"},
      {R"({"a":"b"})", R"(a: a value is an object with its type, as in {"S": "text"})"},
      {R"({"a":{"Q":"b"}})", "a: unknown type Q"},
      {R"({"a":{"s":"b"}})", "a: unknown type s"},
      {R"({"tags":{"L":[{"S":"x"},{"M":{"colour":{"Q":""}}}]}})", "tags[1].colour: unknown type Q"},
      {R"({"a b":{"M":{"c.d":{"S":null}}}})", R"("a b"."c.d": the value of type S is a string)"},
      {R"({"a":{}})",
       "a: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
      {R"({"a":{"S":"b","N":"1"}})",
       "a: Supplied AttributeValue has more than one datatypes set, must contain exactly "
       "one of the supported datatypes"},
      {R"({"a":{"S":"b","S":"c"}})",
       "a: Supplied AttributeValue has more than one datatypes set, must contain exactly "
       "one of the supported datatypes"},
      {R"({"a":{"S":"1"},"b":{"S":"1"},"a":{"S":"2"}})", "a: this name is given twice"},
      {R"({"m":{"M":{"x":{"S":"1"},"x":{"S":"2"}}}})", "m.x: this name is given twice"},
      {R"({"a":{"SS":"b"}})", "a: a set is an array of strings"},
      {R"({"a":{"NS":["1",2]}})", "a[1]: a member of a set is a string"},
      {R"({"a":{"BS":["AA==","A"]}})", "a[1]: not base64 with padding"},
      {R"({"a":{"B":"AB"}})", "a: not base64 with padding"},
      {R"({"a":{"L":{}}})", "a: a list is an array"},
      {R"({"a":{"M":[]}})", "a: expected an object of attributes"},
      {R"([])", "expected an object of attributes"},
      {R"("a")", "expected an object of attributes"},
  };
  for (const auto& [json, message] : cases)
    EXPECT_EQ(why_not(json), message) << json;
}

TEST(Json, WhatIsNoJsonIsRefused) {
  for (const char* text :
       {"", " ", "{", "{\"a\"", "{\"a\":}", "{\"a\":{\"S\":\"b\"}", "{\"a\":{\"S\":\"b\"}}}", "{'a':1}",
        "{\"a\":{\"S\":\"\\ud800\"}}", "{\"a\":{\"S\":\"\\x\"}}", "{\"a\":{\"S\":\"\n\"}}",
        "{\"a\":{\"S\":\"\xFF\"}}", "nul", "{\"a\":{\"S\":\"b\",}}"})
    EXPECT_TRUE(why_not(text).starts_with("Not valid JSON: ")) << text << ": " << why_not(text);
}

TEST(Json, NestingIsBounded) {
  msg::AttributeMap item;
  item.add_attributes()->set_name("a");
  for (const bool lists : {false, true}) {
    *item.mutable_attributes(0)->mutable_value() = test::nested(31, lists);
    EXPECT_TRUE(read_json(write_json(item)));
    *item.mutable_attributes(0)->mutable_value() = test::nested(32, lists);
    EXPECT_TRUE(why_not(write_json(item)).starts_with("Nesting Levels have exceeded supported limits"));
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += R"({"M":{"a":)";
  EXPECT_FALSE(read_json(deep));
  EXPECT_TRUE(why_not(std::string(200'000, '[') + std::string(200'000, ']')).starts_with("Nesting Levels"));
}

TEST(Json, LargeTextsAreReadAndTooLargeOnesAreNot) {
  const std::string large(2u << 20, 'x');
  EXPECT_EQ(read_json(R"({"a":{"S":")" + large + R"("}})")->attributes(0).value().s(), large);
  EXPECT_TRUE(read_json(R"({"a":{"S":"and small ones again"}})"));
  EXPECT_TRUE(why_not(std::string(max_json_bytes + 1, ' ')).starts_with("The JSON text has 16777217 bytes"));
}

TEST(Json, WhatIsWrittenIsReadAgain) {
  dice roll(31);
  for (int i = 0; i < 10'000; ++i) {
    const auto item = test::random_item(roll);
    for (const json_style style : {json_style::compact, json_style::pretty}) {
      const std::string text = write_json(item, style);
      const auto back = read_json(text);
      ASSERT_TRUE(back) << back.why().message << " in " << text;
      ASSERT_EQ(serialize(*back), serialize(item)) << text;
    }
  }
}

TEST(Base64, IsStrict) {
  const std::pair<std::string, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
                           "Zg==Zg==", "-_8=", "=Zg="})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  dice roll(32);
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = test::bytes(roll, 20);
    ASSERT_EQ(decode_base64(encode_base64(bytes)), bytes);
  }
}

} // namespace
} // namespace troupe::item
