#include "actors/core/item/condition.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include "make.h"
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using clause = msg::Condition::Clause;

msg::Condition condition(clause::Test test, const std::string& attribute, const char* operand = nullptr) {
  msg::Condition out;
  clause* only = out.add_clauses();
  only->set_test(test);
  only->set_attribute(attribute);
  if (operand != nullptr)
    *only->mutable_operand() = test::value(operand);
  return out;
}

std::string refused(msg::Condition what) {
  const auto bad = canonicalise(what);
  return bad ? bad->message : "accepted";
}

const auto stored = test::item(R"({"id":{"S":"a"},"n":{"N":"7"},"tags":{"SS":["x","y"]}})");

TEST(Condition, EachTestOnAnItem) {
  const auto on_item = [](const msg::Condition& what) { return holds(what, &stored); };
  EXPECT_TRUE(on_item(condition(clause::EXISTS, "n")));
  EXPECT_FALSE(on_item(condition(clause::EXISTS, "m")));
  EXPECT_FALSE(on_item(condition(clause::NOT_EXISTS, "n")));
  EXPECT_TRUE(on_item(condition(clause::NOT_EXISTS, "m")));
  EXPECT_TRUE(on_item(condition(clause::EQUALS, "n", R"({"N":"7.0"})")));
  EXPECT_FALSE(on_item(condition(clause::EQUALS, "n", R"({"N":"8"})")));
  EXPECT_FALSE(on_item(condition(clause::EQUALS, "n", R"({"S":"7"})")));
  EXPECT_FALSE(on_item(condition(clause::EQUALS, "m", R"({"N":"7"})")));
  EXPECT_TRUE(on_item(condition(clause::EQUALS, "tags", R"({"SS":["y","x"]})")));
  EXPECT_FALSE(on_item(condition(clause::NOT_EQUALS, "n", R"({"N":"7"})")));
  EXPECT_TRUE(on_item(condition(clause::NOT_EQUALS, "n", R"({"S":"7"})")));
  EXPECT_TRUE(on_item(condition(clause::NOT_EQUALS, "m", R"({"N":"7"})")))
      << "an attribute that is not there";
}

TEST(Condition, EachTestWithoutAnItem) {
  const auto on_nothing = [](const msg::Condition& what) {
    return holds(what, static_cast<const msg::AttributeMap*>(nullptr));
  };
  EXPECT_TRUE(on_nothing(msg::Condition()));
  EXPECT_FALSE(on_nothing(condition(clause::EXISTS, "n")));
  EXPECT_TRUE(on_nothing(condition(clause::NOT_EXISTS, "n")));
  EXPECT_FALSE(on_nothing(condition(clause::EQUALS, "n", R"({"N":"7"})")));
  EXPECT_TRUE(on_nothing(condition(clause::NOT_EQUALS, "n", R"({"N":"7"})")));
}

TEST(Condition, AllClausesMustHold) {
  auto both = condition(clause::EXISTS, "id");
  both.MergeFrom(condition(clause::EQUALS, "n", R"({"N":"7"})"));
  EXPECT_TRUE(holds(both, &stored));
  both.MergeFrom(condition(clause::NOT_EXISTS, "tags"));
  EXPECT_FALSE(holds(both, &stored));
}

TEST(Condition, HoldsOnStoredBytesAsOnTheItem) {
  const std::string bytes = serialize(stored);
  EXPECT_EQ(holds(condition(clause::EQUALS, "n", R"({"N":"7"})"), std::string_view(bytes)), true);
  EXPECT_EQ(holds(condition(clause::EXISTS, "m"), std::string_view(bytes)), false);
  EXPECT_EQ(holds(condition(clause::EXISTS, "n"), std::optional<std::string_view>()), false);
  EXPECT_EQ(holds(condition(clause::NOT_EXISTS, "n"), std::optional<std::string_view>()), true);
  EXPECT_EQ(holds(msg::Condition(), std::string_view(bytes)), true);
  EXPECT_EQ(holds(condition(clause::EXISTS, "n"), std::string_view("\xFF\xFF")), std::nullopt) << "damage";
}

TEST(Condition, ATestThatIsNotKnownDoesNotHold) {
  EXPECT_FALSE(holds(condition(static_cast<clause::Test>(57), "n"), &stored));
  EXPECT_NE(refused(condition(static_cast<clause::Test>(57), "n")), "accepted");
}

TEST(Condition, OnlyWhatMakesSenseIsAccepted) {
  EXPECT_EQ(refused(msg::Condition()), "accepted");
  EXPECT_EQ(refused(condition(clause::EXISTS, "n")), "accepted");
  EXPECT_EQ(refused(condition(clause::EXISTS, "")), "A clause of the condition names no attribute");
  EXPECT_EQ(refused(condition(clause::EXISTS, "n", R"({"N":"7"})")),
            "The condition on attribute n tests for existence and takes no operand");
  EXPECT_EQ(refused(condition(clause::EQUALS, "n")),
            "The condition on attribute n compares with nothing: its operand is missing");
  EXPECT_EQ(
      refused(condition(clause::EQUALS, "n", R"({"N":"x"})")),
      "The condition on attribute n contains invalid value: The parameter cannot be converted to a numeric "
      "value: x");
  auto many = condition(clause::EXISTS, "n");
  while (static_cast<std::size_t>(many.clauses_size()) < limits::condition_clauses)
    *many.add_clauses() = many.clauses(0);
  EXPECT_EQ(refused(many), "accepted");
  *many.add_clauses() = many.clauses(0);
  EXPECT_EQ(refused(many), "The condition has 33 clauses; at most 32 are allowed");
}

TEST(Condition, OperandsBecomeCanonical) {
  auto what = condition(clause::EQUALS, "n", R"({"NS":["2.0","1"]})");
  ASSERT_FALSE(canonicalise(what));
  EXPECT_EQ(write_json(what.clauses(0).operand()), R"({"NS":["1","2"]})");
}

} // namespace
} // namespace troupe::item
