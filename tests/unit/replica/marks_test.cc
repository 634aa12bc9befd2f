// A mark in the log brings the items to exactly its index, whatever is written before and after it; and a
// replica whose items were found wrong serves them no more.
#include "actors/core/item/value.h"
#include "tests/unit/replica/lone_replica.h"
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;

class world : public test::lone_replica {
public:
  using lone_replica::lone_replica;

  void put(const std::string& key, const std::string& item) {
    msg::ReplicaRequest::Mutation mutation;
    mutation.set_key(key);
    mutation.set_item(item);
    write(++sequence_, false, std::move(mutation));
  }

private:
  std::uint64_t sequence_ = 0;
};

TEST(Marks, HaveNoEffectsAndAreEmptyCommandsToWhoDoesNotKnowThem) {
  world w;
  auto marked = w.propose_mark({3, 5});
  EXPECT_TRUE(marked.leads);
  ASSERT_EQ(w.commands.size(), 1u);
  EXPECT_EQ(w.commands[0].effects_size(), 0);
  EXPECT_FALSE(w.commands[0].has_id());
  ASSERT_EQ(w.commands[0].mark().leaves_size(), 2);
  ASSERT_EQ(w.asked.applies.size(), 1u) << "at once, though nothing has been written";
  EXPECT_TRUE(w.asked.applies[0].mark);
  EXPECT_EQ(w.asked.applies[0].mark_leaves, (std::vector<std::uint32_t>{3, 5}));
  EXPECT_EQ(w.asked.applies[0].applied, marked.index);
}

TEST(Marks, TakeAllThatWasWrittenBeforeThemAndNothingElse) {
  world w;
  w.put("a", "1");
  w.put("b", "1");
  auto marked = w.propose_mark();
  w.put("a", "2");
  ASSERT_EQ(w.asked.applies.size(), 1u);
  EXPECT_EQ(w.asked.applies[0].applied, marked.index);
  ASSERT_EQ(w.asked.applies[0].effects.size(), 2u);
  EXPECT_EQ(w.asked.applies[0].effects[0].item(), "1");
  EXPECT_EQ(w.asked.applies[0].requests.size(), 2u);
  w.answer_flush();
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  EXPECT_FALSE(w.asked.applies[0].mark);
  ASSERT_EQ(w.asked.applies[0].effects.size(), 1u);
  EXPECT_EQ(w.asked.applies[0].effects[0].item(), "2");
  EXPECT_EQ(w.asked.applies[0].requests.size(), 1u);
}

TEST(Marks, ThatComeDuringAFlushGoRightBehindItAndNobodyWaits) {
  world w;
  w.put("a", "1");
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u) << "a flush is under way";
  w.put("a", "2");
  w.put("b", "2");
  auto marked = w.propose_mark();
  w.put("a", "3");
  EXPECT_EQ(w.answers.size(), 4u) << "all writes were answered meanwhile";
  ASSERT_EQ(w.asked.applies.size(), 1u) << "one at a time";
  w.answer_flush();
  ASSERT_EQ(w.asked.applies.size(), 1u);
  auto& at_mark = w.asked.applies[0];
  EXPECT_TRUE(at_mark.mark);
  EXPECT_EQ(at_mark.applied, marked.index);
  ASSERT_EQ(at_mark.effects.size(), 2u);
  EXPECT_EQ(at_mark.effects[0].item(), "2") << "not what was written after the mark";
  EXPECT_EQ(at_mark.requests.size(), 2u);
  w.answer_flush();
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  ASSERT_EQ(w.asked.applies[0].effects.size(), 1u);
  EXPECT_EQ(w.asked.applies[0].effects[0].item(), "3");
}

TEST(Marks, AreGivenUpWithTheFlushBeforeThemAndLoseNothing) {
  world w;
  w.put("a", "1");
  w.pass(1100ms);
  w.put("b", "2");
  w.propose_mark();
  w.put("b", "3");
  w.answer_flush({wire::disk_outcome::full, "no room"});
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  auto& again = w.asked.applies[0];
  EXPECT_FALSE(again.mark) << "the items were never at its index";
  ASSERT_EQ(again.effects.size(), 2u);
  EXPECT_EQ(again.effects[0].item(), "1");
  EXPECT_EQ(again.effects[1].item(), "3");
  EXPECT_EQ(again.requests.size(), 3u);
}

TEST(Condemned, ByRottenRecordsItServesTheSoundOnesAndAsksToBeReplaced) {
  world w;
  w.items_say(wire::condemn{false, 0, "rot"});
  EXPECT_EQ(w.report().damage(), "rot");
  EXPECT_TRUE(w.view().serves);
  EXPECT_TRUE(w.asked.drops.empty());
}

wire::items_opened copy(std::uint64_t lineage) {
  wire::items_opened file;
  file.lineage = lineage;
  return file;
}

TEST(Condemned, ByTheOthersItServesNobodyAndDoesNotLeaveBeforeSomebodyElseLeads) {
  world w({}, copy(31));
  w.put("a", "1");
  msg::ReplicaRequest::Mutation conditional; // waits for the item store
  conditional.set_key("b");
  conditional.set_item("2");
  conditional.mutable_condition()->add_clauses()->set_attribute("x");
  w.write(99, false, std::move(conditional));
  ASSERT_EQ(w.asked.reads.size(), 1u);
  const auto before = w.answers.size();
  EXPECT_TRUE(w.condemn({true, 2, "of another configuration", 31}));
  EXPECT_TRUE(w.view().serves);
  EXPECT_TRUE(w.condemn({true, 1, "the others agree", 31}));
  EXPECT_EQ(w.report().damage(), "the others agree");
  EXPECT_FALSE(w.view().serves);
  EXPECT_FALSE(w.view().holds_items);
  ASSERT_EQ(w.answers.size(), before + 1) << "whoever waited for its items goes elsewhere";
  EXPECT_EQ(w.answers.back().status().code(), msg::MOVED);
  w.put("c", "3");
  EXPECT_EQ(w.answers.back().status().code(), msg::MOVED);
  w.pass(1100ms);
  EXPECT_TRUE(w.asked.drops.empty())
      << "nobody else can lead this group of one: its file may be all there is";
}

// The sentence was on its way while the copy it is about was replaced.
TEST(Condemned, IsTheCopyThatWasComparedAndNoOther) {
  world w({}, copy(32));
  EXPECT_TRUE(w.condemn({true, 1, "the others agree", 31})) << "it need not be said again";
  EXPECT_EQ(w.report().damage(), "");
  EXPECT_FALSE(w.condemn({true, 1, "the others agree", 0})) << "of which copy nobody can tell";
  EXPECT_EQ(w.report().damage(), "");
  world unknown({}, copy(0));
  EXPECT_FALSE(unknown.condemn({true, 1, "the others agree", 31}));
  EXPECT_EQ(unknown.report().damage(), "");
}

TEST(Condemned, IsNobodyWhileAnotherCopyIsBeingInstalled) {
  world w(test::follows, copy(31));
  test::leaders_log log;
  log.put("one", "1");
  w.hear(log.gone());
  w.pass(1100ms);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  EXPECT_FALSE(w.condemn({true, 1, "the others agree", 31})) << "it may be gone already";
  w.stored.lineage = 32;
  w.answer_store();
  EXPECT_TRUE(w.condemn({true, 1, "the others agree", 31}));
  EXPECT_EQ(w.report().damage(), "");
  EXPECT_TRUE(w.condemn({true, 1, "the others agree", 32}));
  EXPECT_EQ(w.report().damage(), "the others agree");
}

// It follows, and its file has refused more than it may keep in memory.
struct without_its_items : world {
  test::leaders_log log;
  explicit without_its_items() : world(test::follows, copy(31)) {
    for (int i = 0; i < 40; ++i) {
      auto put = log.put("key " + std::to_string(i), std::string(1u << 20, 'x'));
      hear(log.accept({put}, put.index()));
      pass(1100ms);
      if (!asked.applies.empty() && !asked.applies.front().stay)
        answer_flush({wire::disk_outcome::failed, "Input/output error"});
    }
  }
};

TEST(Condemned, WhileItCannotAnswerWithItsItemsItNeverDoesAgain) {
  without_its_items w;
  ASSERT_FALSE(w.view().holds_items);
  ASSERT_FALSE(w.report().items_gone());
  w.stored = {};
  w.stored.result = {wire::disk_outcome::missing, "there is no file"}; // when it has been moved aside
  EXPECT_TRUE(w.condemn({true, 1, "the others agree", 31}));
  EXPECT_EQ(w.report().damage(), "the others agree");
  EXPECT_TRUE(w.report().items_gone());
  ASSERT_EQ(w.asked.drops.size(), 1u);
  EXPECT_TRUE(w.asked.drops[0].quarantine);
}

TEST(Condemned, ByRottenRecordsThatItCannotAnswerWithItAsksToBeReplaced) {
  without_its_items w;
  w.items_say(wire::condemn{false, 0, "rot"});
  EXPECT_EQ(w.report().damage(), "rot");
  EXPECT_FALSE(w.report().items_gone());
}

// What it has fetched is not counted on before it is called a storage replica.
TEST(Condemned, LogReplicaFetchesItsItemsAgainAndVotesOn) {
  test::leaders_log log;
  wire::items_opened file;
  file.applied = file.durable = 1;
  wire::log_loaded loaded;
  loaded.exists = true;
  loaded.entries.push_back(log.put("a", "1"));
  loaded.hard_state.set_commit(1);
  *loaded.hard_state.mutable_configuration() = test::three_members(msg::LOG_REPLICA);
  file.applied_link = log.link;
  world w(test::log_replica(false), file, loaded);
  ASSERT_TRUE(w.report().grown());
  w.stored = {};
  w.stored.result = {wire::disk_outcome::missing, "there is no file"};
  w.items_say(wire::condemn{false, 0, "rot"});
  ASSERT_EQ(w.asked.drops.size(), 1u);
  EXPECT_TRUE(w.asked.drops[0].quarantine);
  EXPECT_FALSE(w.report().grown());
  EXPECT_EQ(w.report().damage(), "") << "it needs none";
  EXPECT_TRUE(w.view().running);

  w.stored = {};
  w.grow();
  ASSERT_GE(test::snapshot_questions(w), 1u);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  w.answer_store();
  EXPECT_TRUE(w.report().grown());
  EXPECT_EQ(w.asked.drops.size(), 1u) << "these are others";
}

} // namespace
} // namespace troupe::replica
