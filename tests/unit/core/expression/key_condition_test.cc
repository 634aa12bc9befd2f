// From key conditions to the range of a query.
#include "actors/core/expression/key_condition.h"
#include "actors/core/expression/legacy.h"
#include "actors/core/item/json.h"
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

msg::KeySchema schema_of(msg::KeyType partition, msg::KeyType sort = msg::KEY_TYPE_NONE) {
  msg::KeySchema out;
  out.mutable_partition()->set_name("pk");
  out.mutable_partition()->set_type(partition);
  if (sort != msg::KEY_TYPE_NONE) {
    out.mutable_sort()->set_name("sk");
    out.mutable_sort()->set_type(sort);
  }
  return out;
}
const msg::KeySchema s_n = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_N);
const msg::KeySchema s_s = schema_of(msg::KEY_TYPE_S, msg::KEY_TYPE_S);
const msg::KeySchema s_only = schema_of(msg::KEY_TYPE_S);

result<std::vector<key_test>> read(std::string_view text, const values& v = {}) {
  placeholders use = with({}, v);
  const auto parsed = parse_condition(condition_role::key_condition, text, use);
  if (!parsed)
    return parsed.why();
  return read_key_condition(*parsed);
}

std::string bound(const char* name, const msg::Value& value, bool exclusive) {
  return std::string(" ") + name + (exclusive ? "(" : "[") + item::write_json(value);
}

// "pk{"S":"a"} from[... to(..." or the refusal.
std::string query_of(const result<std::vector<key_test>>& tests, const msg::KeySchema& schema) {
  if (!tests)
    return tests.why().message;
  msg::Query query;
  if (auto bad = write_query(*tests, schema, query))
    return bad->message;
  std::string out = "pk" + item::write_json(query.partition_key());
  if (query.has_from())
    out += bound("from", query.from(), query.from_exclusive());
  if (query.has_to())
    out += bound("to", query.to(), query.to_exclusive());
  if (!query.prefix_s().empty() || !query.prefix_b().empty())
    out += " prefix " + query.prefix_s() + query.prefix_b();
  return out;
}

const values abc = {
    {":p", R"({"S": "a"})"}, {":1", R"({"N": "1"})"}, {":2", R"({"N": "2.0"})"}, {":s", R"({"S": "x"})"}};
const std::string pk = R"(pk{"S":"a"})";

TEST(KeyCondition, EachOperatorHasItsRange) {
  const std::pair<std::string, std::string> cases[] = {
      {"pk = :p", pk},
      {":p = pk", pk},
      {"(pk = :p)", pk},
      {"pk = :p AND sk = :1", pk + R"( from[{"N":"1"} to[{"N":"1"})"},
      {"sk < :1 AND pk = :p", pk + R"( to({"N":"1"})"},
      {"pk = :p AND sk <= :1", pk + R"( to[{"N":"1"})"},
      {"pk = :p AND (sk > :1)", pk + R"( from({"N":"1"})"},
      {"(pk = :p) AND sk >= :1", pk + R"( from[{"N":"1"})"},
      {"pk = :p AND :1 < sk", pk + R"( from({"N":"1"})"},
      {"pk = :p AND :1 >= sk", pk + R"( to[{"N":"1"})"},
      {"pk = :p AND sk BETWEEN :1 AND :2", pk + R"( from[{"N":"1"} to[{"N":"2"})"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(query_of(read(text, abc), s_n), expected) << text;
  EXPECT_EQ(query_of(read("pk = :p AND begins_with(sk, :s)", abc), s_s), pk + " prefix x");
}

TEST(KeyCondition, OnlySomeOperatorsAreForKeys) {
  const std::pair<const char*, std::string> cases[] = {
      {"a > b and size(b) > c or a > c", "OR"},
      {"a in (b, size(c), d)", "IN"},
      {"attribute_exists(a)", "attribute_exists"},
      {"attribute_not_exists(a)", "attribute_not_exists"},
      {"contains(a.d, b)", "contains"},
      {"not a > b", "NOT"},
      {"a <> b", "<>"},
      {"attribute_type(a, :s)", "attribute_type"},
  };
  for (const auto& [text, op] : cases)
    EXPECT_EQ(problem(read(text, {{":s", R"({"S": "S"})"}})),
              "Invalid operator used in KeyConditionExpression: " + op)
        << text;
}

TEST(KeyCondition, TestsAreOfOneAttributeAndItsValue) {
  const std::string start = "Invalid condition in KeyConditionExpression: ";
  const std::pair<const char*, std::string> cases[] = {
      {":s between size(b) and size(a) and b > :s",
       start + "BETWEEN operator must have the key attribute as its first operand"},
      {"begins_with(:s, b) and a > :s",
       start + "begins_with operator must have the key attribute as its first operand"},
      {"size(b) > a AND a.b > b AND b > c", "KeyConditionExpressions cannot contain nested operations"},
      {"a > size(b.d)", "KeyConditionExpressions cannot contain nested operations"},
      {"b > a.b", start + "Multiple attribute names used in one condition"},
      {"b between c[1] and d", start + "Multiple attribute names used in one condition"},
      {"a between b and size(a)", start + "Multiple attribute names used in one condition"},
      {"begins_with(a, b)", start + "Multiple attribute names used in one condition"},
      {"b.d > a AND c.d > e.f", "KeyConditionExpressions cannot have conditions on nested attributes"},
      {"b[0] > a", "KeyConditionExpressions cannot have conditions on nested attributes"},
      {":s > :p AND a < :s", start + "No key attribute specified"},
      {"b > :s AND b < :s and c = :s and d = :s",
       "KeyConditionExpressions must only contain one condition per key"},
      {"(a > :s and b > :s) and (b > :s and c > :s)",
       "KeyConditionExpressions must only contain one condition per key"},
      {":s = a and b = :s and :s = c", "Conditions can be of length 1 or 2 only"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(problem(read(text, abc)), expected) << text;
}

TEST(KeyCondition, DocumentsAndTruthsEqualNoKey) {
  for (const auto& [type, value] :
       std::vector<std::pair<std::string, std::string>>{{"L", R"({"L": []})"},
                                                        {"M", R"({"M": {}})"},
                                                        {"BOOL", R"({"BOOL": true})"},
                                                        {"NULL", R"({"NULL": true})"}})
    EXPECT_EQ(problem(read("pk = :d AND sk > :1", {abc[1], {":d", value}})),
              "One or more parameter values were invalid: ComparisonOperator EQ is not valid for " + type +
                  " AttributeValue type");
  EXPECT_EQ(problem(read("pk = :d AND size(pk) = :d", {{":d", R"({"L": []})"}})),
            "KeyConditionExpressions cannot contain nested operations");
}

TEST(KeyCondition, TheSchemaDecidesTheRest) {
  const std::string not_supported = "Query key condition not supported";
  const std::string mismatch =
      "One or more parameter values were invalid: Condition parameter type does not match schema type";
  EXPECT_EQ(query_of(read("sk = :1", abc), s_n), "Query condition missed key schema element: pk");
  EXPECT_EQ(query_of(read("pk = :p AND extra = :1", abc), s_n),
            "Query condition missed key schema element: sk");
  EXPECT_EQ(query_of(read("pk = :p AND sk = :1", abc), s_only), not_supported);
  EXPECT_EQ(query_of(read("pk > :p", abc), s_n), not_supported);
  EXPECT_EQ(query_of(read("begins_with(pk, :p)", abc), s_n), not_supported);
  EXPECT_EQ(query_of(read("pk = :1", abc), s_n), mismatch);
  EXPECT_EQ(query_of(read("pk = :p AND sk = :s", abc), s_n), mismatch);
  EXPECT_EQ(query_of(read("pk = :p AND begins_with(sk, :s)", abc), s_n), mismatch);
  EXPECT_EQ(query_of(read("pk = :p AND begins_with(sk, :e)", {abc[0], {":e", R"({"S": ""})"}}), s_s),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
            "contain an empty "
            "string value. Key: sk");
}

TEST(KeyCondition, OldKeyConditionsSayTheSame) {
  const msg::Value a = value(R"({"S": "a"})"), n = value(R"({"N": "1.0"})"), two = value(R"({"N": "2"})");
  const auto query = [](std::vector<legacy_test> tests) { return query_of(read_key_conditions(tests), s_n); };
  using list = std::vector<msg::Value>;
  EXPECT_EQ(query({{"pk", "EQ", list{a}, {}, {}}}), pk);
  EXPECT_EQ(query({{"sk", "BETWEEN", list{n, two}, {}, {}}, {"pk", "EQ", list{a}, {}, {}}}),
            pk + R"( from[{"N":"1"} to[{"N":"2"})");
  EXPECT_EQ(query({{"pk", "EQ", list{a}, {}, {}}, {"sk", "GT", list{n}, {}, {}}}), pk + R"( from({"N":"1"})");
  EXPECT_EQ(query({{"pk", "EQ", list{a}, {}, {}}, {"sk", "NE", list{n}, {}, {}}}),
            "Attempted conditional constraint is not an indexable operation");
  EXPECT_EQ(query({{"pk", "NULL", {}, {}, {}}}),
            "Attempted conditional constraint is not an indexable operation");
  EXPECT_EQ(query({{"pk", "LT", list{a}, {}, {}}}), "Query key condition not supported");
  EXPECT_EQ(query({}), "Conditions can be of length 1 or 2 only");
  EXPECT_EQ(query({{"pk", "EQ", list{a, a}, {}, {}}}), "One or more parameter values were invalid: Invalid "
                                                       "number of argument(s) for the EQ ComparisonOperator");
}

} // namespace
} // namespace troupe::expression
