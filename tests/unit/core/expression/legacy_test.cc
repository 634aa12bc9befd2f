// Expected, QueryFilter and ScanFilter: the same evaluator under other names.
#include "actors/core/expression/legacy.h"
#include "actors/core/expression/print.h"
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

using list = std::vector<msg::Value>;
const std::string invalid = "One or more parameter values were invalid: ";

legacy_test filter(const char* attribute, const char* comparison, const list& values = {}) {
  return {attribute, comparison, values, {}, {}};
}

bool holds(const std::vector<legacy_test>& tests, const char* on, legacy_join join = legacy_join::all) {
  const auto made = condition_from_filter(tests, join);
  EXPECT_TRUE(made) << made.why().message;
  const msg::AttributeMap there = item(on);
  return condition::make(*made)->holds(&there);
}
std::string refused(const std::vector<legacy_test>& tests) {
  return problem(condition_from_filter(tests, legacy_join::all));
}
std::string expected_refused(const legacy_test& test) {
  const std::vector<legacy_test> tests = {test};
  return problem(condition_from_expected(tests, legacy_join::all));
}
bool expected_holds(const legacy_test& test, const char* on) {
  const std::vector<legacy_test> tests = {test};
  const auto made = condition_from_expected(tests, legacy_join::all);
  EXPECT_TRUE(made) << made.why().message;
  const msg::AttributeMap there = item(on);
  return condition::make(*made)->holds(&there);
}

const msg::Value one = value(R"({"N": "1.0"})"), two = value(R"({"N": "2"})"), text = value(R"({"S": "b"})");
const char* const on =
    R"({"n": {"N": "1"}, "s": {"S": "abc"}, "ss": {"SS": ["b", "c"]}, "l": {"L": [{"S": "b"}]}})";

TEST(Legacy, EachComparisonIsAnExpression) {
  EXPECT_TRUE(holds({filter("n", "EQ", {one})}, on));
  EXPECT_FALSE(holds({filter("n", "NE", {one})}, on));
  EXPECT_TRUE(holds({filter("gone", "NE", {one})}, on));
  EXPECT_TRUE(holds({filter("n", "LT", {two}), filter("n", "LE", {one}), filter("n", "GE", {one})}, on));
  EXPECT_FALSE(holds({filter("n", "GT", {one})}, on));
  EXPECT_TRUE(holds({filter("n", "NOT_NULL"), filter("gone", "NULL")}, on));
  EXPECT_TRUE(holds({filter("n", "BETWEEN", {one, two}), filter("n", "IN", {two, one})}, on));
  EXPECT_TRUE(holds({filter("s", "BEGINS_WITH", {value(R"({"S": "ab"})")})}, on));
  EXPECT_TRUE(holds(
      {filter("s", "CONTAINS", {text}), filter("ss", "CONTAINS", {text}), filter("l", "CONTAINS", {text})},
      on));
  EXPECT_FALSE(holds({filter("s", "NOT_CONTAINS", {text})}, on));
  EXPECT_TRUE(holds({filter("s", "NOT_CONTAINS", {one})}, on));
  EXPECT_FALSE(holds({filter("gone", "NOT_CONTAINS", {text})}, on))
      << "only what is there can lack something";
  EXPECT_TRUE(holds({}, on));
}

TEST(Legacy, AttributeNamesAreNotPaths) {
  EXPECT_TRUE(holds({filter("a.b[0]", "EQ", {one})}, R"({"a.b[0]": {"N": "1"}})"));
  EXPECT_TRUE(holds({filter("name", "NOT_NULL")}, R"({"name": {"N": "1"}})")) << "and may be reserved";
}

TEST(Legacy, TestsAreJoinedAsTheOperatorSays) {
  const std::vector<legacy_test> tests = {filter("n", "EQ", {two}), filter("s", "NOT_NULL"),
                                          filter("ss", "NOT_CONTAINS", {one})};
  EXPECT_FALSE(holds(tests, on));
  EXPECT_TRUE(holds(tests, on, legacy_join::any));
  EXPECT_FALSE(holds({tests[0]}, on, legacy_join::any));
  for (std::optional<std::size_t> none : {std::optional<std::size_t>(), std::optional<std::size_t>(0)})
    EXPECT_EQ(check_conditional_operator(none)->message,
              "ConditionalOperator cannot be used without Filter or Expected");
  EXPECT_EQ(check_conditional_operator(1)->message,
            "ConditionalOperator can only be used when Filter or Expected has two or more elements");
  EXPECT_FALSE(check_conditional_operator(2));
}

TEST(Legacy, ValuesFitTheirComparison) {
  for (const char* comparison :
       {"EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", "IN", "BETWEEN"})
    EXPECT_EQ(refused({filter("a", comparison)}),
              invalid + "Invalid number of argument(s) for the " + comparison + " ComparisonOperator");
  EXPECT_EQ(refused({filter("a", "NULL", {one})}),
            invalid + "Invalid number of argument(s) for the NULL ComparisonOperator");
  EXPECT_EQ(refused({filter("a", "BETWEEN", {one, two, two})}),
            invalid + "Invalid number of argument(s) for the BETWEEN ComparisonOperator");
  EXPECT_EQ(refused({filter("a", "IN", {one, text})}),
            invalid + "AttributeValues inside AttributeValueList must be of same type");
  EXPECT_EQ(refused({filter("a", "LT", {value(R"({"M": {}})")})}),
            invalid + "ComparisonOperator LT is not valid for M AttributeValue type");
  EXPECT_EQ(refused({filter("a", "CONTAINS", {value(R"({"SS": ["a"]})")})}),
            invalid + "ComparisonOperator CONTAINS is not valid for SS AttributeValue type");
  EXPECT_EQ(refused({filter("a", "BEGINS_WITH", {one})}),
            invalid + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type");
  EXPECT_EQ(
      refused({filter("a", "BETWEEN", {two, one})}),
      "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
  EXPECT_EQ(refused({filter("a", "EQ", {value(R"({"N": "x"})")})}),
            "The parameter cannot be converted to a numeric value: x");
  EXPECT_EQ(refused({filter("a", "EQ", {value(R"({"M": {}})")}), filter("b", "NE", {value(R"({"L": []})")})}),
            "");
}

TEST(Legacy, ExpectedKnowsExistsAndValue) {
  EXPECT_TRUE(expected_holds({"gone", {}, {}, {}, false}, on));
  EXPECT_FALSE(expected_holds({"n", {}, {}, {}, false}, on));
  EXPECT_TRUE(expected_holds({"n", {}, {}, one, {}}, on));
  EXPECT_TRUE(expected_holds({"n", {}, {}, one, true}, on));
  EXPECT_FALSE(expected_holds({"n", {}, {}, two, {}}, on));
  EXPECT_TRUE(expected_holds({"n", "LT", {}, two, {}}, on)) << "one value may stand in Value";
  EXPECT_TRUE(expected_holds({"n", "BETWEEN", list{one, two}, {}, {}}, on));
  EXPECT_TRUE(expected_holds({"n", "NOT_NULL", {}, {}, {}}, on));

  EXPECT_EQ(expected_refused({"a", {}, {}, {}, {}}),
            invalid + "Value must be provided when Exists is null for Attribute: a");
  EXPECT_EQ(expected_refused({"a", {}, {}, {}, true}),
            invalid + "Value must be provided when Exists is true for Attribute: a");
  EXPECT_EQ(expected_refused({"a", {}, {}, one, false}),
            invalid + "Value cannot be used when Exists is false for Attribute: a");
  EXPECT_EQ(expected_refused({"a", "EQ", {}, one, true}),
            invalid + "Exists and ComparisonOperator cannot be used together for Attribute: a");
  EXPECT_EQ(expected_refused({"a", "EQ", list{one}, one, {}}),
            invalid + "Value and AttributeValueList cannot be used together for Attribute: a");
  EXPECT_EQ(expected_refused({"a", {}, list{one}, {}, {}}),
            invalid + "AttributeValueList can only be used with a ComparisonOperator for Attribute: a");
  EXPECT_EQ(expected_refused({"a", "EQ", {}, {}, {}}),
            invalid +
                "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a");
}

TEST(Legacy, CanBePrintedAndReadAsAnExpression) {
  const std::vector<legacy_test> tests = {filter("name", "EQ", {two}), filter("s", "NOT_CONTAINS", {text})};
  const printed out = print(*condition_from_filter(tests, legacy_join::any));
  EXPECT_EQ(out.text, "#n0 = :v0 OR (NOT contains(#n1, :v1) AND attribute_exists(#n1))");
  EXPECT_EQ(out.names, (names{{"#n0", "name"}, {"#n1", "s"}}));
  ASSERT_EQ(out.values.size(), 2u);
  EXPECT_TRUE(item::equal(out.values[1].second, text));
}

} // namespace
} // namespace troupe::expression
