#include "actors/core/expression/request.h"
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

std::string text(const verdict& bad) {
  return bad ? bad->message : "";
}
msg::KeySchema schema() {
  msg::KeySchema out;
  out.mutable_partition()->set_name("a");
  out.mutable_partition()->set_type(msg::KEY_TYPE_S);
  out.mutable_sort()->set_name("b");
  out.mutable_sort()->set_type(msg::KEY_TYPE_S);
  return out;
}

TEST(Request, ExpressionsDoNotGoWithTheirPredecessors) {
  const parameter expressions[] = {{"UpdateExpression", true}, {"ConditionExpression", true}};
  const parameter others[] = {{"AttributeUpdates", false}, {"Expected", true}};
  EXPECT_EQ(text(check_parameters(expressions, others, false, false)),
            "Can not use both expression and non-expression parameters in the same request: Non-expression "
            "parameters: "
            "{Expected} Expression parameters: {UpdateExpression, ConditionExpression}");
}

TEST(Request, PlaceholdersNeedExpressions) {
  const parameter update[] = {{"UpdateExpression", false}, {"ConditionExpression", false}};
  const parameter put[] = {{"ConditionExpression", false}};
  const parameter scan[] = {{"FilterExpression", false}, {"ProjectionExpression", true}};
  EXPECT_EQ(text(check_parameters(update, {}, true, true)),
            "ExpressionAttributeNames can only be specified when using expressions");
  EXPECT_EQ(text(check_parameters(update, {}, false, true)),
            "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and "
            "ConditionExpression are null");
  EXPECT_EQ(
      text(check_parameters(put, {}, false, true)),
      "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null");
  EXPECT_EQ(
      text(check_parameters(scan, {}, true, true)),
      "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null");
  EXPECT_EQ(text(check_parameters(scan, {}, true, false)), "");
}

TEST(Request, KeyAttributesAreScalars) {
  placeholders use = with({}, {{":v", R"({"N": "1"})"}});
  const auto deep = [](const char* name) {
    return std::string(
               "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
               "Key: ") +
           name;
  };
  const auto condition = [&](const char* what) {
    return text(check_paths(*parse_condition(condition_role::condition, what, use), schema(), "Key"));
  };
  EXPECT_EQ(condition("x = :v AND size(a[1]) > :v"), deep("a"));
  EXPECT_EQ(condition("a = :v AND x.a = b"), "");
  EXPECT_EQ(text(check_paths(*parse_projection("x, b.c", use), schema(), "Key")), deep("b"));
  EXPECT_EQ(text(check_paths(*parse_update("SET x = if_not_exists(a.c, :v)", use), schema(), "Key")),
            deep("a"));
}

TEST(Request, UpdatesLeaveTheKeyAlone) {
  placeholders use = with({}, {{":n", R"({"N": "1"})"}, {":s", R"({"SS": ["1"]})"}});
  const auto refused = [&](const char* what) {
    return text(check_update(*parse_update(what, use), schema()));
  };
  const std::string a =
      "One or more parameter values were invalid: Cannot update attribute a. This attribute is part "
      "of the key";
  EXPECT_EQ(refused("add a.b :n"), a);
  EXPECT_EQ(refused("remove d set c = :n, a = :n"), a);
  EXPECT_EQ(refused("delete c :s remove a"), a);
  EXPECT_EQ(refused("set d[1] = :n add b.b :n"),
            "One or more parameter values were invalid: Cannot update attribute b. "
            "This attribute is part of the key");
  EXPECT_EQ(refused("set c = a, d.a = b"), "");
}

TEST(Request, AFilterOfAQueryIsNotAboutItsKeys) {
  placeholders use = with({}, {{":n", R"({"N": "1"})"}});
  const auto parsed = *parse_condition(condition_role::filter, "c = :n OR b > :n AND a < :n", use);
  EXPECT_EQ(text(check_filter(parsed, schema(), "Filter Expression")),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: a");
  EXPECT_EQ(
      text(check_filter(*parse_condition(condition_role::filter, "c = :n AND x.a = :n", use), schema(), "")),
      "");
}

} // namespace
} // namespace troupe::expression
