#include "actors/core/expression/reserved_words.h"
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

std::string names_refused(placeholders::names given) {
  return problem(placeholders::make(std::move(given), {}));
}
std::string values_refused(std::vector<std::pair<std::string, msg::Value>> given) {
  return problem(placeholders::make({}, std::move(given)));
}

TEST(Placeholders, EmptyMapsAreRefused) {
  EXPECT_EQ(names_refused(placeholders::names::value_type()), "ExpressionAttributeNames must not be empty");
  EXPECT_EQ(values_refused({}), "ExpressionAttributeValues must not be empty");
}

TEST(Placeholders, KeysAreAMarkAndAWord) {
  const auto invalid = [](std::string key) {
    return "ExpressionAttributeNames contains invalid key: Syntax error; key: \"" + key + "\"";
  };
  for (const char* key : {"a", "#", "#a-b", "#a b", ":a", "##a", "#ü"})
    EXPECT_EQ(names_refused({{{key, "x"}}}), invalid(key));
  for (const char* key : {"#a", "#0", "#_", "#aA_0"})
    EXPECT_EQ(names_refused({{{key, "x"}}}), "") << key;
  EXPECT_EQ(values_refused({{"#a", value(R"({"N": "1"})")}}),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"#a\"");
  EXPECT_EQ(names_refused({{{"#" + std::string(254, 'a'), "x"}}}), "");
  EXPECT_EQ(names_refused({{{"#" + std::string(255, 'a'), "x"}}}),
            "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that "
            "is too "
            "long; size of key: 256");
  EXPECT_EQ(names_refused({{{"#a", ""}}}),
            "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a");
}

TEST(Placeholders, ValuesAreValues) {
  EXPECT_EQ(values_refused({{":b", msg::Value()}}), "ExpressionAttributeValues contains invalid value: "
                                                    "Supplied AttributeValue is empty, must contain exactly "
                                                    "one of the supported datatypes for key :b");
  EXPECT_EQ(
      values_refused({{":b", value(R"({"SS": ["a", "a"]})")}}),
      "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: Input "
      "collection [a, a] contains duplicates. for key :b");
  EXPECT_EQ(values_refused({{":b", value(R"({"N": "b"})")}}),
            "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a "
            "numeric value: "
            "b for key :b");
  EXPECT_EQ(values_refused({{":b", value(R"({"N": "1"})")}, {"b", value(R"({"N": "x"})")}}),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"b\"")
      << "keys first";
}

TEST(Placeholders, UseIsJudgedOverAllExpressions) {
  placeholders use =
      with({{"#a", "a"}, {"#b", "b"}, {"#c", "c"}}, {{":x", R"({"N": "1"})"}, {":y", R"({"N": "2"})"}});
  EXPECT_EQ(use.check_all_used()->message,
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b, #c}");
  ASSERT_TRUE(parse_update("SET #a = :x", use));
  EXPECT_EQ(use.check_all_used()->message,
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b, #c}");
  ASSERT_TRUE(parse_projection("#c, d.#b", use));
  EXPECT_EQ(use.check_all_used()->message,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:y}");
  ASSERT_TRUE(parse_condition(condition_role::condition, "z = :y", use));
  EXPECT_FALSE(use.check_all_used());
}

TEST(ReservedWords, AreThoseOfTheDeveloperGuide) {
  EXPECT_EQ(count_reserved_words(), 573u);
  for (const char* word : {"abort", "ZONE", "Status", "name", "TTL", "year", "Inntter", "localtimestamp"})
    EXPECT_EQ(is_reserved(word), std::string_view(word) != "Inntter") << word;
  for (const char* word : {"", "id", "pk", "sk", "names_", "email", "a_name_that_is_longer_than_all_of_them"})
    EXPECT_FALSE(is_reserved(word)) << word;
}

} // namespace
} // namespace troupe::expression
