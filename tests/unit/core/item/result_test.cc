#include "actors/core/item/result.h"
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

TEST(Result, IsAValueOrTheReasonWhyThereIsNone) {
  const result<int> value(7);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 7);
  const result<int> none(refusal{"too late"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.why().message, "too late");
  EXPECT_EQ(none.why().status().code(), msg::VALIDATION);
}

TEST(ResultDeathTest, TakingAValueThatIsNotThereEndsTheProgram) {
  const result<int> none(refusal{"too late"});
  EXPECT_DEATH((void)*none, "invariant broken: core/item result used without a value: too late");
}

} // namespace
} // namespace troupe::item
