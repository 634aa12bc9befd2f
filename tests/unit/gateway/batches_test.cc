#include "config/limits.h"
#include "tests/unit/gateway/door.h"

using namespace troupe;
using namespace troupe::gateway::test;

namespace {

constexpr std::size_t answer_bytes = 16u << 20;

msg::AttributeMap key_of(const std::string& id) {
  msg::AttributeMap key;
  auto& attribute = *key.add_attributes();
  attribute.set_name("id");
  attribute.mutable_value()->set_s(id);
  return key;
}

// A table "shelf" whose items have ids of two letters.
struct shelf : door {
  shelf() {
    EXPECT_EQ(ask("CreateTable", R"({"TableName":"shelf","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})")
                  .status,
              200);
  }

  // An item of so many bytes, by DynamoDB's rule.
  void hold(const std::string& id, std::size_t bytes) {
    auto item = key_of(id);
    auto& attribute = *item.add_attributes();
    attribute.set_name("v");
    attribute.mutable_value()->set_s(std::string(bytes - std::string("idv").size() - id.size(), 'x'));
    ASSERT_EQ(item::item_size(item), bytes);
    const auto key = item::encode_exact_key(cluster->tables.at("shelf").keys(), key_of(id));
    cluster->items["shelf"][*key] = item::serialize(item);
  }

  // Requests for this item are refused.
  void refuse_item(const std::string& id, msg::Code code) {
    cluster->refuse_item = [id, code](const msg::ItemRequest& request) -> std::optional<msg::Status> {
      const auto asked = item::parse_item(request.has_put()       ? request.put().item()
                                          : request.has_delete_() ? request.delete_().key()
                                                                  : request.get().key());
      return item::find(*asked, "id")->s() == id ? std::optional(make_status(code, "why")) : std::nullopt;
    };
  }

  std::string get(const std::string& ids, const std::string& more = {}) {
    std::string keys;
    for (std::size_t i = 0; i < ids.size(); i += 2)
      keys += (keys.empty() ? "" : ",") + (R"({"id":{"S":")" + ids.substr(i, 2)) + "\"}}";
    return said("BatchGetItem", R"({"RequestItems":{"shelf":{"Keys":[)" + keys + "]" + more + "}}}");
  }
};

} // namespace

TEST(batches, a_get_answers_with_sixteen_megabytes_and_not_a_byte_more) {
  shelf s;
  std::string ids;
  for (char c = 'a'; c <= 'z'; ++c)
    for (char d : {'0', '1'})
      if (ids.size() < 2 * 40)
        ids += {c, d};
  for (std::size_t i = 0; i < ids.size(); i += 2)
    s.hold(ids.substr(i, 2), limits::item_bytes);
  ids += "zzzy";
  s.hold("zz", answer_bytes - 40 * limits::item_bytes - 10);
  s.hold("zy", 10);
  auto said = s.get(ids);
  EXPECT_TRUE(said.ends_with(R"("UnprocessedKeys":{}})")) << said.substr(said.size() - 200);

  s.hold("zz", answer_bytes - 40 * limits::item_bytes - 9);
  said = s.get(ids, R"(,"ConsistentRead":true,"AttributesToGet":["id"])");
  EXPECT_TRUE(
      said.ends_with(R"("UnprocessedKeys":{"shelf":{"Keys":[{"id":{"S":"zy"}}],"ConsistentRead":true,)"
                     R"("AttributesToGet":["id"]}}})"))
      << "the parts that were not asked for count, too: " << said.substr(said.size() - 200);

  s.hold("zz", answer_bytes - 40 * limits::item_bytes + 1);
  said = s.get(ids, R"(,"AttributesToGet":["id"])");
  EXPECT_TRUE(said.ends_with(R"({"id":{"S":"zy"}}]},"UnprocessedKeys":{"shelf":{"Keys":[{"id":{"S":"zz"}}],)"
                             R"("AttributesToGet":["id"]}}})"))
      << "what still fits is not held back: " << said.substr(said.size() - 200);
}

TEST(batches, a_get_hands_back_the_keys_that_could_not_be_read_just_now) {
  shelf s;
  s.hold("aa", 10);
  s.refuse_item("bb", msg::OVERLOADED);
  EXPECT_EQ(
      s.get("aabb", R"(,"ProjectionExpression":"#i","ExpressionAttributeNames":{"#i":"id"})"),
      R"(200 {"Responses":{"shelf":[{"id":{"S":"aa"}}]},"UnprocessedKeys":{"shelf":{)"
      R"("Keys":[{"id":{"S":"bb"}}],"ProjectionExpression":"#i","ExpressionAttributeNames":{"#i":"id"}}}})");
  EXPECT_EQ(s.get("bb").substr(0, 3), "503") << "a batch of which nothing was done is refused";
}

TEST(batches, a_write_hands_back_the_requests_that_had_no_effect) {
  shelf s;
  s.refuse_item("bb", msg::UNAVAILABLE);
  const std::string ask =
      R"({"RequestItems":{"shelf":[{"PutRequest":{"Item":{"id":{"S":"aa"},"v":{"N":"1"}}}},)"
      R"({"PutRequest":{"Item":{"id":{"S":"bb"},"v":{"N":"2.50"}}}}]}})";
  EXPECT_EQ(
      s.said("BatchWriteItem", ask),
      R"(200 {"UnprocessedItems":{"shelf":[{"PutRequest":{"Item":{"id":{"S":"bb"},"v":{"N":"2.5"}}}}]}})");
  s.cluster->refuse_item = nullptr;
  EXPECT_EQ(s.get("aabb"),
            R"(200 {"Responses":{"shelf":[{"id":{"S":"aa"},"v":{"N":"1"}}]},"UnprocessedKeys":{}})");
  s.refuse_item("aa", msg::STORAGE_FULL);
  EXPECT_EQ(s.said("BatchWriteItem",
                   R"({"RequestItems":{"shelf":[{"DeleteRequest":{"Key":{"id":{"S":"aa"}}}},)"
                   R"({"DeleteRequest":{"Key":{"id":{"S":"bb"}}}}]}})"),
            R"(200 {"UnprocessedItems":{"shelf":[{"DeleteRequest":{"Key":{"id":{"S":"aa"}}}}]}})");
}

TEST(batches, a_write_whose_outcome_is_not_known_is_never_handed_back_as_undone) {
  shelf s;
  s.refuse_item("bb", msg::UNKNOWN_OUTCOME);
  const auto said =
      s.said("BatchWriteItem", R"({"RequestItems":{"shelf":[{"PutRequest":{"Item":{"id":{"S":"aa"}}}},)"
                               R"({"PutRequest":{"Item":{"id":{"S":"bb"}}}}]}})");
  EXPECT_TRUE(said.starts_with("500 {\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\""))
      << said;
}

TEST(batches, a_write_asks_the_nodes_router_for_keys_and_not_the_metadata_leader) {
  shelf s;
  s.cluster->described.clear();
  s.said("BatchWriteItem", R"({"RequestItems":{"shelf":[{"PutRequest":{"Item":{"id":{"S":"aa"}}}}]}})");
  EXPECT_EQ(s.cluster->described,
            (std::map<msg::DescribeTable::Source, int>{{msg::DescribeTable::ROUTER, 1}}));
}

// Deleted, and made anew with a number for a key, while the router knows the table that was.
TEST(batches, a_write_to_a_table_made_anew_goes_by_its_new_keys) {
  shelf s;
  s.cluster->old_map = s.cluster->tables;
  auto& anew = s.cluster->tables["shelf"];
  anew.set_id(anew.id() + 1);
  anew.mutable_keys()->mutable_partition()->set_name("number");
  anew.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_N);
  EXPECT_EQ(s.said("BatchWriteItem",
                   R"({"RequestItems":{"shelf":[{"PutRequest":{"Item":{"number":{"N":"1"}}}}]}})"),
            R"(200 {"UnprocessedItems":{}})")
      << "which the old table could not have taken";
  EXPECT_EQ(s.cluster->items["shelf"].size(), 1u);
  const auto refused =
      s.said("BatchWriteItem", R"({"RequestItems":{"shelf":[{"PutRequest":{"Item":{"id":{"S":"aa"}}}}]}})");
  EXPECT_TRUE(refused.starts_with(validation)) << "which the old table would have taken: " << refused;
  EXPECT_EQ(s.cluster->items["shelf"].size(), 1u);
}

TEST(batches, a_write_costs_by_the_larger_of_old_and_new) {
  shelf s;
  s.hold("aa", 3000);
  EXPECT_EQ(s.said("BatchWriteItem",
                   R"({"RequestItems":{"shelf":[{"PutRequest":{"Item":{"id":{"S":"aa"}}}}]},)"
                   R"("ReturnConsumedCapacity":"TOTAL"})"),
            R"(200 {"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"shelf","CapacityUnits":3.0}]})");
}

TEST(batches, a_key_that_does_not_fit_the_table_is_told_alike_of_puts_and_deletes) {
  shelf s;
  const auto put = [&](const std::string& item) {
    return s.said("BatchWriteItem", R"({"RequestItems":{"shelf":[{"PutRequest":{"Item":)" + item + "}}]}}");
  };
  const auto mismatch = validation + "The provided key element does not match the schema\"}";
  EXPECT_EQ(put(R"({"v":{"N":"1"}})"), mismatch);
  EXPECT_EQ(put(R"({"id":{"N":"1"},"v":{"N":"1"}})"), mismatch);
  EXPECT_EQ(put(R"({"id":{"S":""}})"), validation +
                                           "One or more parameter values are not valid. The AttributeValue "
                                           "for a key attribute cannot contain an empty string value. "
                                           "Key: id\"}");
  EXPECT_EQ(put(R"({"id":{"S":"aa"},"v":{"N":"1"}})"), R"(200 {"UnprocessedItems":{}})");
}
