// Clocks of nodes that disagree, and which of them is believed.
#include "actors/kit/common_clock.h"
#include <gtest/gtest.h>

namespace troupe::kit {
namespace {

constexpr std::int64_t second = 1'000;
constexpr std::int64_t day = 86'400 * second;

struct set_clock final : clock {
  std::int64_t now_us() const override { return (up_ms + 1) * 1000; }
  std::int64_t unix_ms() const override { return 1'772'000'000'000 + up_ms + off_ms; }
  std::int64_t up_ms = 0;
  std::int64_t off_ms = 0; // from the true time
};

struct CommonClock : ::testing::Test {
  std::int64_t truth() const { return own.unix_ms() - own.off_ms; }
  void hear(const char* node, std::int64_t off = 0, std::int64_t late = 1) {
    clock_.heard(node, truth() + off - late);
  }
  void pass(std::int64_t ms) { own.up_ms += ms; }

  set_clock own;
  common_clock clock_{own};
};

TEST_F(CommonClock, ALoneNodeBelievesItself) {
  own.off_ms = day;
  EXPECT_EQ(clock_.unix_ms(), truth() + day);
  hear("n2");
  EXPECT_EQ(clock_.unix_ms(), truth() + day) << "of two, nobody knows which is wrong";
  EXPECT_EQ(clock_.off_ms(), 0);
}

TEST_F(CommonClock, OneThatRunsAheadOfTheOthersIsNotBelieved) {
  hear("n2");
  hear("n3");
  EXPECT_EQ(clock_.unix_ms(), truth());
  own.off_ms = day; // a jump, before anything is heard again
  EXPECT_NEAR(static_cast<double>(clock_.unix_ms() - truth()), 0, 10);
  EXPECT_NEAR(static_cast<double>(clock_.off_ms() - day), 0, 10);
  pass(5 * second);
  EXPECT_NEAR(static_cast<double>(clock_.unix_ms() - truth()), 0, 10) << "and time goes on";
  hear("n2");
  hear("n3");
  EXPECT_NEAR(static_cast<double>(clock_.unix_ms() - truth()), 0, 10);
  own.off_ms = 0;
  EXPECT_EQ(clock_.unix_ms(), truth());
  EXPECT_EQ(clock_.off_ms(), 0);
}

TEST_F(CommonClock, OneThatIsBehindNeither) {
  own.off_ms = -day;
  hear("n2");
  hear("n3");
  EXPECT_NEAR(static_cast<double>(clock_.unix_ms() - truth()), 0, 10);
}

TEST_F(CommonClock, AnothersWrongClockMovesNobody) {
  for (int i = 0; i < 20; ++i) {
    hear("n2", day);
    hear("n3", 3);
    EXPECT_EQ(clock_.unix_ms(), truth());
    pass(second);
  }
}

TEST_F(CommonClock, ASmallDifferenceIsLeftAlone) {
  own.off_ms = 700;
  hear("n2");
  hear("n3");
  EXPECT_EQ(clock_.unix_ms(), truth() + 700) << "the order of writes of one node is worth more";
}

// What waited in a queue says less than what came at once.
TEST_F(CommonClock, WhatWasLongOnItsWayIsNotTakenForASlowClock) {
  hear("n2", 0, 1);
  hear("n3", 0, 1);
  for (int i = 0; i < 20; ++i) {
    hear("n2", 0, i % 2 == 0 ? 1'900 : 5);
    hear("n3", 0, i % 2 == 0 ? 1'900 : 5);
    EXPECT_EQ(clock_.unix_ms(), truth());
    pass(300);
  }
}

TEST_F(CommonClock, WhoIsNotHeardOfForLongHasNoSay) {
  hear("n2");
  hear("n3");
  own.off_ms = day;
  pass(11 * second);
  EXPECT_EQ(clock_.unix_ms(), truth() + day);
  hear("n2");
  EXPECT_EQ(clock_.unix_ms(), truth() + day) << "n3 is gone";
}

} // namespace
} // namespace troupe::kit
