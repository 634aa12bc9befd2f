// What can be said against an update of an index's sort key before the item is seen.
#include "actors/core/expression/index_update.h"
#include "actors/core/expression/parse.h"
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

item::index_list indexes() {
  item::index_list out;
  for (const char* name : {"two", "one"}) {
    auto& index = *out.Add();
    index.set_name(name);
    index.mutable_sort()->set_name("s");
    index.mutable_sort()->set_type(msg::KEY_TYPE_S);
  }
  return out;
}

std::string said(const std::string& update, const values& used) {
  placeholders use = with({}, used);
  auto parsed = parse_update(update, use);
  EXPECT_TRUE(parsed) << parsed.why().message;
  auto bad = check_index_update(*parsed, indexes());
  EXPECT_FALSE(check_index_update(*parsed, {})) << "a table without indexes takes anything";
  return bad ? bad->message : "";
}

std::string mismatch(const std::string& actual) {
  return "One or more parameter values were invalid: Type mismatch for Index Key s Expected: S Actual: " +
         actual + " IndexName: one";
}

TEST(IndexUpdate, AValueOfTheWrongTypeIsNamedWithItsIndex) {
  EXPECT_EQ(said("SET s = :v", {{":v", R"({"N": "1"})"}}), mismatch("N"));
  EXPECT_EQ(said("SET s = :v", {{":v", R"({"NULL": true})"}}), mismatch("NULL"));
  EXPECT_EQ(said("ADD s :v", {{":v", R"({"N": "1"})"}}), mismatch("N"));
  EXPECT_EQ(said("SET s = a + :v", {{":v", R"({"N": "1"})"}}), mismatch("N"));
  EXPECT_EQ(said("SET s = list_append(a, :v)", {{":v", R"({"L": []})"}}), mismatch("L"));
}

TEST(IndexUpdate, WhatDependsOnTheItemIsLeftToIt) {
  EXPECT_EQ(said("SET s = a", {}), "");
  EXPECT_EQ(said("SET s = if_not_exists(s, :v)", {{":v", R"({"N": "1"})"}}), "");
  EXPECT_EQ(said("REMOVE s", {}), "");
  EXPECT_EQ(said("SET s = :v, t = :w", {{":v", R"({"S": "x"})"}, {":w", R"({"N": "1"})"}}), "");
}

TEST(IndexUpdate, EmptyValuesAreRefusedBehindTypes) {
  const std::string empty = "One or more parameter values are not valid. The update expression attempted to "
                            "update a secondary index key to "
                            "a value that is not supported. The AttributeValue for a key attribute cannot "
                            "contain an empty string value.";
  EXPECT_EQ(said("SET s = :v", {{":v", R"({"S": ""})"}}), empty);
}

TEST(IndexUpdate, KeysAreScalars) {
  const std::string scalar =
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
      "allowed: IndexKey: s";
  EXPECT_EQ(said("SET s.x = :v", {{":v", R"({"S": "x"})"}}), scalar);
  EXPECT_EQ(said("REMOVE s[0]", {}), scalar);
  EXPECT_EQ(said("SET t = s.x", {}), scalar);
}

} // namespace
} // namespace troupe::expression
