// Who may be condemned by a comparison: a member that is outvoted by two copies that are known not to be one
// and its echo. And that a sentence is heard, by the copy that it is about.
#include "tests/unit/scrubber/proof_world.h"
#include <gmock/gmock.h>

namespace troupe::scrubber {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using ask = msg::ScrubRequest;

struct Comparison : ::testing::Test {
  world w;
  scrub::leaf_list right;
  scrub::leaf_list wrong;
  Comparison() {
    w.write(40);
    w.archive(1, 40);
    w.start();
    right = w.leaves_at(40);
    wrong = w.leaves_at(40, "x");
    for (std::uint64_t member : {1, 2, 3})
      w.voices["n" + std::to_string(member)] = {member, right, 100 + member, {}};
  }
  std::vector<const msg::ScrubRequest*> sentences() { return w.told(ask::kCondemn); }
  bool arbitration_was_ordered() {
    const auto orders = w.told(ask::kProve);
    return !orders.empty() && orders.back()->prove().arbitrate();
  }
};

TEST_F(Comparison, OneIsOutvotedByTwoThatWereFoundEqualToItOnce) {
  w.compare();
  EXPECT_THAT(w.voices["n3"].remembers,
              ElementsAre(scrub::witness{1, 101}, scrub::witness{2, 102}, scrub::witness{3, 103}));
  w.voices["n3"].leaves = wrong;
  w.compare();
  ASSERT_EQ(sentences().size(), 1u);
  EXPECT_EQ(sentences()[0]->condemn().member(), 3u);
  EXPECT_EQ(sentences()[0]->condemn().epoch(), 5u);
  EXPECT_EQ(sentences()[0]->condemn().lineage(), 103u) << "this copy and no other";
}

// Member 1 went wrong, member 2 fell behind the log and was given a copy of its items: the same member under
// the same configuration, and an echo.
TEST_F(Comparison, AMemberThatCaughtUpFromAWrongOneOutvotesNobodyWithIt) {
  w.compare();
  w.voices["n1"].leaves = wrong;
  w.voices["n2"].leaves = wrong;
  w.voices["n2"].lineage = 202;
  w.compare();
  EXPECT_THAT(sentences(), IsEmpty()) << "member 3, which is right, would be";
  EXPECT_TRUE(arbitration_was_ordered());
  EXPECT_THAT(w.report().finding(), HasSubstr("one may have been made from another"));
}

TEST_F(Comparison, WhoHasBeenRebuiltAndFoundEqualSinceIsAWitnessAgain) {
  w.compare();
  w.voices["n2"].lineage = 202;
  w.compare();
  w.voices["n3"].leaves = wrong;
  w.compare();
  ASSERT_EQ(sentences().size(), 1u);
  EXPECT_EQ(sentences()[0]->condemn().member(), 3u);
}

TEST_F(Comparison, ACopyOfUnknownLineageIsNoWitness) {
  w.voices["n1"].lineage = 0; // an older version of the program
  w.compare();
  w.voices["n3"].leaves = wrong;
  w.compare();
  EXPECT_THAT(sentences(), IsEmpty());
  EXPECT_TRUE(arbitration_was_ordered());
}

TEST_F(Comparison, ASentenceIsToldUntilItIsHeard) {
  w.compare();
  w.voices["n3"].leaves = wrong;
  w.voices["n3"].deaf = true;
  w.compare();
  w.run(6s);
  const auto told = sentences().size();
  EXPECT_GE(told, 3u);
  w.voices["n3"].deaf = false;
  w.voices["n3"].hears = msg::ScrubReply::GONE; // its node is starting, and has come to the scrubber only
  w.run(4s);
  EXPECT_EQ(sentences().size(), told + 2);
  w.voices["n3"].hears = msg::ScrubReply::HERE;
  w.run(3s);
  EXPECT_EQ(sentences().size(), told + 3);
  w.run(10s);
  EXPECT_EQ(sentences().size(), told + 3);
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "replica"), 1) << "it is one finding";
}

TEST_F(Comparison, ASentenceIsGivenUpAfterAMinute) {
  w.compare();
  w.voices["n3"].leaves = wrong;
  w.voices["n3"].deaf = true;
  w.compare();
  w.run(62s);
  const auto told = sentences().size();
  EXPECT_LE(told, 31u);
  w.run(10s);
  EXPECT_EQ(sentences().size(), told);
}

TEST_F(Comparison, ASentenceIsForTheCopyThatWasCompared) {
  auto answered = [&] { return w.sent.back().parcel.scrub_reply().state(); };
  w.condemnable = false;
  w.condemn(202);
  EXPECT_EQ(answered(), msg::ScrubReply::NOT_YET);
  w.condemnable = true;
  w.condemn(202);
  EXPECT_EQ(answered(), msg::ScrubReply::HERE);
  ASSERT_EQ(w.condemned.size(), 2u);
  EXPECT_TRUE(w.condemned.back().compared);
  EXPECT_EQ(w.condemned.back().epoch, 5u);
  EXPECT_EQ(w.condemned.back().lineage, 202u) << "whether that is the one it has, the replica knows";
}

} // namespace
} // namespace troupe::scrubber
