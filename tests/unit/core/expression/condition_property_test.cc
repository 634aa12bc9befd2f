// Random conditions on random items: what the evaluator says is what the reference says, also after the
// expression has been printed and read again.
#include "actors/core/expression/print.h"
#include "actors/core/item/json.h"
#include "random_expressions.h"

namespace troupe::expression {
namespace {

using namespace test;

// What the generator does not avoid; everything else it writes must be accepted.
bool is_expected(const std::string& refusal) {
  for (const char* known : {"The first operand must be distinct", "Incorrect operand type",
                            "The BETWEEN operator requires", "redundant parentheses"})
    if (refusal.find(known) != std::string::npos)
      return true;
  return false;
}

TEST(ConditionProperty, RandomConditionsHoldWhenTheReferenceSaysSo) {
  dice roll(7);
  int accepted = 0, held = 0, asked = 0;
  for (int i = 0; i < 15'000; ++i) {
    vocabulary words;
    const random_condition expected = make_condition(roll, words, roll.between(0, 3));
    if (expected.text.size() > 4000)
      continue;
    placeholders use = words.use();
    const auto parsed = parse_condition(condition_role::filter, expected.text, use);
    if (!parsed) {
      ASSERT_TRUE(is_expected(parsed.why().message)) << expected.text << "\n" << parsed.why().message;
      continue;
    }
    ++accepted;
    ASSERT_FALSE(use.check_all_used()) << expected.text;
    const auto ready = condition::make(*parsed);
    ASSERT_TRUE(ready) << expected.text;

    const printed again = print(*parsed);
    auto reuse = placeholders::make(again.names.empty() ? placeholders::names() : again.names,
                                    again.values.empty() ? placeholders::values() : again.values);
    ASSERT_TRUE(reuse);
    if (again.text.size() <= 4096) {
      const auto reparsed = parse_condition(condition_role::filter, again.text, *reuse);
      ASSERT_TRUE(reparsed) << expected.text << "\n" << again.text << "\n" << reparsed.why().message;
      ASSERT_EQ(reparsed->SerializeAsString(), parsed->SerializeAsString()) << expected.text << "\n"
                                                                            << again.text;
      ASSERT_EQ(print(*reparsed).text, again.text);
    }
    for (int j = 0; j < 4; ++j) {
      const msg::AttributeMap on = small_item(roll);
      const bool should = expected.holds(plain_of(on));
      ASSERT_EQ(ready->holds(&on), should) << expected.text << "\n"
                                           << again.text << "\n"
                                           << parsed->ShortDebugString() << "\n"
                                           << item::write_json(on);
      ASSERT_EQ(ready->holds(std::string_view(item::serialize(on))), should);
      ++asked;
      held += should;
    }
  }
  EXPECT_GT(accepted, 6'000);
  EXPECT_GT(held, asked / 5) << "both answers ought to be common";
  EXPECT_LT(held, asked - asked / 5);
}

} // namespace
} // namespace troupe::expression
