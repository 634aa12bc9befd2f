// A router by itself: pages of local indexes, and what writes have to do with them.
#include "actors/client/expressions.h"
#include "actors/client/values.h"
#include "actors/core/item/key.h"
#include "actors/core/item/local_indexes.h"
#include "actors/core/item/value.h"
#include "tests/unit/router/router_world.h"
#include <gtest/gtest.h>

namespace troupe::router {
namespace {

using client::make_item;
using client::n;
using client::s;

// Table "t" by id and seq, with an index by rank that has `v` besides.
class indexed : public router_world {
public:
  indexed() {
    auto& table = table_;
    table.mutable_keys()->mutable_partition()->set_name("id");
    table.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_S);
    table.mutable_keys()->mutable_sort()->set_name("seq");
    table.mutable_keys()->mutable_sort()->set_type(msg::KEY_TYPE_N);
    auto& index = *table.mutable_options()->add_local_indexes();
    index.set_name("by_rank");
    index.mutable_sort()->set_name("rank");
    index.mutable_sort()->set_type(msg::KEY_TYPE_N);
    index.set_projection(msg::TableOptions::INCLUDE);
    index.add_included("v");
    give_map_of(map_question(), table_);
  }

  static msg::ItemRequest request() {
    msg::ItemRequest out;
    out.set_table("t");
    return out;
  }
  static msg::ItemRequest query(const std::string& index = "by_rank") {
    auto out = request();
    auto& query = *out.mutable_query();
    *query.mutable_partition_key() = s("a");
    query.mutable_index()->set_name(index);
    return out;
  }
  // A page with the entry of an item (id a, seq, rank).
  msg::ReplicaReply page(int seq, int rank, const msg::AttributeMap& shown) const {
    msg::LocalIndexes made;
    *made.mutable_keys() = table_.keys();
    *made.mutable_indexes() = table_.options().local_indexes();
    auto map = make_item({{"id", s("a")}, {"rank", n(rank)}, {"seq", n(seq)}});
    std::vector<item::index_entry> entries;
    EXPECT_TRUE(item::local_indexes::make(made)->entries(*item::encode_key(table_.keys(), map),
                                                         item::serialize(map), entries));
    auto reply = reply_with(msg::OK);
    auto& record = *reply.add_records();
    record.set_key(entries.at(0).key);
    record.set_item(item::serialize(shown));
    return reply;
  }
  msg::ItemReply answered() { return to(msg::ROLE_CLIENT).parcel.item_reply(); }
  msg::ReplicaRequest::Scan scanned(const wire::outgoing& question) {
    return question.parcel.replica_request().scan();
  }

  msg::TableRecord table_;
};

msg::AttributeMap item_of(int seq, int rank) {
  return make_item({{"id", s("a")},
                    {"rank", n(rank)},
                    {"rest", s(std::string(5000, 'x'))},
                    {"seq", n(seq)},
                    {"v", s("v")}});
}
msg::AttributeMap shown_of(int seq, int rank) {
  return make_item({{"id", s("a")}, {"rank", n(rank)}, {"seq", n(seq)}, {"v", s("v")}});
}

TEST(RouterIndexes, AQueryWalksEntriesAndGoesOnByTheKeysOfBoth) {
  indexed w;
  auto ask = w.query();
  ask.mutable_query()->set_limit(1);
  w.ask(1, ask);
  auto question = w.to(msg::ROLE_REPLICA);
  EXPECT_EQ(w.scanned(question).index(), 1u);
  EXPECT_FALSE(w.scanned(question).whole());
  auto reply = w.page(2, -7, shown_of(2, -7));
  reply.set_more(true);
  reply.set_resume(reply.records(0).key() + std::string(1, '\0'));
  w.answer(question, reply);
  auto answer = w.answered();
  ASSERT_EQ(answer.items_size(), 1);
  EXPECT_EQ(answer.items(0), item::serialize(shown_of(2, -7)));
  EXPECT_EQ(answer.last_key(), item::serialize(make_item({{"id", s("a")}, {"rank", n(-7)}, {"seq", n(2)}})));

  ask.mutable_query()->set_start_key(answer.last_key());
  w.ask(2, ask);
  question = w.to(msg::ROLE_REPLICA);
  EXPECT_EQ(w.scanned(question).from(), reply.resume());
}

// As DynamoDB does: who asks for as many as there are hears that only by an empty page.
TEST(RouterIndexes, APageThatItsLimitEndedSaysWhereItEndedAlsoWithTheLastItem) {
  indexed w;
  auto ask = w.query();
  ask.mutable_query()->set_limit(1);
  w.ask(1, ask);
  w.answer(w.to(msg::ROLE_REPLICA), w.page(2, -7, shown_of(2, -7)));
  auto last = w.answered();
  EXPECT_EQ(last.items_size(), 1);
  EXPECT_EQ(last.last_key(), item::serialize(make_item({{"id", s("a")}, {"rank", n(-7)}, {"seq", n(2)}})));

  ask.mutable_query()->set_limit(2);
  w.ask(2, ask);
  w.answer(w.to(msg::ROLE_REPLICA), w.page(2, -7, shown_of(2, -7)));
  EXPECT_EQ(w.answered().last_key(), "") << "fewer than the limit";
}

TEST(RouterIndexes, ItemsAreFetchedOnlyForWhatIsNotProjected) {
  indexed w;
  auto ask = w.query();
  ask.mutable_query()->mutable_index()->add_attributes("v");
  w.ask(1, ask);
  EXPECT_FALSE(w.scanned(w.to(msg::ROLE_REPLICA)).whole());
  ask.mutable_query()->mutable_index()->add_attributes("rest");
  w.ask(2, ask);
  EXPECT_TRUE(w.scanned(w.to(msg::ROLE_REPLICA)).whole());
  auto scan = w.request();
  scan.mutable_scan()->mutable_index()->set_name("by_rank");
  scan.mutable_scan()->mutable_index()->set_whole(true);
  w.ask(3, scan);
  EXPECT_TRUE(w.scanned(w.to(msg::ROLE_REPLICA)).whole());
}

TEST(RouterIndexes, WhatIsFetchedIsCountedApart) {
  indexed w;
  auto ask = w.query();
  ask.mutable_query()->mutable_index()->set_whole(true);
  ask.mutable_query()->set_tell_bytes(true);
  w.ask(1, ask);
  w.answer(w.to(msg::ROLE_REPLICA), w.page(2, 1, item_of(2, 1)));
  auto answer = w.answered();
  EXPECT_EQ(answer.items(0), item::serialize(item_of(2, 1)));
  EXPECT_EQ(answer.read_bytes(), item::item_size(shown_of(2, 1)));
  EXPECT_EQ(answer.fetched_units(), 2u);
}

TEST(RouterIndexes, AFilterSeesMoreThanIsShown) {
  indexed w;
  auto parsed = client::parse({.filter = "begins_with(rest, :x)", .values = {{":x", s("x")}}});
  ASSERT_TRUE(parsed.ok());
  auto ask = w.query();
  *ask.mutable_query()->mutable_filter() = parsed.filter;
  w.ask(1, ask);
  auto question = w.to(msg::ROLE_REPLICA);
  EXPECT_TRUE(w.scanned(question).whole());
  w.answer(question, w.page(2, 1, item_of(2, 1)));
  auto answer = w.answered();
  ASSERT_EQ(answer.items_size(), 1);
  EXPECT_EQ(answer.items(0), item::serialize(shown_of(2, 1)));
}

TEST(RouterIndexes, WhatTheTableDoesNotHaveIsRefused) {
  indexed w;
  w.ask(1, w.query("nope"));
  w.nothing_new(w.map_question());
  auto answer = w.answered();
  EXPECT_EQ(answer.status().code(), msg::VALIDATION);
  EXPECT_EQ(answer.status().message(), "The table does not have the specified index: nope");
}

TEST(RouterIndexes, ValuesThatNoIndexCanHoldGoNoFurther) {
  indexed w;
  auto put = w.request();
  put.mutable_put()->set_item(item::serialize(make_item({{"id", s("a")}, {"rank", s("x")}, {"seq", n(1)}})));
  w.ask(1, put);
  w.nothing_new(w.map_question()); // the refusal might have been by the indexes of a table that is no more
  EXPECT_EQ(
      w.answered().status().message(),
      "One or more parameter values were invalid: Type mismatch for Index Key rank Expected: N Actual: S "
      "IndexName: by_rank");
  EXPECT_FALSE(w.next_to(msg::ROLE_REPLICA));
}

TEST(RouterIndexes, WritesTellOfIndexesAndCollectionsWhenAsked) {
  indexed w;
  auto put = w.request();
  put.mutable_put()->set_item(item::serialize(item_of(1, 2)));
  put.set_tell_index_units(true);
  put.set_tell_collection(true);
  w.ask(1, put);
  auto question = w.to(msg::ROLE_REPLICA);
  EXPECT_TRUE(question.parcel.replica_request().write().mutations(0).tell_index_units());
  auto reply = reply_with(msg::OK);
  reply.add_index_units(3);
  reply.set_partition_bytes(77);
  w.answer(question, reply);
  auto answer = w.answered();
  ASSERT_EQ(answer.index_units_size(), 1);
  EXPECT_EQ(answer.index_units(0).name(), "by_rank");
  EXPECT_EQ(answer.index_units(0).units(), 3u);
  EXPECT_EQ(answer.collection_key(), item::serialize(make_item({{"id", s("a")}})));
  EXPECT_EQ(answer.collection_bytes(), 77u);
}

TEST(RouterIndexes, ATableWithoutIndexesHasNothingToTell) {
  router_world w;
  w.learn_map();
  msg::ItemRequest put;
  put.set_table("t");
  put.mutable_put()->set_item(item::serialize(make_item({{"id", s("a")}})));
  put.set_tell_index_units(true);
  put.set_tell_collection(true);
  w.ask(1, put);
  auto question = w.to(msg::ROLE_REPLICA);
  EXPECT_FALSE(question.parcel.replica_request().write().mutations(0).tell_index_units());
  w.answer(question, reply_with(msg::OK));
  EXPECT_TRUE(w.to(msg::ROLE_CLIENT).parcel.item_reply().collection_key().empty());
}

} // namespace
} // namespace troupe::router
