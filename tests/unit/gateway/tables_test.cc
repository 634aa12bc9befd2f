#include "tests/unit/gateway/door.h"

using namespace troupe;
using namespace troupe::gateway::test;

namespace {

std::string create(const std::string& name, const std::string& more = R"(,"BillingMode":"PAY_PER_REQUEST")") {
  return R"({"TableName":")" + name +
         R"(","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
    "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}])" +
         more + "}";
}
std::string named(const std::string& name, const std::string& more = {}) {
  return R"({"TableName":")" + name + "\"" + more + "}";
}
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
const std::string units = R"(,"ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":6})";

} // namespace

TEST(tables, are_made_described_and_deleted) {
  door d;
  const auto made = d.said("CreateTable", create("music", units));
  EXPECT_TRUE(has(made, R"(200 {"TableDescription":{)")) << made;
  EXPECT_TRUE(has(made, R"("TableStatus":"CREATING")")) << made;
  const auto seen = d.said("DescribeTable", named("music"));
  EXPECT_TRUE(has(seen, R"(200 {"Table":{)")) << seen;
  EXPECT_TRUE(has(seen, R"("TableStatus":"ACTIVE")")) << seen;
  EXPECT_TRUE(has(seen, R"("ReadCapacityUnits":5,"WriteCapacityUnits":6)")) << seen;
  EXPECT_EQ(d.said("CreateTable", create("music", units)),
            dynamodb + R"(ResourceInUseException","message":"Table already exists: music"})");
  const auto gone = d.said("DeleteTable", named("music"));
  EXPECT_TRUE(has(gone, R"("TableStatus":"DELETING")")) << gone;
  const auto absent =
      dynamodb +
      R"(ResourceNotFoundException","message":"Requested resource not found: Table: music not found"})";
  EXPECT_EQ(d.said("DescribeTable", named("music")), absent);
  EXPECT_EQ(d.said("DeleteTable", named("music")), absent);
}

TEST(tables, that_are_coming_or_going_are_left_alone) {
  door d;
  d.ask("CreateTable", create("music"));
  d.cluster->tables["music"].set_state(msg::TABLE_CREATING);
  EXPECT_EQ(d.said("DeleteTable", named("music")),
            dynamodb + R"(ResourceInUseException","message":"it is coming or going"})")
      << "in the words of the one who decides it";
  d.cluster->tables["music"].set_state(msg::TABLE_DELETING);
  EXPECT_TRUE(has(d.said("DescribeTable", named("music")), R"("TableStatus":"DELETING")"));
  EXPECT_EQ(
      d.said("UpdateTable", named("music", R"(,"DeletionProtectionEnabled":true)")),
      dynamodb +
          R"(ResourceInUseException","message":"Attempt to change a resource which is still in use: Table is )"
          R"(being deleted: music"})");
}

TEST(tables, say_how_much_is_in_them) {
  door d;
  d.ask("CreateTable", create("music"));
  d.cluster->figures.set_items(12);
  d.cluster->figures.set_bytes(3456);
  const std::string said = R"("TableSizeBytes":3456,"ItemCount":12,)";
  EXPECT_TRUE(has(d.said("DescribeTable", named("music")), said));
  EXPECT_TRUE(has(d.said("UpdateTable", named("music", R"(,"DeletionProtectionEnabled":false)")), said));
  EXPECT_TRUE(has(d.said("DeleteTable", named("music")), said));
}

TEST(tables, are_listed_page_by_page) {
  door d;
  for (const char* name : {"aaa", "bbb", "ccc"})
    d.ask("CreateTable", create(name));
  EXPECT_EQ(d.said("ListTables", "{}"), R"(200 {"TableNames":["aaa","bbb","ccc"]})");
  EXPECT_EQ(d.said("ListTables", R"({"Limit":2})"),
            R"(200 {"LastEvaluatedTableName":"bbb","TableNames":["aaa","bbb"]})");
  EXPECT_EQ(d.said("ListTables", R"({"Limit":2,"ExclusiveStartTableName":"bbb"})"),
            R"(200 {"TableNames":["ccc"]})");
}

TEST(tables, can_be_protected_from_deletion) {
  door d;
  d.ask("CreateTable", create("music"));
  const auto on = d.said("UpdateTable", named("music", R"(,"DeletionProtectionEnabled":true)"));
  EXPECT_TRUE(has(on, R"("TableStatus":"UPDATING")")) << on;
  EXPECT_TRUE(has(on, R"("DeletionProtectionEnabled":true)")) << on;
  EXPECT_EQ(
      d.said("DeleteTable", named("music")),
      validation +
          R"(Resource cannot be deleted as it is currently protected against deletion. Disable deletion )"
          R"(protection first."})");
  d.ask("UpdateTable", named("music", R"(,"DeletionProtectionEnabled":false)"));
  EXPECT_TRUE(has(d.said("DeleteTable", named("music")), "200 "));
}

TEST(tables, change_their_throughput) {
  door d;
  d.ask("CreateTable", create("music", units));
  EXPECT_TRUE(has(d.said("UpdateTable", named("music", units)),
                  "The provisioned throughput for the table will not change"));
  const auto more =
      d.said("UpdateTable",
             named("music", R"(,"ProvisionedThroughput":{"ReadCapacityUnits":7,"WriteCapacityUnits":2})"));
  EXPECT_TRUE(has(more, "LastIncreaseDateTime") && has(more, "LastDecreaseDateTime")) << more;
  const auto demand = d.said("UpdateTable", named("music", R"(,"BillingMode":"PAY_PER_REQUEST")"));
  EXPECT_TRUE(has(demand, R"("BillingMode":"PAY_PER_REQUEST")")) << demand;
  EXPECT_TRUE(has(d.said("UpdateTable", named("music", units)), "when BillingMode is PAY_PER_REQUEST"));
  const auto back = d.said("UpdateTable", named("music", units + R"(,"BillingMode":"PROVISIONED")"));
  EXPECT_TRUE(has(back, R"("BillingMode":"PROVISIONED")")) << back;
}

TEST(tables, changes_begin_again_when_somebody_was_quicker) {
  door d;
  d.ask("CreateTable", create("music"));
  d.cluster->conflicts = 3;
  EXPECT_TRUE(has(d.said("UpdateTable", named("music", R"(,"DeletionProtectionEnabled":true)")), "200 "));
  d.cluster->conflicts = 100;
  EXPECT_TRUE(has(d.said("UpdateTable", named("music", R"(,"DeletionProtectionEnabled":false)")),
                  "ResourceInUseException"))
      << "but not for ever";
}

TEST(tables, have_tags) {
  door d;
  d.ask("CreateTable",
        create("music", R"(,"BillingMode":"PAY_PER_REQUEST","Tags":[{"Key":"a","Value":"1"}])"));
  const std::string arn = R"({"ResourceArn":"arn:aws:dynamodb:local:000000000000:table/music")";
  EXPECT_EQ(d.said("TagResource", arn + R"(,"Tags":[{"Key":"b","Value":"2"},{"Key":"a","Value":"3"}]})"),
            "200 ");
  EXPECT_EQ(d.said("ListTagsOfResource", arn + "}"),
            R"(200 {"Tags":[{"Key":"a","Value":"3"},{"Key":"b","Value":"2"}]})");
  EXPECT_EQ(d.said("UntagResource", arn + R"(,"TagKeys":["a","absent"]})"), "200 ");
  EXPECT_EQ(d.said("ListTagsOfResource", arn + "}"), R"(200 {"Tags":[{"Key":"b","Value":"2"}]})");
  EXPECT_EQ(
      d.said("ListTagsOfResource", R"({"ResourceArn":"arn:aws:dynamodb:local:000000000000:table/none"})"),
      dynamodb + R"(ResourceNotFoundException","message":"Requested resource not found: ResourcArn: )"
                 R"(arn:aws:dynamodb:local:000000000000:table/none not found"})");
}

TEST(tables, many_tags_come_in_pages) {
  door d;
  d.ask("CreateTable", create("music"));
  const std::string arn = R"({"ResourceArn":"arn:aws:dynamodb:local:000000000000:table/music")";
  std::string tags;
  for (char c = 'a'; c < 'a' + 12; ++c)
    tags += (tags.empty() ? "" : ",") + (R"({"Key":")" + std::string(1, c) + R"(","Value":""})");
  EXPECT_EQ(d.said("TagResource", arn + R"(,"Tags":[)" + tags + "]}"), "200 ");
  EXPECT_TRUE(has(d.said("ListTagsOfResource", arn + "}"), R"("NextToken":"j")"));
  EXPECT_EQ(d.said("ListTagsOfResource", arn + R"(,"NextToken":"j"})"),
            R"(200 {"Tags":[{"Key":"k","Value":""},{"Key":"l","Value":""}]})");
}

TEST(tables, two_operations_need_none) {
  door d;
  EXPECT_EQ(d.said("DescribeEndpoints", "{}"),
            R"(200 {"Endpoints":[{"Address":"db.example:8000","CachePeriodInMinutes":1440}]})");
  EXPECT_TRUE(has(d.said("DescribeLimits", "{}"), R"("AccountMaxReadCapacityUnits":80000)"));
}
