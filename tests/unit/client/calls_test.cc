// What a session decides, event by event: who is asked, when again, and what is said in the end.
#include "tests/unit/client/calls_words.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

namespace troupe::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A session's brain with its hands: remembers what was sent and what was answered.
struct Calls : testing::Test {
  explicit Calls(calls_options o = quick()) : brain(std::move(o)) {}

  void start(msg::Parcel request, std::int64_t timeout_us = 5'000 * ms) {
    brain.start({std::move(request), now + timeout_us, [](msg::Parcel) {}}, now);
    collect();
  }
  void found(const std::string& router) { brain.found(router, now), collect(); }
  void lost(const std::string& router) { brain.lost(router, now), collect(); }
  void answer(const wire::outgoing& attempt, msg::Code code, const std::string& text = {}) {
    auto reply = refuse(attempt.parcel, code, text);
    reply.set_id(attempt.parcel.id());
    reply.set_reply(true);
    brain.reply(reply, now);
    collect();
  }
  void undelivered(const wire::outgoing& attempt) {
    auto reply = wire::reply_to(attempt.parcel);
    brain.reply(reply, now);
    collect();
  }
  // Time goes on in steps of a millisecond.
  void pass(std::int64_t us) {
    for (auto end = now + us; now < end;) {
      now += ms;
      brain.tick(now);
      collect();
    }
  }
  void collect() {
    for (auto& parcel : brain.parcels)
      sent.push_back(std::move(parcel));
    for (auto& f : brain.answers)
      said.push_back(status_of(f.reply));
    brain.parcels.clear();
    brain.answers.clear();
  }

  std::int64_t now = 1'000'000 * ms;
  calls brain;
  wire::outbox sent;
  std::vector<msg::Status> said;
};

TEST_F(Calls, ASuccessIsPassedOnAndTheRequestForgotten) {
  found("a");
  start(put_request());
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].node, "a");
  answer(sent[0], msg::OK);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  EXPECT_EQ(brain.size(), 0u);
  pass(6'000 * ms);
  EXPECT_EQ(sent.size(), 1u);
}

TEST_F(Calls, RequestsMadeBeforeARouterIsThereLeaveWhenItComes) {
  start(put_request());
  start(get_request());
  EXPECT_TRUE(sent.empty());
  pass(300 * ms);
  found("a");
  EXPECT_EQ(sent.size(), 2u);
}

TEST_F(Calls, EachRequestHasAnIdOfItsOwnThatItsRetriesKeep) {
  found("a");
  start(put_request());
  start(put_request());
  answer(sent[0], msg::OVERLOADED);
  pass(20 * ms);
  ASSERT_EQ(sent.size(), 3u);
  auto id = [&](std::size_t i) { return sent[i].parcel.item_request().id(); };
  EXPECT_EQ(id(0).client(), 77u);
  EXPECT_EQ(id(0).sequence(), 1u);
  EXPECT_EQ(id(1).sequence(), 2u);
  EXPECT_EQ(id(2).sequence(), 1u) << "a retry is the same request";
  EXPECT_NE(sent[0].parcel.id(), sent[2].parcel.id())
      << "but its answer must not be mistaken for the first one's";
}

TEST_F(Calls, ARequestIdThatIsThereIsKept) {
  found("a");
  auto request = put_request();
  request.mutable_item_request()->mutable_id()->set_client(5);
  request.mutable_item_request()->mutable_id()->set_sequence(9);
  start(request);
  EXPECT_EQ(sent[0].parcel.item_request().id().client(), 5u);
  EXPECT_EQ(sent[0].parcel.item_request().id().sequence(), 9u);
}

TEST_F(Calls, RefusalsForTheMomentAreRetriedWithGrowingDelays) {
  found("a");
  start(put_request());
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 6; ++i) {
    auto before = now;
    answer(sent.back(), i % 2 == 0 ? msg::OVERLOADED : msg::UNAVAILABLE);
    auto count = sent.size();
    while (sent.size() == count)
      pass(ms);
    delays.push_back((now - before) / ms);
  }
  // Between half of and the whole of 10, 20, 40, 80, 80, 80 ms; a millisecond is the step of this clock.
  std::int64_t full[] = {10, 20, 40, 80, 80, 80};
  for (std::size_t i = 0; i < delays.size(); ++i) {
    EXPECT_GE(delays[i], full[i] / 2) << i;
    EXPECT_LE(delays[i], full[i] + 1) << i;
  }
  answer(sent.back(), msg::OK);
  EXPECT_EQ(said.at(0).code(), msg::OK);
}

TEST_F(Calls, RefusalsForGoodAreNotRetried) {
  found("a");
  for (auto code :
       {msg::VALIDATION, msg::CONDITION_FAILED, msg::TABLE_NOT_FOUND, msg::STORAGE_FULL, msg::INTERNAL}) {
    start(put_request());
    answer(sent.back(), code, "because");
    ASSERT_EQ(said.back().code(), code);
    EXPECT_EQ(said.back().message(), "because");
  }
  pass(6'000 * ms);
  EXPECT_EQ(sent.size(), 5u);
}

TEST_F(Calls, ARequestThatWasNeverSentIsUnavailableNotUnknown) {
  start(put_request(), 200 * ms);
  pass(200 * ms);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNAVAILABLE);
  EXPECT_THAT(said[0].message(), HasSubstr("no router could be reached within 200 ms"));
}

TEST_F(Calls, AWriteWithoutAnAnswerIsUnknown) {
  found("a");
  start(put_request(), 200 * ms);
  pass(200 * ms);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNKNOWN_OUTCOME);
}

TEST_F(Calls, AReadWithoutAnAnswerIsUnavailable) {
  found("a");
  start(get_request(), 200 * ms);
  pass(200 * ms);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNAVAILABLE);
}

TEST_F(Calls, AWriteRefusedUntilItsDeadlineHadNoEffect) {
  found("a");
  start(put_request(), 200 * ms);
  for (int i = 0; i < 20 && said.empty(); ++i) {
    answer(sent.back(), msg::OVERLOADED, "full");
    auto count = sent.size();
    for (int step = 0; step < 200 && sent.size() == count && said.empty(); ++step)
      pass(ms);
  }
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OVERLOADED);
}

TEST_F(Calls, AWriteWhoseRouterWentAwayIsSentAgainElsewhere) {
  found("a");
  start(put_request());
  found("b");
  lost("a");
  pass(20 * ms);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].node, "b");
  answer(sent[1], msg::OK);
  EXPECT_EQ(said.at(0).code(), msg::OK);
}

TEST_F(Calls, ARefusalAfterALostAttemptSaysNothingAboutIt) {
  found("a");
  start(put_request());
  found("b");
  lost("a"); // it may still be executed, after the retry
  pass(20 * ms);
  answer(sent.at(1), msg::TABLE_NOT_FOUND, "no such table");
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNKNOWN_OUTCOME);
  EXPECT_THAT(said[0].message(), HasSubstr("no such table"));
}

TEST_F(Calls, AFailedConditionOfARepeatedAttemptIsRememberedByTheReplicasAndSettlesIt) {
  found("a");
  start(put_request());
  EXPECT_FALSE(sent[0].parcel.item_request().id().repeated());
  found("b");
  lost("a");
  pass(20 * ms);
  EXPECT_TRUE(sent.at(1).parcel.item_request().id().repeated());
  answer(sent[1], msg::CONDITION_FAILED);
  EXPECT_EQ(said.at(0).code(), msg::CONDITION_FAILED);
}

TEST_F(Calls, ARefusedUpdateOfARepeatedAttemptIsRememberedAsWell) {
  found("a");
  start(update_request());
  found("b");
  lost("a");
  pass(20 * ms);
  EXPECT_TRUE(sent.at(1).parcel.item_request().id().repeated());
  answer(sent[1], msg::VALIDATION, "no number");
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::VALIDATION);
  EXPECT_EQ(said[0].message(), "no number");

  start(put_request()); // of which nobody remembers such a refusal
  found("a");
  lost("b");
  pass(20 * ms);
  answer(sent.back(), msg::VALIDATION);
  pass(6'000 * ms);
  EXPECT_EQ(said.at(1).code(), msg::UNKNOWN_OUTCOME);
}

TEST_F(Calls, ARetryIsMarkedAsRepeatedOnlyWhenAnAttemptIsInDoubt) {
  found("a");
  start(put_request());
  answer(sent[0], msg::OVERLOADED); // that one had no effect, and never will
  pass(20 * ms);
  EXPECT_FALSE(sent.at(1).parcel.item_request().id().repeated());
  answer(sent[1], msg::UNKNOWN_OUTCOME);
  pass(50 * ms);
  EXPECT_TRUE(sent.at(2).parcel.item_request().id().repeated());
}

TEST_F(Calls, AReadIsNeverInDoubt) {
  found("a");
  start(get_request());
  found("b");
  lost("a");
  pass(20 * ms);
  answer(sent.at(1), msg::TABLE_NOT_FOUND);
  EXPECT_EQ(said.at(0).code(), msg::TABLE_NOT_FOUND);
}

TEST_F(Calls, AnUndeliveredAttemptHadNoEffect) {
  found("a");
  start(put_request());
  undelivered(sent[0]);
  pass(20 * ms);
  ASSERT_EQ(sent.size(), 2u);
  answer(sent[1], msg::CONDITION_FAILED);
  EXPECT_EQ(said.at(0).code(), msg::CONDITION_FAILED);
}

TEST_F(Calls, AnUnknownOutcomeIsAskedAgainUnderTheSameId) {
  found("a");
  start(put_request());
  answer(sent[0], msg::UNKNOWN_OUTCOME);
  pass(20 * ms);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].parcel.item_request().id().sequence(), sent[1].parcel.item_request().id().sequence());
  answer(sent[1], msg::OK);
  EXPECT_EQ(said.at(0).code(), msg::OK);
}

TEST_F(Calls, UnknownUntilTheEndStaysUnknown) {
  found("a");
  start(put_request(), 300 * ms);
  answer(sent[0], msg::UNKNOWN_OUTCOME);
  pass(20 * ms);
  answer(sent.at(1), msg::UNAVAILABLE);
  pass(300 * ms);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNKNOWN_OUTCOME);
}

TEST_F(Calls, ASecondRouterIsAskedWhenTheFirstIsSilentAndEitherMayAnswer) {
  found("a");
  start(put_request());
  found("b");
  pass(1'000 * ms);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].node, "b");
  answer(sent[0], msg::OK); // the slow one, after all
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
  answer(sent[1], msg::OK);
  EXPECT_EQ(said.size(), 1u) << "the second success answers nobody";
  EXPECT_EQ(brain.late_replies(), 1u);
}

TEST_F(Calls, AFailedConditionWaitsForTheRepeatedAttemptThatIsStillOpen) {
  found("a");
  start(put_request());
  found("b");
  pass(1'000 * ms);
  ASSERT_EQ(sent.size(), 2u);
  answer(sent[0], msg::CONDITION_FAILED, "but the other one may come later and see another item");
  EXPECT_TRUE(said.empty());
  answer(sent[1], msg::OK);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::OK);
}

TEST_F(Calls, AFailedConditionBesideALostAttemptIsAskedForAgainUntilItIsRemembered) {
  found("a");
  start(put_request());
  found("b");
  pass(1'000 * ms);
  ASSERT_EQ(sent.size(), 2u);
  lost("b"); // the repeated one may still be executed
  answer(sent[0], msg::CONDITION_FAILED);
  EXPECT_TRUE(said.empty());
  pass(50 * ms);
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_TRUE(sent[2].parcel.item_request().id().repeated());
  answer(sent[2], msg::CONDITION_FAILED);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::CONDITION_FAILED);
}

TEST_F(Calls, TwoRefusalsWithoutDoubtAreARefusal) {
  found("a");
  start(put_request());
  found("b");
  pass(1'000 * ms);
  answer(sent.at(1), msg::STORAGE_FULL);
  EXPECT_TRUE(said.empty());
  answer(sent[0], msg::UNAVAILABLE);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNAVAILABLE);
}

TEST_F(Calls, DuplicatesAndStrangeRepliesAreIgnored) {
  found("a");
  start(put_request());
  answer(sent[0], msg::OVERLOADED);
  answer(sent[0], msg::OK); // a duplicate that says something else is no answer to the open attempt
  EXPECT_TRUE(said.empty());
  wire::outgoing stranger{"a", put_request()};
  stranger.parcel.set_id(123'456);
  answer(stranger, msg::OK);
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(brain.late_replies(), 2u);
}

TEST_F(Calls, AnAnswerOfTheWrongKindLeavesAWriteInDoubt) {
  found("a");
  start(put_request(), 100 * ms);
  msg::Parcel reply;
  reply.set_id(sent[0].parcel.id());
  reply.set_reply(true);
  reply.mutable_admin_reply();
  brain.reply(reply, now);
  pass(100 * ms);
  EXPECT_EQ(said.at(0).code(), msg::UNKNOWN_OUTCOME);
}

TEST_F(Calls, ClosingAnswersEverybody) {
  found("a");
  start(put_request());
  start(get_request());
  start(create_request());
  lost("a");
  start(put_request());
  brain.close();
  collect();
  std::map<msg::Code, int> codes;
  for (auto& status : said)
    ++codes[status.code()];
  EXPECT_EQ(codes[msg::UNKNOWN_OUTCOME], 2) << "the put and the create that were sent";
  EXPECT_EQ(codes[msg::UNAVAILABLE], 2) << "the get, and the put that was not";
  EXPECT_EQ(brain.size(), 0u);
}

TEST_F(Calls, RequestsStayWithOneRouterWhileItIsThere) {
  found("a");
  found("b");
  found("c");
  for (int i = 0; i < 20; ++i)
    start(get_request());
  std::set<std::string> asked;
  for (auto& one : sent)
    asked.insert(one.node);
  EXPECT_EQ(asked.size(), 1u);
  lost(*asked.begin());
  start(get_request());
  EXPECT_NE(sent.back().node, *asked.begin());
}

struct Spread : Calls {
  static calls_options taking_turns() {
    auto o = quick();
    o.spread = true;
    return o;
  }
  Spread() : Calls(taking_turns()) {}
};

TEST_F(Spread, RequestsTakeTurns) {
  found("a");
  found("b");
  found("c");
  std::map<std::string, int> asked;
  for (int i = 0; i < 30; ++i)
    start(get_request());
  for (auto& one : sent)
    ++asked[one.node];
  EXPECT_EQ(asked, (std::map<std::string, int>{{"a", 10}, {"b", 10}, {"c", 10}}));
}

// A node that is cut off from the others can still be reached by its clients. They must not all begin there,
// and wait for it, each time.
TEST_F(Calls, ARouterThatServesWhatTheFavouriteDidNotIsTheNextFavourite) {
  found("a");
  start(put_request());
  found("b");
  pass(1'000 * ms); // a says nothing
  ASSERT_EQ(sent.size(), 2u);
  ASSERT_EQ(sent[1].node, "b");
  start(get_request());
  ASSERT_EQ(sent[2].node, "a") << "b has not shown anything yet";
  answer(sent[1], msg::OK);
  start(put_request());
  EXPECT_EQ(sent[3].node, "b");
  answer(sent[0], msg::OK); // too late
  start(put_request());
  EXPECT_EQ(sent[4].node, "b");
  // And back again, by a refusal this time.
  answer(sent[4], msg::UNAVAILABLE);
  pass(20 * ms);
  ASSERT_EQ(sent.size(), 6u);
  ASSERT_EQ(sent[5].node, "a");
  answer(sent[5], msg::OK);
  start(get_request());
  EXPECT_EQ(sent[6].node, "a");
}

struct Few : Calls {
  static calls_options three() {
    auto o = quick();
    o.retry.attempts = 3;
    o.reach = std::chrono::milliseconds(150);
    return o;
  }
  Few() : Calls(three()) {}
};

TEST_F(Few, AttemptsAreBounded) {
  found("a");
  start(put_request());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(sent.size(), static_cast<std::size_t>(i + 1));
    answer(sent.back(), msg::UNAVAILABLE, "no leader");
    pass(100 * ms);
  }
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNAVAILABLE);
  EXPECT_EQ(said[0].message(), "no leader");
  EXPECT_EQ(sent.size(), 3u);
}

TEST_F(Few, WithoutARouterARequestGivesUpAsSoonAsItMay) {
  start(put_request());
  pass(149 * ms);
  EXPECT_TRUE(said.empty());
  pass(ms);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].code(), msg::UNAVAILABLE);
}

TEST_F(Calls, TheRouterHearsOfADeadlineThatLeavesTimeForItsAnswer) {
  found("a");
  start(put_request(), 2'000 * ms);
  EXPECT_EQ(sent[0].parcel.deadline_ms(), 1'950u);
  start(put_request(), 100 * ms);
  EXPECT_EQ(sent[1].parcel.deadline_ms(), 90u);
  start(put_request(), ms);
  EXPECT_EQ(sent[2].parcel.deadline_ms(), 1u);
}

} // namespace
} // namespace troupe::client
