#include "actors/core/item/json.h"
#include "actors/gateway/api/json.h"
#include <gtest/gtest.h>

using namespace troupe::api;

namespace {

// Reads one member, and says what went wrong.
template <class Read>
std::string trouble_of(const std::string& json, Read read) {
  reading from;
  const auto document = document::parse(json, from);
  if (document)
    read(document->root());
  const auto bad = from.take();
  return bad ? bad->message : "none";
}

std::string text_trouble(const std::string& value) {
  return trouble_of("{\"a\":" + value + "}", [](const structure& s) { EXPECT_FALSE(s.text("a")); });
}
std::string flag_trouble(const std::string& value) {
  return trouble_of("{\"a\":" + value + "}", [](const structure& s) { EXPECT_FALSE(s.flag("a")); });
}
std::string integer_trouble(const std::string& value) {
  return trouble_of("{\"a\":" + value + "}",
                    [](const structure& s) { EXPECT_FALSE(s.integer("a", "Long")); });
}
std::string value_trouble(const std::string& value) {
  return trouble_of("{\"a\":" + value + "}", [](const structure& s) { EXPECT_FALSE(s.value("a")); });
}

} // namespace

TEST(json, reads_members_and_passes_over_what_is_null_or_unknown) {
  reading from;
  const auto d = document::parse(
      R"({"t":"x","n":7,"big":1e3,"b":true,"yes":"YES","none":null,"l":["a","b"],"m":{"k":"v"},"other":{"deep":[1]}})",
      from);
  ASSERT_TRUE(d);
  const auto& s = d->root();
  EXPECT_EQ(s.text("t"), "x");
  EXPECT_EQ(s.integer("n"), 7);
  EXPECT_EQ(s.integer("big"), 1000);
  EXPECT_EQ(s.flag("b"), true);
  EXPECT_EQ(s.flag("yes"), true);
  EXPECT_FALSE(s.text("none"));
  EXPECT_FALSE(s.text("absent"));
  EXPECT_EQ(s.texts("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s.text_map("m"), (named_texts{{"k", "v"}}));
  EXPECT_FALSE(from.failed());
}

TEST(json, refuses_what_is_no_object) {
  for (const char* text : {"", "{", "[]", "7", "\"x\"", "{\"a\":}", "{} {}", "nul", "{\"a\":\"\xff\"}"})
    EXPECT_EQ(trouble_of(text, [](const structure&) { FAIL(); }), "") << text;
}

TEST(json, names_wrong_types_as_dynamodb_does) {
  EXPECT_EQ(text_trouble("true"), "TRUE_VALUE cannot be converted to String");
  EXPECT_EQ(text_trouble("false"), "FALSE_VALUE cannot be converted to String");
  EXPECT_EQ(text_trouble("1"), "NUMBER_VALUE cannot be converted to String");
  EXPECT_EQ(text_trouble("1.5"), "DECIMAL_VALUE cannot be converted to String");
  EXPECT_EQ(text_trouble("[]"), "Unrecognized collection type class java.lang.String");
  EXPECT_EQ(text_trouble("{}"), "Start of structure or map found where not expected");
  EXPECT_EQ(flag_trouble("1"), "NUMBER_VALUE cannot be converted to Boolean");
  EXPECT_EQ(flag_trouble("\"maybe\""), "Unexpected token received from parser");
  EXPECT_EQ(integer_trouble("\"1\""), "STRING_VALUE cannot be converted to Long");
  EXPECT_EQ(integer_trouble("true"), "TRUE_VALUE cannot be converted to Long");
  const auto list = [](const std::string& v) {
    return trouble_of("{\"a\":" + v + "}", [](const structure& s) { EXPECT_FALSE(s.texts("a")); });
  };
  EXPECT_EQ(list("\"x\""), "Unexpected field type");
  EXPECT_EQ(list("{}"), "Start of structure or map found where not expected");
  EXPECT_EQ(list("[1]"), "NUMBER_VALUE cannot be converted to String");
  const auto map = [](const std::string& v) {
    return trouble_of("{\"a\":" + v + "}", [](const structure& s) { EXPECT_FALSE(s.attributes("a")); });
  };
  EXPECT_EQ(map("3"), "Unexpected field type");
  EXPECT_EQ(map("[]"), "Unrecognized collection type java.util.Map<java.lang.String, "
                       "com.amazonaws.dynamodb.v20120810.AttributeValue>");
}

TEST(json, reads_attribute_values_of_every_type_and_leaves_numbers_as_they_are_written) {
  reading from;
  const auto d = document::parse(
      R"({"a":{"s":{"S":"x"},"n":{"N":"0012345678901234567890123456789012345678E2"},"b":{"B":"AAE="},
          "t":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"N":"1"},{"L":[]}]},"m":{"M":{"k":{"S":""}}},
          "ss":{"SS":["b","a"]},"ns":{"NS":["2"]},"bs":{"BS":["AA=="]}}})",
      from);
  ASSERT_TRUE(d);
  const auto map = d->root().attributes("a");
  ASSERT_TRUE(map) << from.take()->message;
  EXPECT_EQ(troupe::item::write_json(*map),
            R"({"s":{"S":"x"},"n":{"N":"0012345678901234567890123456789012345678E2"},"b":{"B":"AAE="},)"
            R"("t":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"N":"1"},{"L":[]}]},"m":{"M":{"k":{"S":""}}},)"
            R"("ss":{"SS":["b","a"]},"ns":{"NS":["2"]},"bs":{"BS":["AA=="]}})");
}

TEST(json, names_what_is_wrong_with_an_attribute_value) {
  EXPECT_EQ(value_trouble("7"), "Unexpected value type in payload");
  EXPECT_EQ(value_trouble("[]"),
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue");
  EXPECT_EQ(value_trouble(R"({"N":7})"), "NUMBER_VALUE cannot be converted to String");
  EXPECT_EQ(value_trouble(R"({"B":7})"), "only base-64-encoded strings are convertible to bytes");
  EXPECT_EQ(value_trouble(R"({"B":"abc"})"),
            "Base64 encoded length is expected a multiple of 4 bytes but found: 3");
  EXPECT_EQ(value_trouble(R"({"B":"ab*="})"), "Invalid Base64 character: '*'");
  EXPECT_EQ(value_trouble(R"({"B":"ab=="})"), "Invalid last non-pad Base64 character dectected");
  EXPECT_EQ(value_trouble(R"({"L":{}})"), "Start of structure or map found where not expected");
  EXPECT_EQ(value_trouble(R"({"SS":"a"})"), "Unexpected field type");
  EXPECT_EQ(value_trouble(R"({"S":"a","N":"1"})"),
            "Supplied AttributeValue has more than one datatypes set, must "
            "contain exactly one of the supported datatypes");
}

TEST(json, the_first_trouble_stays) {
  reading from;
  const auto d = document::parse(R"({"a":1,"b":true})", from);
  ASSERT_TRUE(d);
  EXPECT_FALSE(d->root().text("a"));
  EXPECT_FALSE(d->root().flag("b")) << "nothing is there after trouble";
  EXPECT_EQ(from.take()->message, "NUMBER_VALUE cannot be converted to String");
}

TEST(json, bounds_how_deeply_a_request_may_be_nested) {
  const auto nested = [](std::size_t levels) {
    std::string out = "{\"a\":";
    for (std::size_t i = 0; i < levels; ++i)
      out += "{\"L\":[";
    for (std::size_t i = 0; i < levels; ++i)
      out += "]}";
    return out + "}";
  };
  reading from;
  EXPECT_TRUE(document::parse(nested(33), from)) << "to be refused for what it is";
  EXPECT_FALSE(document::parse(nested(100'000), from));
  EXPECT_NE(from.take()->message.find("Nesting Levels have exceeded supported limits"), std::string::npos);
}
