// Histories with a known verdict, each the trace of one kind of bug (or of what looks like one and is none).
#include "tests/linearizability/test/story.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::linearizability {
namespace {

using namespace story;
using ::testing::HasSubstr;
using ::testing::Not;

bool linearizable(const std::vector<operation>& history) {
  return check(history).result == verdict::linearizable;
}

bool violated(const std::vector<operation>& history) {
  return check(history).result == verdict::violation;
}

TEST(Histories, NothingHappened) {
  EXPECT_TRUE(linearizable({}));
}

TEST(Histories, OneAfterTheOther) {
  EXPECT_TRUE(linearizable({
      get("a", 0, 1, absent),
      put("a", 2, 3, "1"),
      get("b", 4, 5, "1"),
      remove("a", 6, 7),
      get("b", 8, 9, absent),
  }));
}

TEST(Histories, ReadDuringAWriteMaySeeEither) {
  for (const value& seen : {value("1"), value("2")})
    EXPECT_TRUE(linearizable({put("a", 0, 1, "1"), put("a", 2, 10, "2"), get("b", 3, 4, seen)}));
}

TEST(Histories, ReadsDuringAWriteMustNotGoBack) {
  EXPECT_TRUE(violated({
      put("a", 0, 1, "1"), put("a", 2, 10, "2"), get("b", 3, 4, "2"),
      get("c", 5, 6, "1"), // after b saw the new value
  }));
}

TEST(Histories, StaleRead) {
  EXPECT_TRUE(violated({put("a", 0, 1, "1"), put("a", 2, 3, "2"), get("b", 4, 5, "1")}));
}

TEST(Histories, StaleReadOfAbsence) {
  EXPECT_TRUE(violated({put("a", 0, 1, "1"), get("b", 2, 3, absent)}));
}

TEST(Histories, ReadAfterDelete) {
  EXPECT_TRUE(violated({put("a", 0, 1, "1"), remove("a", 2, 3), get("b", 4, 5, "1")}));
}

TEST(Histories, ValueFromNowhere) {
  EXPECT_TRUE(violated({put("a", 0, 1, "1"), get("b", 2, 3, "7")}));
}

TEST(Histories, ReadFromTheFuture) {
  EXPECT_TRUE(violated({get("b", 0, 1, "1"), put("a", 2, 3, "1")}));
}

TEST(Histories, EqualTimesAreConcurrent) {
  EXPECT_TRUE(linearizable({put("a", 0, 5, "1"), get("b", 5, 5, absent), get("c", 5, 6, "1")}));
}

TEST(Histories, AcknowledgedWriteThatIsLost) {
  EXPECT_TRUE(violated({
      put("a", 0, 1, "1"),
      put("b", 2, 3, "2"), // acknowledged, then lost with the leader that had not synced it
      get("c", 10, 11, "1"),
  }));
}

TEST(Histories, TwoSwapsFromOneValueAreALostUpdate) {
  EXPECT_TRUE(violated({
      put("a", 0, 1, "5"),
      cas("a", 2, 10, "5", "6"),
      cas("b", 2, 10, "5", "6"),
  }));
}

TEST(Histories, SwapThatAppliedTwice) {
  // The counter is at 1 after two increments were acknowledged, one of which was retried: 0->1, then 1->2
  // by b, after which a's duplicate took the counter from 1 ... to a value that nobody should see.
  EXPECT_TRUE(violated({
      put("a", 0, 1, "0"), cas("a", 2, 9, "0", "1"), cas("b", 10, 11, "1", "0"),
      get("c", 12, 13, "1"), // a's increment took effect again
  }));
  EXPECT_TRUE(linearizable({
      put("a", 0, 1, "0"),
      cas("a", 2, 9, "0", "1"),
      cas("b", 10, 11, "1", "0"),
      get("c", 12, 13, "0"),
  }));
}

TEST(Histories, DuplicateOfAPutThatShowsUpLate) {
  EXPECT_TRUE(violated({
      put("a", 0, 1, "1"), put("b", 2, 3, "2"), get("c", 4, 5, "2"),
      get("c", 6, 7, "1"), // a retry of the first put, applied again
  }));
}

TEST(Histories, UnknownWriteMayShowUpLate) {
  EXPECT_TRUE(linearizable({
      put("a", 0, 1, "1"),
      put("b", 2, never, "2"),
      get("c", 10, 11, "1"),
      get("c", 20, 21, "1"),
      get("c", 1000, 1001, "2"),
  }));
}

TEST(Histories, UnknownWriteMayNeverHappen) {
  EXPECT_TRUE(linearizable({put("a", 0, 1, "1"), put("b", 2, never, "2"), get("c", 10, 11, "1")}));
}

TEST(Histories, UnknownWriteMustNotGoAwayAgain) {
  EXPECT_TRUE(violated({
      put("a", 0, 1, "1"),
      put("b", 2, never, "2"),
      get("c", 10, 11, "2"),
      get("c", 20, 21, "1"),
  }));
}

TEST(Histories, UnknownWriteHappensOnce) {
  EXPECT_TRUE(violated({
      put("b", 2, never, "2"),
      get("c", 10, 11, "2"),
      put("a", 12, 13, "3"),
      get("c", 20, 21, "2"),
  }));
}

TEST(Histories, UnknownWriteMustNotHappenBeforeItWasAsked) {
  EXPECT_TRUE(violated({get("c", 0, 1, "2"), put("b", 2, never, "2")}));
}

TEST(Histories, FailedWriteMustNotHappen) {
  EXPECT_TRUE(violated({failed(put("a", 0, 1, "1")), get("b", 2, 3, "1")}));
  EXPECT_TRUE(linearizable({failed(put("a", 0, 1, "1")), get("b", 2, 3, absent)}));
}

TEST(Histories, UnknownSwapNeedsItsCondition) {
  EXPECT_TRUE(violated({put("a", 0, 1, "1"), cas("b", 2, never, "7", "2"), get("c", 5, 6, "2")}));
  EXPECT_TRUE(linearizable({put("a", 0, 1, "1"), cas("b", 2, never, "1", "2"), get("c", 5, 6, "2")}));
}

TEST(Histories, UnknownSwapsMayChain) {
  EXPECT_TRUE(linearizable({
      put("a", 0, 1, "1"),
      cas("b", 2, never, "1", "2"),
      cas("c", 3, never, "2", "3"),
      cas("d", 4, never, "3", "4"),
      get("e", 9, 10, "4"),
  }));
}

TEST(Histories, RefusedSwapNeedsAnotherValue) {
  EXPECT_TRUE(violated({put("a", 0, 1, "1"), refused(cas("b", 2, 3, "1", "2"))}));
  EXPECT_TRUE(linearizable({put("a", 0, 1, "1"), refused(cas("b", 2, 3, "0", "2"))}));
  EXPECT_TRUE(violated({refused(cas("b", 2, 3, absent, "2"))}));
}

TEST(Histories, RefusalMayBeTheOnlyTraceOfAnUnknownWrite) {
  EXPECT_TRUE(linearizable({
      put("a", 0, 1, "1"), put("b", 2, never, "2"), // nobody ever reads 2
      refused(cas("c", 3, 4, "1", "3")),            // but this was refused
  }));
}

TEST(Histories, CreateOnceOnly) {
  EXPECT_TRUE(violated({cas("a", 0, 9, absent, "1"), cas("b", 0, 9, absent, "2")}));
  EXPECT_TRUE(linearizable({cas("a", 0, 9, absent, "1"), refused(cas("b", 0, 9, absent, "2"))}));
}

TEST(Histories, ConditionalDelete) {
  EXPECT_TRUE(linearizable({put("a", 0, 1, "1"), cas("a", 2, 3, "1", absent), get("b", 4, 5, absent)}));
  EXPECT_TRUE(violated({put("a", 0, 1, "1"), cas("a", 2, 3, "2", absent)}));
}

TEST(Histories, OrderOfWritesSeenDifferentlyByTwoReaders) {
  EXPECT_TRUE(violated({
      put("a", 0, 100, "1"),
      put("b", 0, 100, "2"),
      get("c", 10, 11, "1"),
      get("c", 20, 21, "2"),
      get("d", 30, 31, "1"),
  }));
}

TEST(Histories, KeysAreIndependent) {
  EXPECT_TRUE(linearizable({put("a", 0, 1, "1"), on("y", get("b", 2, 3, absent))}));
  const report found = check({put("a", 0, 1, "1"), get("a", 2, 3, "1"), on("y", get("b", 2, 3, "1"))});
  ASSERT_EQ(found.findings.size(), 1u);
  EXPECT_EQ(found.findings[0].key, "y");
  EXPECT_EQ(found.keys, 2u);
}

TEST(Histories, RegistersThatExistBefore) {
  options how;
  how.initial["x"] = "old";
  EXPECT_TRUE(check({get("a", 0, 1, "old")}, how).ok());
  EXPECT_FALSE(check({get("a", 0, 1, absent)}, how).ok());
}

TEST(Histories, OutOfBudgetIsUndecidedAndNotOk) {
  std::vector<operation> history;
  for (int i = 0; i < 40; ++i)
    history.push_back(put("a", i, 1000, std::to_string(i % 3)));
  options how;
  how.limits.steps = 3;
  const report found = check(history, how);
  EXPECT_EQ(found.result, verdict::undecided);
  EXPECT_FALSE(found.ok());
  EXPECT_THAT(found.text(), HasSubstr("given up"));
}

TEST(Explanation, NamesTheReturnThatBrokeItAndWhatStood) {
  std::vector<operation> history = {
      put("a", 0, 1, "1"), put("a", 2, 3, "2"), get("b", 4, 5, "1"), put("a", 6, 7, "3"), get("b", 8, 9, "3"),
  };
  const report found = check(history);
  ASSERT_EQ(found.result, verdict::violation);
  const std::string text = found.text();
  EXPECT_THAT(text, HasSubstr("key x: NOT linearizable (5 operations)"));
  EXPECT_THAT(text, HasSubstr("linearizable until this returned:\n    b  [4, 5]  get x  ok: \"1\""));
  EXPECT_THAT(text, HasSubstr("a  [0, 1]  put x = \"1\"  ok   => \"1\""));
  EXPECT_THAT(text,
              HasSubstr("a  [2, 3]  put x = \"2\"  ok\n        would end \"1\" for good, which has yet to be "
                        "seen by: b  [4, 5]  get x  ok: \"1\""));
  EXPECT_THAT(text, Not(HasSubstr("\"3\""))) << "what came later explains nothing";
}

TEST(Explanation, SaysThatNobodyWroteTheValue) {
  EXPECT_THAT(check({put("a", 0, 1, "1"), get("b", 2, 3, "7")}).text(),
              HasSubstr("the register is \"1\", and no operation ever made it \"7\""));
}

TEST(Explanation, SaysThatTheConditionWouldHaveHeld) {
  EXPECT_THAT(check({put("a", 0, 1, "1"), refused(cas("b", 2, 3, "1", "2"))}).text(),
              HasSubstr("so that the condition would have held"));
}

TEST(HistoriesDeathTest, MalformedOperationsAbort) {
  EXPECT_DEATH(check({put("a", 5, 4, "1")}), "returned before it was invoked");
  EXPECT_DEATH(check({refused(put("a", 4, 5, "1"))}), "only a cas has a condition");
}

} // namespace
} // namespace troupe::linearizability
