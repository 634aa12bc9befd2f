// A router by itself: where it sends a request, when it asks again, and what it says when it gives up.
#include "actors/client/requests.h"
#include "actors/client/values.h"
#include "tests/unit/router/router_world.h"
#include <gtest/gtest.h>
#include <set>

namespace troupe::router {
namespace {

using namespace std::chrono_literals;

msg::Code answered(router_world& w) {
  return w.to(msg::ROLE_CLIENT).parcel.item_reply().status().code();
}

TEST(Router, AnswersWhatTheReplicaSaysAndRemembersWhoLeads) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  auto first = w.to(msg::ROLE_REPLICA);
  EXPECT_EQ(first.parcel.to().group(), 7u);
  EXPECT_FALSE(first.parcel.replica_request().id().repeated());
  auto leader = first.node == "n3" ? "n2" : "n3";
  w.moved(first, leader);
  auto second = w.to(msg::ROLE_REPLICA);
  EXPECT_EQ(second.node, leader) << "a hint is followed at once";
  EXPECT_TRUE(second.parcel.replica_request().id().repeated());
  EXPECT_NE(second.parcel.id(), first.parcel.id());
  w.answer(second, reply_with(msg::OK));
  auto reply = w.to(msg::ROLE_CLIENT);
  EXPECT_EQ(reply.node, "client");
  EXPECT_EQ(reply.parcel.id(), 1u);
  EXPECT_EQ(reply.parcel.item_reply().status().code(), msg::OK);
  EXPECT_EQ(reply.parcel.item_reply().attempts(), 2u);

  w.put(2, "b");
  EXPECT_EQ(w.to(msg::ROLE_REPLICA).node, leader) << "the next request goes there first";
}

TEST(Router, ARepeatedReadIsNotMarked) {
  router_world w;
  w.learn_map();
  w.get(1, "a");
  w.moved(w.to(msg::ROLE_REPLICA), "n3");
  EXPECT_FALSE(w.to(msg::ROLE_REPLICA).parcel.replica_request().id().repeated());
}

TEST(Router, AQuestionThatCouldNotBeDeliveredIsAskedOfAnotherMember) {
  router_world w;
  w.learn_map();
  w.get(1, "a");
  std::set<std::string> asked;
  for (int i = 0; i < 6; ++i) {
    auto question = w.next_to(msg::ROLE_REPLICA);
    ASSERT_TRUE(question) << i;
    asked.insert(question->node);
    w.undelivered(*question);
    w.run(200ms);
  }
  EXPECT_EQ(asked.size(), 3u) << "somebody was never asked";
}

TEST(Router, AWriteWhoseAttemptsWereNeverDeliveredIsUnavailable) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  for (int i = 0; i < 420; ++i) {
    while (auto question = w.next_to(msg::ROLE_REPLICA))
      w.undelivered(*question);
    w.run(5ms);
  }
  EXPECT_EQ(answered(w), msg::UNAVAILABLE) << "it cannot have taken effect";
}

TEST(Router, AWriteThatWasSentAndNotAnsweredIsUnknown) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  w.run(1'900ms);
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT)) << "there is time left";
  w.run(200ms);
  EXPECT_EQ(answered(w), msg::UNKNOWN_OUTCOME);
}

TEST(Router, AReadThatWasNotAnsweredIsUnavailable) {
  router_world w;
  w.learn_map();
  w.get(1, "a");
  w.run(2'100ms);
  EXPECT_EQ(answered(w), msg::UNAVAILABLE);
}

TEST(Router, ARefusalOfALaterAttemptSaysNothingOfALostOne) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  auto lost = w.to(msg::ROLE_REPLICA);
  w.lose(lost.node);
  for (int i = 0; i < 420; ++i) {
    while (auto question = w.next_to(msg::ROLE_REPLICA))
      w.answer(*question, reply_with(msg::STORAGE_FULL));
    w.run(5ms);
  }
  EXPECT_EQ(answered(w), msg::UNKNOWN_OUTCOME);
}

TEST(Router, ARefusedConditionIsBelievedFromTheNewestAttemptOnly) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  auto first = w.to(msg::ROLE_REPLICA);
  w.run(1'100ms); // its patience is over
  auto second = w.to(msg::ROLE_REPLICA);
  w.answer(first, reply_with(msg::CONDITION_FAILED));
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT));
  w.answer(second, reply_with(msg::OK));
  EXPECT_EQ(answered(w), msg::OK);
}

TEST(Router, ALateAnswerToAnEarlierAttemptIsAnAnswer) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  auto first = w.to(msg::ROLE_REPLICA);
  w.run(1'100ms);
  w.answer(first, reply_with(msg::OK));
  EXPECT_EQ(answered(w), msg::OK);
  w.run(2'000ms);
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT)) << "once";
}

TEST(Router, WithoutRoomARequestIsRefusedAndTheOthersGoOn) {
  router_world w(2);
  w.learn_map();
  w.get(1, "a");
  w.get(2, "b");
  w.get(3, "c");
  auto refused = w.to(msg::ROLE_CLIENT);
  EXPECT_EQ(refused.parcel.id(), 3u);
  EXPECT_EQ(refused.parcel.item_reply().status().code(), msg::OVERLOADED);
  w.answer(w.to(msg::ROLE_REPLICA), reply_with(msg::OK));
  EXPECT_EQ(answered(w), msg::OK);
  w.get(4, "d");
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT)) << "there is room again";
}

TEST(Router, AnEventualReadGoesToTheCopyOfItsOwnNode) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  w.moved(w.to(msg::ROLE_REPLICA), "n3");
  w.answer(w.to(msg::ROLE_REPLICA), reply_with(msg::OK));
  w.to(msg::ROLE_CLIENT);
  w.get(2, "a", true);
  EXPECT_EQ(w.to(msg::ROLE_REPLICA).node, "n1");
  w.get(3, "a");
  EXPECT_EQ(w.to(msg::ROLE_REPLICA).node, "n3");
}

TEST(Router, ATableItDoesNotKnowIsLookedForInTheNewestMap) {
  router_world w;
  w.run(1'000ms);
  while (w.next_to(msg::ROLE_ADMIN)) {
  }
  w.get(1, "a");
  w.run(1'500ms);
  std::optional<wire::outgoing> question;
  while (auto one = w.next_to(msg::ROLE_ADMIN))
    question = std::move(one);
  ASSERT_TRUE(question);
  EXPECT_TRUE(question->parcel.map_request().strong());
  w.give_map(*question);
  w.answer(w.to(msg::ROLE_REPLICA), reply_with(msg::OK));
  EXPECT_EQ(answered(w), msg::OK);
}

// Nobody who knows the tables can be reached: the client hears so in time, and the request takes no room
// after.
TEST(Router, ARequestThatWaitsForAMapIsAnsweredByItsDeadline) {
  router_world w(1);
  w.put(1, "a");
  w.run(2'100ms);
  EXPECT_EQ(answered(w), msg::UNAVAILABLE);
  w.put(2, "b");
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT)) << "there is room again";
}

// One page: these keys, and whether there is more behind them.
msg::ReplicaReply page(const std::vector<std::string>& keys, bool more) {
  msg::ReplicaReply reply;
  for (const auto& key : keys) {
    auto& record = *reply.add_records();
    record.set_key(key);
    record.set_item("");
  }
  reply.set_more(more);
  if (more)
    reply.set_resume(keys.back() + '\0');
  return reply;
}

TEST(Router, ALatePageOfAnEarlierAttemptIsNotTakenForTheNextOne) {
  router_world w;
  w.learn_map();
  w.scan(1);
  auto slow = w.to(msg::ROLE_REPLICA);
  w.run(1'100ms); // its patience is over
  w.answer(w.to(msg::ROLE_REPLICA), page({"a", "b"}, true));
  auto next = w.to(msg::ROLE_REPLICA);
  w.answer(slow, page({"a", "b"}, true));
  EXPECT_FALSE(w.next_to(msg::ROLE_REPLICA)) << "the late page moves nothing";
  w.answer(next, page({"c"}, false));
  auto reply = w.to(msg::ROLE_CLIENT).parcel.item_reply();
  EXPECT_EQ(reply.status().code(), msg::OK);
  EXPECT_EQ(reply.items_size(), 3);
  EXPECT_EQ(reply.scanned(), 3u);
}

TEST(Router, NoPathLeadsIntoAKeyAttribute) {
  router_world w;
  w.learn_map();
  const auto lead_into_key = [](msg::DocumentPath& path) {
    path.add_elements()->set_name("id");
    path.add_elements()->set_name("inner");
  };
  msg::ItemRequest scan;
  scan.set_table("t");
  auto& test = *scan.mutable_scan()->mutable_filter()->add_nodes();
  test.set_op(msg::ConditionExpression::ATTRIBUTE_EXISTS);
  lead_into_key(*test.add_operands()->mutable_path());
  msg::ItemRequest update;
  update.set_table("t");
  update.mutable_update()->set_key(client::make_item({{"id", client::s("a")}}).SerializeAsString());
  auto& action = *update.mutable_update()->mutable_update()->add_actions();
  action.mutable_path()->add_elements()->set_name("copy");
  lead_into_key(*action.add_steps()->mutable_operand()->mutable_path());
  std::uint64_t id = 0;
  for (const auto& request : {scan, update}) {
    w.ask(++id, request);
    w.nothing_new(w.map_question()); // asked, since the refusal might have been by an old map
    auto status = w.to(msg::ROLE_CLIENT).parcel.item_reply().status();
    EXPECT_EQ(status.code(), msg::VALIDATION);
    EXPECT_EQ(status.message(),
              "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
              "allowed: Key: id");
  }
}

TEST(Router, ATableThatIsDeletedUnderAScanEndsNothingButTheScan) {
  router_world w;
  w.learn_map();
  w.scan(1);
  auto question = w.to(msg::ROLE_REPLICA);
  w.run(600ms);
  w.give_map_without_table(w.to(msg::ROLE_ADMIN));
  w.answer(question, page({"a"}, false)); // of the table that was
  auto reply = w.to(msg::ROLE_CLIENT).parcel.item_reply();
  EXPECT_EQ(reply.status().code(), msg::OK);
  EXPECT_EQ(reply.items_size(), 1);
}

// The table was deleted and made anew while a request was on its way to it.
TEST(Router, ARequestIsMadeAnewForATableThatWasMadeAnew) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  auto first = w.to(msg::ROLE_REPLICA);
  EXPECT_EQ(first.parcel.to().group(), 7u);
  auto sent = first.parcel.replica_request().write().mutations(0);
  w.run(500ms);
  w.give_map_of_another(w.map_question());
  w.undelivered(first);
  w.run(100ms);
  auto second = w.to(msg::ROLE_REPLICA);
  EXPECT_EQ(second.parcel.to().group(), 8u);
  auto again = second.parcel.replica_request().write().mutations(0);
  EXPECT_EQ(again.SerializeAsString(), sent.SerializeAsString()) << "the keys are alike";
  w.answer(second, reply_with(msg::OK));
  EXPECT_EQ(answered(w), msg::OK);
}

// A leader answers when a write is decided, which may be when the router that asked has been killed and
// started again.
TEST(Router, AnswersToItsFormerLifeAreNotBelieved) {
  router_world before(16, 1);
  before.learn_map();
  before.put(1, "a");
  auto asked_before = before.to(msg::ROLE_REPLICA);
  router_world after(16, 2);
  after.learn_map();
  after.put(1, "b");
  auto asked_after = after.to(msg::ROLE_REPLICA);
  after.answer(asked_before, reply_with(msg::OK));
  EXPECT_FALSE(after.next_to(msg::ROLE_CLIENT));
  after.answer(asked_after, reply_with(msg::CONDITION_FAILED));
  EXPECT_EQ(answered(after), msg::CONDITION_FAILED);
}

// The old table may have taken it, and the new one does not remember.
TEST(Router, AWriteInDoubtDoesNotGoToATableMadeAnew) {
  router_world w;
  w.learn_map();
  w.put(1, "a");
  w.to(msg::ROLE_REPLICA); // never answered
  w.run(500ms);
  w.give_map_of_another(w.map_question());
  w.run(1'000ms);
  EXPECT_EQ(answered(w), msg::UNKNOWN_OUTCOME);
  EXPECT_FALSE(w.next_to(msg::ROLE_REPLICA));
}

TEST(Router, ARequestThatDoesNotFitTheTableMadeAnewIsRefused) {
  router_world w;
  w.learn_map();
  w.get(1, "a");
  auto first = w.to(msg::ROLE_REPLICA);
  w.run(500ms);
  w.give_map_of_another(w.map_question(), "number", msg::KEY_TYPE_N);
  w.undelivered(first);
  w.run(100ms);
  w.nothing_new(w.map_question()); // asked, since the refusal might have been by an old map
  EXPECT_EQ(answered(w), msg::VALIDATION);
}

// The map is half a second old, and so are the keys that a request is held against.
TEST(Router, ARefusalByItsMapIsHeldAgainstTheNewestMap) {
  router_world w;
  w.learn_map();
  msg::ItemRequest request;
  request.set_table("t");
  request.mutable_put()->set_item(
      client::make_item({{"number", client::n(1)}, {"text", client::s("x")}}).SerializeAsString());
  w.ask(1, request);
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT)) << "it has no key, as far as is known";
  w.give_map_of_another(w.map_question(), "number", msg::KEY_TYPE_N);
  auto question = w.to(msg::ROLE_REPLICA);
  EXPECT_EQ(question.parcel.to().group(), 8u);
  EXPECT_EQ(question.parcel.replica_request().write().mutations(0).item(), request.put().item());
  w.answer(question, reply_with(msg::OK));
  EXPECT_EQ(answered(w), msg::OK);

  w.put(2, "a");
  w.nothing_new(w.map_question());
  EXPECT_EQ(answered(w), msg::VALIDATION) << "a string where a number belongs";
  w.put(3, "a");
  w.run(1'100ms);
  EXPECT_EQ(answered(w), msg::VALIDATION) << "also when nobody tells of a newer map, and soon";
}

TEST(Router, ARequestForATableOfAnotherIdFindsNone) {
  router_world w;
  w.learn_map();
  client::get_item wish;
  wish.table = "t";
  wish.key = client::make_item({{"id", client::s("a")}});
  auto request = wish.to_message();
  request.set_table_id(1);
  w.ask(1, request);
  w.answer(w.to(msg::ROLE_REPLICA), reply_with(msg::OK));
  EXPECT_EQ(answered(w), msg::OK);
  request.set_table_id(2);
  w.ask(2, request);
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT)) << "it may be a newer one";
  w.give_map_of_another(w.map_question());
  EXPECT_EQ(w.to(msg::ROLE_REPLICA).parcel.to().group(), 8u);
  request.set_table_id(1);
  w.ask(3, request);
  w.nothing_new(w.map_question());
  EXPECT_EQ(answered(w), msg::TABLE_NOT_FOUND);
}

TEST(Router, TellsATablesKeysFromItsMap) {
  router_world w;
  w.learn_map();
  w.describe(1, msg::DescribeTable::ROUTER);
  auto known = w.to(msg::ROLE_CLIENT).parcel.admin_reply();
  ASSERT_EQ(known.tables_size(), 1);
  EXPECT_EQ(known.tables(0).id(), 1u);
  EXPECT_EQ(known.tables(0).keys().partition().name(), "id");

  w.describe(2, msg::DescribeTable::CHECKED);
  EXPECT_FALSE(w.next_to(msg::ROLE_CLIENT));
  w.give_map_of_another(w.map_question(), "number", msg::KEY_TYPE_N);
  auto newest = w.to(msg::ROLE_CLIENT).parcel.admin_reply();
  ASSERT_EQ(newest.tables_size(), 1);
  EXPECT_EQ(newest.tables(0).id(), 2u);

  w.describe(3, msg::DescribeTable::ROUTER, "absent");
  w.nothing_new(w.map_question());
  EXPECT_EQ(w.to(msg::ROLE_CLIENT).parcel.admin_reply().status().code(), msg::TABLE_NOT_FOUND);
}

} // namespace
} // namespace troupe::router
