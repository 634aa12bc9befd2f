#include "tests/unit/gateway/api/read.h"

using namespace troupe;
using namespace troupe::api;
using namespace troupe::api::test;

namespace {

const std::string hash =
    R"("TableName":"music","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"N"}],
  "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}])";
const std::string pair = R"("TableName":"music","BillingMode":"PAY_PER_REQUEST",
  "KeySchema":[{"AttributeName":"artist","KeyType":"HASH"},{"AttributeName":"song","KeyType":"RANGE"}])";
const std::string demand = R"(,"BillingMode":"PAY_PER_REQUEST")";

std::string definitions(const std::string& names) {
  std::string out;
  for (const char c : names)
    out += (out.empty() ? "" : ",") + (R"({"AttributeName":")" +
                                       std::string(c == 'a'   ? "artist"
                                                   : c == 's' ? "song"
                                                   : c == 'y' ? "year"
                                                              : "other") +
                                       R"(","AttributeType":"S"})");
  return R"(,"AttributeDefinitions":[)" + out + "]";
}
std::string object(const std::string& members) {
  return "{" + members + "}";
}
std::string index(const std::string& name, const std::string& range, const std::string& projection) {
  return R"({"IndexName":")" + name +
         R"(","KeySchema":[{"AttributeName":"artist","KeyType":"HASH"},{"AttributeName":")" + range +
         R"(","KeyType":"RANGE"}],"Projection":)" + projection + "}";
}

} // namespace

TEST(create_table, keeps_all_that_was_asked_for) {
  auto out = read(read_create_table,
                  object(hash + R"(,"ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":7},
    "DeletionProtectionEnabled":true,"TableClass":"STANDARD_INFREQUENT_ACCESS","SSESpecification":{"Enabled":true},
    "Tags":[{"Key":"b","Value":"2"},{"Key":"a","Value":""}],"GlobalSecondaryIndexes":[],
    "StreamSpecification":{"StreamEnabled":false})"));
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(out->keys.partition().type(), msg::KEY_TYPE_N);
  EXPECT_FALSE(out->keys.has_sort());
  const auto& o = out->options;
  EXPECT_EQ(o.read_units(), 5);
  EXPECT_EQ(o.write_units(), 7);
  EXPECT_TRUE(o.deletion_protection());
  EXPECT_EQ(o.table_class(), "STANDARD_INFREQUENT_ACCESS");
  EXPECT_EQ(o.sse_type(), "KMS");
  ASSERT_EQ(o.tags_size(), 2);
  EXPECT_EQ(o.tags(0).key(), "a");
}

TEST(create_table, needs_a_name_first_of_all) {
  EXPECT_EQ(refused(read_create_table, "{}"),
            "ValidationException: The parameter 'TableName' is required but was not present in the request");
  EXPECT_EQ(
      refused(read_create_table, R"({"TableName":"ab"})"),
      "ValidationException: TableName must be at least 3 characters long and at most 255 characters long");
  EXPECT_EQ(refused(read_create_table, R"({"TableName":"abc"})"),
            "ValidationException: 2 validation errors detected: Value null at 'attributeDefinitions' failed "
            "to satisfy "
            "constraint: Member must not be null; Value null at 'keySchema' failed to satisfy constraint: "
            "Member must "
            "not be null");
  EXPECT_EQ(refused(read_create_table, R"({"TableName":"abc;","AttributeDefinitions":[{"AttributeType":"X"}],
                                           "KeySchema":[]})"),
            "ValidationException: 4 validation errors detected: Value null at "
            "'attributeDefinitions.1.member.attributeName' failed to satisfy constraint: Member must not be "
            "null; Value "
            "'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must "
            "satisfy enum "
            "value set: [B, N, S]; Value 'abc;' at 'tableName' failed to satisfy constraint: Member must "
            "satisfy regular "
            "expression pattern: [a-zA-Z0-9_.-]+; Value '[]' at 'keySchema' failed to satisfy constraint: "
            "Member must "
            "have length greater than or equal to 1");
}

TEST(create_table, is_on_demand_or_has_units) {
  EXPECT_TRUE(read(read_create_table, object(hash + demand))->options.on_demand());
  EXPECT_EQ(
      refused(read_create_table, object(hash)),
      invalid +
          "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  const std::string units = R"(,"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1})";
  EXPECT_EQ(refused(read_create_table, object(hash + demand + units)),
            invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                      "PAY_PER_REQUEST");
  EXPECT_EQ(
      refused(read_create_table,
              object(hash + R"(,"ProvisionedThroughput":{"ReadCapacityUnits":0,"WriteCapacityUnits":-1})")),
      "ValidationException: 2 validation errors detected: Value '-1' at "
      "'provisionedThroughput.writeCapacityUnits' "
      "failed to satisfy constraint: Member must have value greater than or equal to 1; Value '0' at "
      "'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member must have value "
      "greater than "
      "or equal to 1");
  EXPECT_EQ(
      refused(
          read_create_table,
          object(hash +
                 R"(,"ProvisionedThroughput":{"ReadCapacityUnits":1000000000001,"WriteCapacityUnits":1})")),
      "ValidationException: Given value 1000000000001 for ReadCapacityUnits is out of bounds");
}

TEST(create_table, says_what_is_wrong_with_its_keys) {
  const auto keys = [](const std::string& schema, const std::string& names) {
    return refused(read_create_table,
                   object(R"("TableName":"music","BillingMode":"PAY_PER_REQUEST","KeySchema":[)" + schema +
                          "]" + definitions(names)));
  };
  const std::string a = R"({"AttributeName":"artist","KeyType":"HASH"})";
  const std::string s = R"({"AttributeName":"song","KeyType":"RANGE"})";
  EXPECT_EQ(keys(a + "," + s, "a"),
            "ValidationException: Invalid KeySchema: Some index key attribute have no definition");
  EXPECT_EQ(keys(a + "," + s, "ay"),
            invalid +
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [artist, song], "
                "AttributeDefinitions: [artist, year]");
  EXPECT_EQ(
      keys(a + "," + a, "as"),
      "ValidationException: Both the Hash Key and the Range Key element in the KeySchema have the same name");
  EXPECT_EQ(keys(s, "s"),
            "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  EXPECT_EQ(keys(a + R"(,{"AttributeName":"song","KeyType":"HASH"})", "as"),
            "ValidationException: Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  EXPECT_EQ(keys(a, "as"),
            invalid + "Number of attributes in KeySchema does not exactly match number of attributes "
                      "defined in AttributeDefinitions");
  EXPECT_EQ(keys(a, "aa"), invalid + "Duplicate attribute name in AttributeDefinitions: artist");
}

TEST(create_table, keeps_local_indexes) {
  auto out = read(
      read_create_table,
      object(pair + definitions("asy") + R"(,"LocalSecondaryIndexes":[)" +
             index("by_year", "year", R"({"ProjectionType":"INCLUDE","NonKeyAttributes":["label"]})") + "]"));
  ASSERT_TRUE(out) << out.why().message;
  ASSERT_EQ(out->options.local_indexes_size(), 1);
  EXPECT_EQ(out->options.local_indexes(0).sort().name(), "year");
  EXPECT_EQ(out->options.local_indexes(0).included(0), "label");
  EXPECT_EQ(out->options.definitions_size(), 3);
}

TEST(create_table, says_what_is_wrong_with_local_indexes) {
  const auto with = [](const std::string& indexes, const std::string& names = "asy",
                       const std::string& table = pair) {
    return refused(read_create_table,
                   object(table + definitions(names) + R"(,"LocalSecondaryIndexes":[)" + indexes + "]"));
  };
  const std::string all = R"({"ProjectionType":"ALL"})";
  EXPECT_EQ(with("", "as"), invalid + "List of LocalSecondaryIndexes is empty");
  EXPECT_EQ(with(index("by_year", "year", all) + "," + index("by_year", "year", all)),
            invalid + "Duplicate index name: by_year");
  EXPECT_EQ(with(index("by_year", "other", all)),
            invalid +
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [artist, other], "
                "AttributeDefinitions: [artist, song, year]");
  EXPECT_EQ(with(index("by_year", "year", "{}")), invalid + "Unknown ProjectionType: null");
  EXPECT_EQ(with(index("by_year", "year", R"({"ProjectionType":"ALL","NonKeyAttributes":["x"]})")),
            invalid + "ProjectionType is ALL, but NonKeyAttributes is specified");
  EXPECT_EQ(
      with(R"({"IndexName":"by_year","KeySchema":[{"AttributeName":"year","KeyType":"HASH"},
                    {"AttributeName":"song","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}})"),
      invalid +
          "Index KeySchema does not have the same leading hash key as table KeySchema for index: by_year. "
          "index hash key: year, table hash key: artist");
  EXPECT_EQ(with(R"({"IndexName":"by_year","KeySchema":[{"AttributeName":"artist","KeyType":"HASH"}],
                    "Projection":{"ProjectionType":"ALL"}})"),
            invalid + "Index KeySchema does not have a range key for index: by_year");
  EXPECT_EQ(
      with(index("by_year", "song", all)),
      invalid +
          "Some AttributeDefinitions are not used. AttributeDefinitions: [artist, song, year], keys used: "
          "[artist, song]");
  std::string six;
  for (int i = 0; i < 6; ++i)
    six += (i ? "," : "") + index("index" + std::to_string(i), "year", all);
  EXPECT_EQ(with(six), invalid + "Number of LocalSecondaryIndexes exceeds per-table limit of 5");
}

TEST(create_table, refuses_by_name_what_is_not_done) {
  for (const std::string& member :
       {std::string(R"("GlobalSecondaryIndexes":[{}])"),
        std::string(R"("StreamSpecification":{"StreamEnabled":true})"),
        std::string(R"("ResourcePolicy":"{}")"), std::string(R"("OnDemandThroughput":{})"),
        std::string(R"("WarmThroughput":{})")}) {
    const auto name = member.substr(1, member.find('"', 1) - 1);
    EXPECT_EQ(refused(read_create_table, object(hash + demand + "," + member)),
              "ValidationException: " + name + " is not supported by this version of Troupe");
  }
}

TEST(update_table, changes_something) {
  EXPECT_EQ(refused(read_update_table, R"({"TableName":"music"})"),
            "ValidationException: At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
  EXPECT_EQ(refused(read_update_table, R"({"TableName":"music","BillingMode":"PROVISIONED"})"),
            invalid + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  auto out = read(read_update_table, R"({"TableName":"music","DeletionProtectionEnabled":false,
    "ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":2}})");
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(out->deletion_protection, false);
  EXPECT_EQ(out->units->write_units, 2);
  EXPECT_FALSE(out->on_demand);
  EXPECT_EQ(
      refused(read_update_table, R"({"TableName":"music","GlobalSecondaryIndexUpdates":[{"Delete":{}}]})"),
      "ValidationException: GlobalSecondaryIndexUpdates is not supported by this version of Troupe");
}

TEST(list_tables, bounds_its_page) {
  EXPECT_EQ(read(read_list_tables, "{}")->limit, 100);
  EXPECT_EQ(read(read_list_tables, R"({"Limit":3,"ExclusiveStartTableName":"abc"})")->after, "abc");
  EXPECT_EQ(refused(read_list_tables, R"({"Limit":101,"ExclusiveStartTableName":"a;"})"),
            "ValidationException: 3 validation errors detected: Value '101' at 'limit' failed to satisfy "
            "constraint: "
            "Member must have value less than or equal to 100; Value 'a;' at 'exclusiveStartTableName' "
            "failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'a;' at "
            "'exclusiveStartTableName' failed to satisfy constraint: Member must have length greater than or "
            "equal to 3");
}

TEST(tags, go_by_the_arn_of_a_table) {
  const std::string arn = "arn:aws:dynamodb:local:000000000000:table/music";
  auto out = read(read_tag_resource, R"({"ResourceArn":")" + arn + R"(","Tags":[{"Key":"k","Value":"v"}]})");
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(out->table, "music");
  EXPECT_EQ(refused(read_tag_resource, "{}"), "ValidationException: Invalid TableArn");
  EXPECT_EQ(refused(read_tag_resource, R"({"ResourceArn":"music","Tags":[]})").substr(0, 22),
            "AccessDeniedException:");
  EXPECT_EQ(refused(read_tag_resource, R"({"ResourceArn":"a:b:c:d:e:f/g"})"),
            one_error + "Value null at 'tags' failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(refused(read_tag_resource, R"({"ResourceArn":"a:b:c:d:e:f/g","Tags":[]})"),
            "ValidationException: Invalid TableArn: Invalid ResourceArn provided as input a:b:c:d:e:f/g");
  EXPECT_EQ(refused(read_tag_resource, R"({"ResourceArn":")" + arn + R"(","Tags":[]})"),
            "ValidationException: Atleast one Tag needs to be provided as Input.");
  EXPECT_EQ(refused(read_untag_resource, R"({"ResourceArn":")" + arn + R"(","TagKeys":[]})"),
            "ValidationException: Atleast one Tag Key needs to be provided as Input.");
  EXPECT_EQ(read(read_list_tags_of_resource, R"({"ResourceArn":")" + arn + R"(","NextToken":"k"})")->next,
            "k");
}
