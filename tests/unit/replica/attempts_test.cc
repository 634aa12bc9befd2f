// Attempts of one request that overtake each other: the test decides when a read of the store is answered,
// which is when they can.
#include "actors/core/expression/parse.h"
#include "actors/core/expression/placeholders.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include "tests/unit/replica/lone_replica.h"
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

class world : public test::lone_replica {
public:
  // An attempt of the request with this sequence: count the item's visits up by one.
  void count_up(std::uint64_t sequence, bool repeated) {
    std::vector<std::pair<std::string, msg::Value>> values(1);
    values[0].first = ":one";
    values[0].second.set_n("1");
    auto use = expression::placeholders::make({}, std::move(values));
    auto update = expression::parse_update("ADD visits :one", *use);
    ASSERT_TRUE(update);
    msg::ReplicaRequest::Mutation mutation;
    *mutation.mutable_update() = std::move(*update);
    ask(sequence, repeated, std::move(mutation));
  }

  // An attempt of a request with this one mutation.
  void ask(std::uint64_t sequence, bool repeated, msg::ReplicaRequest::Mutation mutation) {
    mutation.set_key("key");
    write(sequence, repeated, std::move(mutation));
  }
};

TEST(Attempts, OfOneRequestThatWaitForTheSameItemTakeEffectOnce) {
  world w;
  w.count_up(1, false);
  w.count_up(1, true); // it was slow: the router asks again
  ASSERT_EQ(w.asked.reads.size(), 2u) << "both wait for the store";
  w.answer_reads();
  ASSERT_EQ(w.commands.size(), 1u);
  auto item = item::parse_item(w.commands[0].effects(0).item());
  ASSERT_TRUE(item);
  EXPECT_EQ(item->attributes(0).value().n(), "1");
  ASSERT_EQ(w.answers.size(), 2u) << "and both are answered";
  EXPECT_EQ(w.answers[0].status().code(), msg::OK);
  EXPECT_EQ(w.answers[1].status().code(), msg::OK);
}

// Of all that may be full on the way it is this partition: clients are told to slow down, and not to try
// another node.
TEST(Attempts, OfMoreRequestsThanThePartitionTakesAreRefusedOnItsAccount) {
  world w;
  for (std::uint64_t i = 1; i <= 100; ++i)
    w.count_up(i, false);
  ASSERT_TRUE(w.answers.empty()) << "all wait for the store";
  w.count_up(101, false);
  ASSERT_EQ(w.answers.size(), 1u);
  EXPECT_EQ(w.answers[0].status().code(), msg::OVERLOADED);
  EXPECT_EQ(w.answers[0].status().overloaded(), msg::Status::PARTITION);
}

TEST(Attempts, OfDifferentRequestsEachTakeEffect) {
  world w;
  w.count_up(1, false);
  w.count_up(2, false);
  w.answer_reads();
  ASSERT_EQ(w.commands.size(), 2u);
  auto item = item::parse_item(w.commands[1].effects(0).item());
  ASSERT_TRUE(item);
  EXPECT_EQ(item->attributes(0).value().n(), "2") << "the second sees what the first proposed";
}

std::string item_with(const std::string& name, msg::Value value) {
  msg::AttributeMap item;
  auto& one = *item.add_attributes();
  one.set_name(name);
  *one.mutable_value() = std::move(value);
  return item::serialize(item);
}

msg::Value text(const std::string& what) {
  msg::Value value;
  value.set_s(what);
  return value;
}

// Counting up what is no number is a mistake, whatever the condition beside it says, and stays one.
TEST(Attempts, OfARefusedUpdateHearTheSameRefusal) {
  world w;
  w.count_up(1, true); // an earlier attempt may be on its way: the refusal is remembered
  w.answer_reads(item_with("visits", text("many")));
  ASSERT_EQ(w.answers.size(), 1u);
  ASSERT_EQ(w.answers[0].status().code(), msg::VALIDATION);
  ASSERT_EQ(w.commands.size(), 1u);
  EXPECT_TRUE(w.commands[0].refused());
  EXPECT_EQ(w.commands[0].refused_with(), msg::VALIDATION);

  msg::ReplicaRequest::Mutation again; // with a condition, which held
  auto& clause = *again.mutable_condition()->add_clauses();
  clause.set_test(msg::Condition::Clause::EXISTS);
  clause.set_attribute("visits");
  again.mutable_update();
  w.ask(1, true, std::move(again));
  ASSERT_EQ(w.answers.size(), 2u);
  EXPECT_EQ(w.answers[1].status().code(), msg::VALIDATION);
}

TEST(Attempts, OfAPutThatAskedForSizesAloneAreAnsweredWithoutThem) {
  world w;
  auto stored = item_with("text", text("eight by"));
  msg::ReplicaRequest::Mutation put;
  put.set_item(stored);
  put.set_tell_bytes(true);
  w.ask(1, false, put);
  w.answer_reads(stored);
  ASSERT_EQ(w.answers.size(), 1u);
  EXPECT_EQ(w.answers[0].status().code(), msg::OK);
  EXPECT_EQ(w.answers[0].old_bytes(), 12u) << "name and value";
  EXPECT_FALSE(w.answers[0].found()) << "the item itself stays where it is";

  w.ask(1, true, put);
  ASSERT_EQ(w.answers.size(), 2u);
  EXPECT_EQ(w.answers[1].status().code(), msg::OK);
  EXPECT_FALSE(w.answers[1].forgotten());
  EXPECT_EQ(w.answers[1].old_bytes(), 0u);
  EXPECT_EQ(w.commands.size(), 1u);

  put.set_return_old(true);
  w.ask(1, true, put);
  EXPECT_TRUE(w.answers.back().forgotten()) << "the old item is gone, and was asked for";
}

TEST(Attempts, OfAPutThatIsRefusedTellTheItemOnlyWhenAsked) {
  world w;
  msg::ReplicaRequest::Mutation put;
  put.set_item(item_with("text", text("new")));
  auto& clause = *put.mutable_condition()->add_clauses();
  clause.set_test(msg::Condition::Clause::NOT_EXISTS);
  clause.set_attribute("text");
  put.set_return_old_on_refusal(true);
  w.ask(1, false, put);
  w.answer_reads(item_with("text", text("old")));
  ASSERT_EQ(w.answers.size(), 1u);
  EXPECT_EQ(w.answers[0].status().code(), msg::CONDITION_FAILED);
  EXPECT_EQ(w.answers[0].item(), item_with("text", text("old")));
}

// A leader's clock was an hour ahead: commands' times stand still until the clocks have come there. So many
// requests came that some had to be forgotten before their time; half a minute later that does not matter any
// more.
TEST(Attempts, AreNotDoubtedForAsLongAsALeadersClockWasAhead) {
  wire::items_opened file;
  const std::int64_t now_ms = 1'000'000;
  file.last_time_ms = now_ms + 3'600'000;
  for (std::uint64_t i = 1; i <= limits::remembered_requests; ++i) {
    auto& one = file.requests.emplace_back();
    one.mutable_id()->set_client(9);
    one.mutable_id()->set_sequence(i);
    one.set_time_ms(now_ms);
  }
  test::lone_replica w({}, file);
  auto put = [&](std::uint64_t sequence, bool repeated) {
    msg::ReplicaRequest::Mutation mutation;
    mutation.set_key("key");
    mutation.set_item("item");
    w.write(sequence, repeated, std::move(mutation));
    return w.answers.back().status().code();
  };
  EXPECT_EQ(put(1, true), msg::UNKNOWN_OUTCOME);
  for (std::uint64_t second = 2; second < 40; ++second) {
    w.pass(std::chrono::seconds(1));
    ASSERT_EQ(put(second, false), msg::OK);
  }
  EXPECT_EQ(w.commands.back().time_ms(), file.last_time_ms);
  EXPECT_EQ(put(40, true), msg::OK);
}

} // namespace
} // namespace troupe::replica
