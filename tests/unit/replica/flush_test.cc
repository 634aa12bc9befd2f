// What is on its way to the item file stays in memory until the file says that it has it, whatever else the
// file's worker says meanwhile.
#include "actors/core/expression/parse.h"
#include "actors/core/expression/placeholders.h"
#include "actors/core/item/value.h"
#include "tests/unit/replica/lone_replica.h"
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;

std::string visits(int n) {
  msg::AttributeMap item;
  auto& one = *item.add_attributes();
  one.set_name("visits");
  one.mutable_value()->set_n(std::to_string(n));
  return item::serialize(item);
}

class world : public test::lone_replica {
public:
  using lone_replica::lone_replica;

  void put(const std::string& key, std::string item) {
    msg::ReplicaRequest::Mutation mutation;
    mutation.set_key(key);
    mutation.set_item(std::move(item));
    write(++sequence_, false, std::move(mutation));
  }
  void count_up(const std::string& key) {
    std::vector<std::pair<std::string, msg::Value>> values(1);
    values[0].first = ":one";
    values[0].second.set_n("1");
    auto use = expression::placeholders::make({}, std::move(values));
    auto update = expression::parse_update("ADD visits :one", *use);
    ASSERT_TRUE(update);
    msg::ReplicaRequest::Mutation mutation;
    mutation.set_key(key);
    *mutation.mutable_update() = std::move(*update);
    write(++sequence_, false, std::move(mutation));
  }
  // What a checkpoint, or a sync of its own, has the item worker say.
  void worker_tells_progress() {
    wire::items_applied news;
    news.applied = news.durable = stored.durable = stored.applied;
    items_say(std::move(news));
  }

private:
  std::uint64_t sequence_ = 0;
};

TEST(Flush, IsNotEndedByNewsThatItsWorkerSentBeforeItSawIt) {
  world w;
  w.count_up("key"); // reads the store: the worker is busy, and has 5 there
  ASSERT_EQ(w.asked.reads.size(), 1u);
  w.put("key", visits(100));
  ASSERT_EQ(w.answers.size(), 1u);
  ASSERT_EQ(w.answers[0].status().code(), msg::OK);
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u) << "the put is on its way to the file, behind the read";

  w.worker_tells_progress();
  w.answer_reads(visits(5));
  ASSERT_EQ(w.commands.size(), 2u);
  EXPECT_EQ(w.commands[1].effects(0).item(), visits(101)) << "the put was acknowledged before";
}

TEST(Flush, ThatFailsAfterSuchNewsIsTriedAgain) {
  world w;
  w.put("key", visits(1));
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  w.worker_tells_progress();
  w.answer_flush({wire::disk_outcome::full, "no room"});
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  ASSERT_EQ(w.asked.applies[0].effects.size(), 1u) << "the file never had it";
  EXPECT_EQ(w.asked.applies[0].effects[0].item(), visits(1));
}

TEST(Flush, ThatFailsIsNotTriedAgainAtOnceHoweverMuchWaits) {
  world w;
  auto large = std::string(1u << 20, 'x');
  for (auto key : {"one", "two", "three"})
    w.put(key, large);
  ASSERT_EQ(w.asked.applies.size(), 1u) << "that much does not wait for an interval";
  w.answer_flush({wire::disk_outcome::full, "no room"});
  EXPECT_EQ(w.asked.applies.size(), 0u);
  w.pass(1100ms);
  EXPECT_EQ(w.asked.applies.size(), 1u);
}

TEST(Flush, IsTheOnlyOneUnderWay) {
  world w;
  w.put("one", visits(1));
  w.pass(1100ms);
  w.worker_tells_progress();
  w.put("two", visits(2));
  w.pass(1100ms);
  EXPECT_EQ(w.asked.applies.size(), 1u) << "what waits in memory is bounded, what waits at the worker is not";
  w.answer_flush();
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  ASSERT_EQ(w.asked.applies[0].effects.size(), 1u);
  EXPECT_EQ(w.asked.applies[0].effects[0].key(), "two");
}

// Of two changes of the members that came in one batch, the file must name the one in force where it stands:
// who fetches a snapshot begins with what it says.
TEST(Flush, TellsTheConfigurationThatGovernsWhereTheItemsStand) {
  world w(test::follows);
  auto second = test::three_members();
  second.set_epoch(2);
  auto third = second;
  third.set_epoch(3);
  test::leaders_log log;
  w.slow_disk = true;
  auto noop = log.next(msg::Entry::NOOP);
  w.hear(log.accept({noop, log.configuration(second)}, 2));
  auto put = log.put("key", visits(1));
  w.hear(log.accept({put, log.configuration(third)}, 4)); // chosen, and not yet on this disk
  ASSERT_EQ(w.appends.size(), 1u);
  w.answer_disk();
  w.pass(1100ms);
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  EXPECT_EQ(w.asked.applies[0].applied, 2u);
  ASSERT_TRUE(w.asked.applies[0].configuration);
  EXPECT_EQ(w.asked.applies[0].configuration->epoch(), 2u);
  EXPECT_EQ(w.asked.applies[0].configuration_index, 2u);

  w.answer_flush();
  w.answer_disk();
  w.pass(1100ms);
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  ASSERT_TRUE(w.asked.applies[0].configuration);
  EXPECT_EQ(w.asked.applies[0].configuration->epoch(), 3u);
  EXPECT_EQ(w.asked.applies[0].configuration_index, 4u);
}

const wire::disk_result torn{wire::disk_outcome::corrupt, "a page is not what was written"};

TEST(Flush, IntoACorruptFileIsDamageThatSomebodyHearsOf) {
  world w;
  w.put("key", visits(1));
  w.pass(1100ms);
  w.answer_flush(torn);
  EXPECT_NE(w.report().damage(), "");
  EXPECT_EQ(w.report().trouble(), "") << "its log is whole: it votes until it is replaced";
}

TEST(Flush, ThatCanNeverSucceedDoesNotFillTheMemory) {
  world w(test::follows);
  test::leaders_log log;
  w.hear(log.accept({log.put("key", visits(1))}, 1));
  w.pass(1100ms);
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  w.answer_flush(torn);
  auto large = std::string(1u << 20, 'x');
  for (int i = 0; i < 40; ++i) {
    auto put = log.put("key " + std::to_string(i), large);
    w.hear(log.accept({put}, put.index()));
    if (!w.asked.applies.empty())
      w.answer_flush(torn);
  }
  w.pass(1100ms);
  w.pass(1100ms);
  EXPECT_EQ(w.asked.applies.size(), 0u) << "nothing is kept, so nothing is tried any more";
  EXPECT_EQ(w.report().applied(), log.index) << "and the log goes on";
  w.put("key", visits(2));
  ASSERT_EQ(w.answers.size(), 1u);
  EXPECT_EQ(w.answers[0].status().code(), msg::MOVED);
}

} // namespace
} // namespace troupe::replica
