// A partition that is given its items by the restorer beside its leader: in one leadership, and never over
// what a client has written.
#include "actors/core/item/value.h"
#include "tests/unit/replica/lone_replica.h"
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using world = test::lone_replica;

std::string an_item(const std::string& text) {
  msg::AttributeMap item;
  auto& one = *item.add_attributes();
  one.set_name("text");
  one.mutable_value()->set_s(text);
  return item::serialize(item);
}

void client_writes(world& w, const std::string& key) {
  msg::ReplicaRequest::Mutation mutation;
  mutation.set_key(key);
  mutation.set_item(an_item("of a client"));
  w.write(1, false, std::move(mutation));
}

msg::Code last_answer(const world& w) {
  return w.answers.empty() ? msg::INTERNAL : w.answers.back().status().code();
}

TEST(Restored, ItemsGoIntoTheLogLikeAnyAndItIsReportedWhenAllAreThere) {
  world w;
  auto ballot = w.report().ballot();
  w.restore(ballot, "a", an_item("1"));
  EXPECT_EQ(last_answer(w), msg::OK);
  ASSERT_EQ(w.commands.size(), 1u);
  EXPECT_EQ(w.commands[0].effects(0).key(), "a");
  EXPECT_FALSE(w.report().restored());
  w.restore(ballot, {});
  EXPECT_EQ(last_answer(w), msg::OK);
  EXPECT_EQ(w.commands.size(), 1u) << "to say so is no entry";
  EXPECT_TRUE(w.report().restored());
}

TEST(Restored, InAnotherLeadershipIsRefused) {
  world w;
  auto ballot = w.report().ballot();
  ballot.set_round(ballot.round() + 1);
  w.restore(ballot, "a", an_item("1"));
  EXPECT_EQ(last_answer(w), msg::MOVED);
  w.restore(ballot, {});
  EXPECT_EQ(last_answer(w), msg::MOVED);
  EXPECT_TRUE(w.commands.empty());
  EXPECT_FALSE(w.report().restored());
}

TEST(Restored, IsRefusedOnceAClientHasWritten) {
  world w;
  auto ballot = w.report().ballot();
  w.restore(ballot, "a", an_item("1"));
  client_writes(w, "a");
  w.restore(ballot, "a", an_item("1"));
  EXPECT_EQ(last_answer(w), msg::MOVED);
  w.restore(ballot, {});
  EXPECT_EQ(last_answer(w), msg::MOVED);
  ASSERT_EQ(w.commands.size(), 2u);
  EXPECT_EQ(w.commands[1].effects(0).item(), an_item("of a client"));
  EXPECT_FALSE(w.report().restored());
}

TEST(Restored, ByAWriteOfNothingIsForTheRestorerAlone) {
  world w;
  w.restore({}, {}); // of no leadership: a client's
  EXPECT_EQ(last_answer(w), msg::VALIDATION);
}

} // namespace
} // namespace troupe::replica
