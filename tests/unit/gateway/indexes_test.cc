// Local indexes at the door: what is asked of the cluster about them, and how what it says is told.
#include "tests/unit/gateway/door.h"

using namespace troupe;
using namespace troupe::gateway::test;

namespace {

const std::string table = R"({"TableName":"songs","BillingMode":"PAY_PER_REQUEST",
  "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"seq","AttributeType":"N"},
                          {"AttributeName":"rank","AttributeType":"N"}],
  "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"seq","KeyType":"RANGE"}],
  "LocalSecondaryIndexes":[{"IndexName":"by_rank",
    "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"rank","KeyType":"RANGE"}],
    "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["v"]}}]})";

// A table with one index. What is asked about its items is kept, and answered with `reply`.
struct songs : door {
  std::vector<msg::ItemRequest> asked;
  msg::ItemReply reply;

  songs() {
    EXPECT_EQ(ask("CreateTable", table).status, 200);
    cluster->say_item = [this](const msg::ItemRequest& request) {
      asked.push_back(request);
      return reply;
    };
  }
  std::string query(const std::string& more) {
    return said("Query", R"({"TableName":"songs","KeyConditionExpression":"id = :id",
      "ExpressionAttributeValues":{":id":{"S":"a"}})" +
                             more + "}");
  }
  void cost_index(std::uint32_t units) {
    auto& one = *reply.add_index_units();
    one.set_name("by_rank");
    one.set_units(units);
  }
  void tell_collection(std::uint64_t bytes) {
    msg::AttributeMap key;
    auto& id = *key.add_attributes();
    id.set_name("id");
    id.mutable_value()->set_s("a");
    reply.set_collection_key(item::serialize(key));
    reply.set_collection_bytes(bytes);
  }
};

const std::string key = R"({"id":{"S":"a"},"seq":{"N":"1"}})";

} // namespace

TEST(indexes, are_described_with_what_is_in_them) {
  songs s;
  auto& held = *s.cluster->figures.add_local_indexes();
  held.set_items(3);
  held.set_bytes(44);
  const auto told = s.said("DescribeTable", R"({"TableName":"songs"})");
  EXPECT_NE(
      told.find(R"("LocalSecondaryIndexes":[{"IndexName":"by_rank","KeySchema":[{"AttributeName":"id",)"
                R"("KeyType":"HASH"},{"AttributeName":"rank","KeyType":"RANGE"}],"Projection":)"
                R"({"ProjectionType":"INCLUDE","NonKeyAttributes":["v"]},"IndexSizeBytes":44,"ItemCount":3,)"
                R"("IndexArn":"arn:aws:dynamodb:local:000000000000:table/songs/index/by_rank"}])"),
      std::string::npos)
      << told;
}

TEST(indexes, are_read_with_what_is_wanted_beyond_them) {
  songs s;
  const std::string index = R"(,"IndexName":"by_rank")";
  EXPECT_EQ(s.query(index), R"(200 {"Items":[],"Count":0,"ScannedCount":0})");
  EXPECT_EQ(s.asked.back().query().index().name(), "by_rank");
  EXPECT_FALSE(s.asked.back().query().index().whole());
  s.query(index + R"(,"Select":"ALL_ATTRIBUTES")");
  EXPECT_TRUE(s.asked.back().query().index().whole());
  s.query(index + R"(,"ProjectionExpression":"v, deep.er[0]")");
  ASSERT_EQ(s.asked.back().query().index().attributes_size(), 2);
  EXPECT_EQ(s.asked.back().query().index().attributes(1), "deep");
  s.query(index + R"(,"Select":"COUNT")");
  EXPECT_EQ(s.asked.back().query().index().attributes_size(), 0);
  s.said("Scan", R"({"TableName":"songs","IndexName":"by_rank"})");
  EXPECT_EQ(s.asked.back().scan().index().name(), "by_rank");
  s.query("");
  EXPECT_FALSE(s.asked.back().query().has_index());
}

TEST(indexes, may_be_asked_for_their_projection_and_tables_not) {
  songs s;
  EXPECT_EQ(s.query(R"(,"IndexName":"by_rank","Select":"ALL_PROJECTED_ATTRIBUTES")").substr(0, 3), "200");
  EXPECT_EQ(s.query(R"(,"Select":"ALL_PROJECTED_ATTRIBUTES")"),
            validation + R"(ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"})");
  EXPECT_EQ(s.query(R"(,"Select":"ALL_PROJECTED_ATTRIBUTES","ProjectionExpression":"v")"),
            validation +
                R"(Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES"})");
  EXPECT_EQ(
      s.query(R"(,"IndexName":"by_rank","Select":"SPECIFIC_ATTRIBUTES")"),
      validation +
          R"(Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"})");
}

TEST(indexes, cost_apart_from_the_table) {
  songs s;
  s.reply.set_read_bytes(5000);
  s.reply.set_fetched_units(3);
  const std::string ask = R"(,"IndexName":"by_rank","ConsistentRead":true,"ReturnConsumedCapacity":)";
  EXPECT_EQ(
      s.query(ask + "\"TOTAL\""),
      R"(200 {"Items":[],"Count":0,"ScannedCount":0,"ConsumedCapacity":{"TableName":"songs","CapacityUnits":5.0}})");
  EXPECT_EQ(
      s.query(ask + "\"INDEXES\""),
      R"(200 {"Items":[],"Count":0,"ScannedCount":0,"ConsumedCapacity":{"TableName":"songs","CapacityUnits":5.0,)"
      R"("Table":{"CapacityUnits":3.0},"LocalSecondaryIndexes":{"by_rank":{"CapacityUnits":2.0}}}})");
  EXPECT_TRUE(s.asked.back().query().tell_bytes());
}

TEST(indexes, add_to_what_writes_cost) {
  songs s;
  s.cost_index(2);
  s.reply.set_old_bytes(1500);
  const std::string ask = R"(,"ReturnConsumedCapacity":"INDEXES"})";
  const std::string told =
      R"(200 {"ConsumedCapacity":{"TableName":"songs","CapacityUnits":4.0,"Table":{"CapacityUnits":2.0},)"
      R"("LocalSecondaryIndexes":{"by_rank":{"CapacityUnits":2.0}}}})";
  EXPECT_EQ(s.said("PutItem", R"({"TableName":"songs","Item":)" + key + ask), told);
  EXPECT_TRUE(s.asked.back().tell_index_units());
  EXPECT_EQ(s.said("UpdateItem", R"({"TableName":"songs","Key":)" + key + ask), told);
  EXPECT_TRUE(s.asked.back().tell_index_units());
  EXPECT_EQ(s.said("DeleteItem", R"({"TableName":"songs","Key":)" + key + ask), told);
  EXPECT_TRUE(s.asked.back().tell_index_units());
  s.said("DeleteItem", R"({"TableName":"songs","Key":)" + key + "}");
  EXPECT_FALSE(s.asked.back().tell_index_units());
}

TEST(indexes, make_item_collections_that_writes_can_tell_of) {
  songs s;
  s.tell_collection((3ull << 30) + 1);
  const std::string told =
      R"("ItemCollectionMetrics":{"ItemCollectionKey":{"id":{"S":"a"}},"SizeEstimateRangeGB":[0,4]})";
  const std::string ask = R"(,"ReturnItemCollectionMetrics":"SIZE"})";
  EXPECT_EQ(s.said("PutItem", R"({"TableName":"songs","Item":)" + key + ask), "200 {" + told + "}");
  EXPECT_TRUE(s.asked.back().tell_collection());
  EXPECT_EQ(s.said("UpdateItem", R"({"TableName":"songs","Key":)" + key + ask), "200 {" + told + "}");
  EXPECT_EQ(s.said("DeleteItem", R"({"TableName":"songs","Key":)" + key + ask), "200 {" + told + "}");
  s.tell_collection(0);
  const std::string two = R"({"RequestItems":{"songs":[{"PutRequest":{"Item":)" + key +
                          R"(}},{"DeleteRequest":{"Key":{"id":{"S":"a"},"seq":{"N":"2"}}}}]})";
  EXPECT_EQ(
      s.said("BatchWriteItem", two + ask),
      R"(200 {"UnprocessedItems":{},"ItemCollectionMetrics":{"songs":[{"ItemCollectionKey":{"id":{"S":"a"}},)"
      R"("SizeEstimateRangeGB":[0,1]}]}})")
      << "once for each collection";
  s.reply.clear_collection_key();
  EXPECT_EQ(s.said("PutItem", R"({"TableName":"songs","Item":)" + key + ask), "200 {}")
      << "of a table without indexes";
}

TEST(indexes, refuse_a_batch_before_any_of_it_is_done) {
  songs s;
  EXPECT_EQ(s.said("BatchWriteItem",
                   R"({"RequestItems":{"songs":[{"PutRequest":{"Item":{"id":{"S":"a"},"seq":{"N":"1"}}}},
      {"PutRequest":{"Item":{"id":{"S":"a"},"seq":{"N":"2"},"rank":{"S":"x"}}}}]}})"),
            validation +
                "One or more parameter values were invalid: Type mismatch for Index Key rank Expected: N "
                R"(Actual: S IndexName: by_rank"})");
  EXPECT_TRUE(s.asked.empty());
}
