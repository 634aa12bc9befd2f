// Tables named by their ARNs, and projections that lead into keys: what depends on which table is meant.
#include "tests/unit/gateway/door.h"

using namespace troupe;
using namespace troupe::gateway::test;

namespace {

const std::string arn = "arn:aws:dynamodb:local:000000000000:table/songs";
const std::string key = R"({"id":{"S":"a"},"seq":{"N":"1"}})";
const std::string total = R"(,"ReturnConsumedCapacity":"TOTAL")";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string create(const std::string& name) {
  return R"({"TableName":")" + name + R"(","BillingMode":"PAY_PER_REQUEST",
    "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"seq","AttributeType":"N"},
                            {"AttributeName":"chart","AttributeType":"N"}],
    "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"seq","KeyType":"RANGE"}],
    "LocalSecondaryIndexes":[{"IndexName":"by_chart","Projection":{"ProjectionType":"ALL"},
      "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"chart","KeyType":"RANGE"}]}]})";
}

struct songs : door {
  songs() { EXPECT_EQ(ask("CreateTable", create("songs")).status, 200); }
  std::string of(const std::string& operation, const std::string& table, const std::string& more = {}) {
    return said(operation, R"({"TableName":")" + table + "\"" + more + "}");
  }
};

} // namespace

TEST(table_names, may_be_arns_wherever_a_request_names_a_table) {
  songs s;
  const std::string item = R"(,"Item":)" + key, with_key = R"(,"Key":)" + key;
  EXPECT_EQ(s.of("PutItem", arn, item), "200 {}");
  EXPECT_EQ(s.of("GetItem", "songs", with_key), R"(200 {"Item":)" + key + "}");
  EXPECT_EQ(s.of("GetItem", arn, with_key), R"(200 {"Item":)" + key + "}");
  EXPECT_EQ(s.of("UpdateItem", arn, with_key), "200 {}");
  EXPECT_EQ(s.of("DeleteItem", arn, with_key), "200 {}");
  EXPECT_EQ(s.cluster->items["songs"].size(), 0u);
  for (const std::string operation : {"DescribeTable", "DescribeContinuousBackups"})
    EXPECT_TRUE(s.of(operation, arn).starts_with("200 ")) << operation;
  EXPECT_TRUE(s.of("UpdateTable", arn, R"(,"DeletionProtectionEnabled":true)").starts_with("200 "));
  EXPECT_TRUE(s.of("UpdateTable", arn, R"(,"DeletionProtectionEnabled":false)").starts_with("200 "));
  std::vector<std::string> asked;
  s.cluster->say_item = [&](const msg::ItemRequest& request) {
    asked.push_back(request.table());
    return msg::ItemReply();
  };
  EXPECT_TRUE(s.of("Scan", arn).starts_with("200 "));
  EXPECT_TRUE(s.of("Query", arn,
                   R"(,"KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"a"}})")
                  .starts_with("200 "));
  EXPECT_EQ(asked, (std::vector<std::string>{"songs", "songs"}));
  EXPECT_TRUE(has(s.said("CreateTable", create("arn:aws:dynamodb:local:000000000000:table/others")),
                  R"("TableName":"others")"));
  EXPECT_TRUE(has(s.of("DeleteTable", arn), R"("TableStatus":"DELETING")"));
  EXPECT_EQ(s.cluster->tables.count("songs"), 0u);
}

TEST(table_names, come_back_as_they_were_given) {
  songs s;
  EXPECT_EQ(s.of("PutItem", arn, R"(,"Item":)" + key + total),
            R"(200 {"ConsumedCapacity":{"TableName":")" + arn + R"(","CapacityUnits":1.0}})");
  EXPECT_TRUE(has(s.of("GetItem", arn, R"(,"Key":)" + key + total), R"("TableName":")" + arn + "\""));
  EXPECT_TRUE(has(s.of("UpdateItem", arn, R"(,"Key":)" + key + total), R"("TableName":")" + arn + "\""));
  const auto got =
      s.said("BatchGetItem", R"({"RequestItems":{")" + arn + R"(":{"Keys":[)" + key + "]}}" + total + "}");
  EXPECT_EQ(got, R"(200 {"Responses":{")" + arn + R"(":[)" + key + R"(]},"UnprocessedKeys":{},)" +
                     R"("ConsumedCapacity":[{"TableName":")" + arn + R"(","CapacityUnits":0.5}]})");
  const auto put = R"([{"PutRequest":{"Item":)" + key + "}}]";
  const auto other = R"([{"DeleteRequest":{"Key":{"id":{"S":"b"},"seq":{"N":"1"}}}}])";
  s.cluster->refuse_item = [](const msg::ItemRequest& request) -> std::optional<msg::Status> {
    return request.has_put() ? std::optional(make_status(msg::UNAVAILABLE, "why")) : std::nullopt;
  };
  EXPECT_EQ(
      s.said("BatchWriteItem", R"({"RequestItems":{")" + arn + "\":" + put + R"(,"songs":)" + other + "}}"),
      R"(200 {"UnprocessedItems":{")" + arn + "\":" + put + "}}");
}

TEST(table_names, are_one_table_to_a_batch_that_names_it_both_ways) {
  songs s;
  const auto duplicates = validation + R"(Provided list of item keys contains duplicates"})";
  EXPECT_EQ(s.said("BatchGetItem", R"({"RequestItems":{")" + arn + R"(":{"Keys":[)" + key +
                                       R"(]},"songs":{"Keys":[)" + key + "]}}}"),
            duplicates);
  const auto put = R"([{"PutRequest":{"Item":)" + key + "}}]";
  EXPECT_EQ(
      s.said("BatchWriteItem", R"({"RequestItems":{")" + arn + "\":" + put + R"(,"songs":)" + put + "}}"),
      duplicates);
}

TEST(table_names, of_other_accounts_and_regions_are_nobodys_here_to_see) {
  songs s;
  for (const std::string theirs : {"arn:aws:dynamodb:local:123456789012:table/songs",
                                   "arn:aws:dynamodb:us-east-1:000000000000:table/songs"}) {
    const auto refused = [&](const std::string& operation) {
      return R"(400 {"__type":"com.amazon.coral.service#AccessDeniedException","Message":)"
             R"("User: is not authorized to perform: dynamodb:)" +
             operation + " on resource: " + theirs + "\"}";
    };
    EXPECT_EQ(s.of("GetItem", theirs, R"(,"Key":)" + key), refused("GetItem"));
    EXPECT_EQ(s.of("DescribeTable", theirs), refused("DescribeTable"));
    EXPECT_EQ(s.of("PutItem", theirs), refused("PutItem")) << "before the rest of the request is looked at";
    EXPECT_EQ(s.said("BatchGetItem", R"({"RequestItems":{")" + theirs + R"(":{"Keys":[)" + key + "]}}}"),
              refused("BatchGetItem"));
    EXPECT_EQ(s.said("ListTagsOfResource", R"({"ResourceArn":")" + theirs + "\"}"),
              refused("ListTagsOfResource"));
    EXPECT_EQ(s.said("RestoreTableToPointInTime",
                     R"({"TargetTableName":"again","UseLatestRestorableTime":true,"SourceTableArn":")" +
                         theirs + "\"}"),
              refused("RestoreTableToPointInTime"));
  }
}

// A program that makes its ARNs of the region that it is configured for.
TEST(table_names, may_name_the_region_that_the_request_is_signed_for) {
  songs s;
  const std::string body = R"({"TableName":"arn:aws:dynamodb:eu-central-1:000000000000:table/songs"})";
  auto signed_for = [](const std::string& region) {
    return "Authorization: AWS4-HMAC-SHA256 Credential=KEY/20261123/" + region +
           "/dynamodb/aws4_request, SignedHeaders=host, Signature=00\r\n";
  };
  EXPECT_EQ(s.ask("DescribeTable", body, signed_for("eu-central-1")).status, 200u);
  EXPECT_EQ(s.ask("DescribeTable", body, signed_for("eu-west-1")).status, 400u);
  EXPECT_EQ(s.ask("DescribeTable", body, "Authorization: Credential=KEY\r\n").status, 400u);
}

TEST(table_names, that_are_neither_a_name_nor_a_tables_arn_are_refused_as_names) {
  songs s;
  for (const std::string& wrong :
       {arn + "/index/by_chart", std::string("arn:aws:s3:::bucket/songs"),
        std::string("arn:aws:dynamodb:local:000000000000:table/so"), std::string("arn:aws:dynamodb:local")})
    EXPECT_TRUE(has(s.of("GetItem", wrong, R"(,"Key":)" + key),
                    "at 'tableName' failed to satisfy constraint: Member must satisfy regular expression "
                    "pattern"))
        << wrong;
}

// A key attribute is a string, a number or bytes: nothing is inside of it.
TEST(projections, into_keys_are_refused) {
  songs s;
  const std::string why = validation +
                          "Key attributes must be scalars; list random access '[]' and map lookup '.' are "
                          "not allowed: ";
  auto get = [&](const std::string& projection) {
    return s.of("GetItem", "songs", R"(,"Key":)" + key + R"(,"ProjectionExpression":")" + projection + "\"");
  };
  EXPECT_EQ(get("v, id.part"), why + R"(Key: id"})");
  EXPECT_EQ(get("seq[0]"), why + R"(Key: seq"})");
  EXPECT_EQ(get("chart.x"), why + R"(IndexKey: chart"})");
  EXPECT_EQ(get("v.id, id, seq"), "200 {}") << "what is called so elsewhere is no key";
  EXPECT_EQ(s.of("Scan", "songs", R"(,"ProjectionExpression":"id.part")"), why + R"(Key: id"})");
  EXPECT_EQ(s.of("Query", "songs",
                 R"(,"KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"a"}},)"
                 R"("ProjectionExpression":"chart[1]")"),
            why + R"(IndexKey: chart"})");
  EXPECT_EQ(s.said("BatchGetItem", R"({"RequestItems":{"songs":{"Keys":[)" + key +
                                       R"(],"ProjectionExpression":"id.part"}}})"),
            why + R"(Key: id"})");
  EXPECT_EQ(s.of("GetItem", "none", R"(,"Key":)" + key + R"(,"ProjectionExpression":"id.part")"),
            dynamodb + R"(ResourceNotFoundException","message":"Requested resource not found"})");
}

// The router's map is a moment old: there was a table with other keys under that name.
TEST(projections, are_held_against_the_newest_keys_before_they_are_refused) {
  songs s;
  s.cluster->old_map = s.cluster->tables;
  s.cluster->old_map->at("songs").mutable_keys()->mutable_sort()->set_name("v");
  EXPECT_EQ(s.of("GetItem", "songs", R"(,"Key":)" + key + R"(,"ProjectionExpression":"v.x")"), "200 {}");
  EXPECT_EQ(s.cluster->described[msg::DescribeTable::CHECKED], 1);
  EXPECT_EQ(s.of("GetItem", "songs", R"(,"Key":)" + key + R"(,"ProjectionExpression":"v")"), "200 {}");
  EXPECT_EQ(s.cluster->described[msg::DescribeTable::ROUTER], 1)
      << "and nobody is asked when no path is nested";
}
