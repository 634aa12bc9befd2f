#include "actors/core/item/json.h"
#include "tests/unit/gateway/api/read.h"

using namespace troupe;
using namespace troupe::api;
using namespace troupe::api::test;

namespace {

const std::string put = R"("TableName":"music","Item":{"id":{"S":"a"}})";
const std::string key = R"("TableName":"music","Key":{"id":{"S":"a"}})";
std::string object(const std::string& members) {
  return "{" + members + "}";
}

} // namespace

TEST(put_item, has_all_that_was_asked_for) {
  auto out = read(read_put_item, object(put + R"(,
    "ConditionExpression":"#a = :b","ExpressionAttributeNames":{"#a":"x"},"ExpressionAttributeValues":{":b":{"N":"1.0"}},
    "ReturnValues":"ALL_OLD","ReturnConsumedCapacity":"INDEXES","ReturnItemCollectionMetrics":"SIZE",
    "ReturnValuesOnConditionCheckFailure":"ALL_OLD")"));
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(out->table, "music");
  EXPECT_EQ(item::write_json(out->item), R"({"id":{"S":"a"}})");
  EXPECT_EQ(out->options.expressions.condition, "#a = :b");
  EXPECT_EQ(out->options.expressions.names->front().second, "x");
  EXPECT_EQ(out->options.expressions.values->front().first, ":b");
  EXPECT_EQ(out->options.returned, return_values::all_old);
  EXPECT_EQ(out->options.capacity, capacity_report::indexes);
  EXPECT_TRUE(out->options.collection_metrics && out->options.old_on_failure && out->options.conditional());
}

TEST(put_item, makes_its_item_canonical) {
  auto out = read(read_put_item, object(R"("TableName":"music","Item":{"n":{"N":"007.50"},"id":{"S":"a"},
                                            "s":{"NS":["10","9"]}})"));
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(item::write_json(out->item), R"({"id":{"S":"a"},"n":{"N":"7.5"},"s":{"NS":["9","10"]}})");
}

TEST(put_item, says_all_broken_constraints_at_once) {
  EXPECT_EQ(
      refused(read_put_item, "{}"),
      "ValidationException: 2 validation errors detected: Value null at 'tableName' failed to satisfy "
      "constraint: "
      "Member must not be null; Value null at 'item' failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(
      refused(read_put_item, R"({"TableName":"","Item":{}})"),
      "ValidationException: 2 validation errors detected: Value '' at 'tableName' failed to satisfy "
      "constraint: "
      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'tableName' failed to "
      "satisfy constraint: Member must have length greater than or equal to 3");
  EXPECT_EQ(
      refused(read_put_item, object(put + R"(,"ReturnValues":"ALL")")),
      one_error +
          "Value 'ALL' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: "
          "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]");
  EXPECT_EQ(
      refused(read_put_item, object(put + R"(,"Expected":{"a":{"ComparisonOperator":"IS"}})")),
      one_error +
          "Value 'IS' at 'expected.a.member.comparisonOperator' failed to satisfy constraint: Member must "
          "satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, "
          "BEGINS_WITH, GE, CONTAINS]");
  EXPECT_EQ(
      refused(read_put_item, R"({"TableName":")" + std::string(256, 'a') + R"(","Item":{}})"),
      one_error + "Value '" + std::string(256, 'a') +
          "' at 'tableName' failed to satisfy constraint: Member must have length less than or equal to 255");
}

TEST(put_item, types_come_before_constraints_and_these_before_values) {
  EXPECT_EQ(refused(read_put_item, R"({"TableName":7,"ReturnValues":"ALL"})"),
            "SerializationException: NUMBER_VALUE cannot be converted to String");
  EXPECT_EQ(refused(read_put_item, R"({"TableName":"a","Item":{"x":{}}})").substr(0, one_error.size()),
            one_error);
  EXPECT_EQ(refused(read_put_item, R"({"TableName":"abc","Item":{"x":{}}})"),
            "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the "
            "supported datatypes");
  EXPECT_EQ(refused(read_put_item, object(put + R"(,"ReturnValues":"ALL_NEW")")),
            "ValidationException: ReturnValues can only be ALL_OLD or NONE");
}

TEST(put_item, refuses_expressions_beside_what_they_replaced) {
  EXPECT_EQ(
      refused(read_put_item, object(put + R"(,"ConditionExpression":"a","Expected":{"a":{"Exists":false}})")),
      "ValidationException: Can not use both expression and non-expression parameters in the same request: "
      "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}");
  EXPECT_EQ(refused(read_put_item, object(put + R"(,"ExpressionAttributeNames":{"#a":"a"})")),
            "ValidationException: ExpressionAttributeNames can only be specified when using expressions");
  EXPECT_EQ(refused(read_put_item, object(put + R"(,"ExpressionAttributeValues":{":a":{"S":"a","N":"1"}})")),
            "ValidationException: ExpressionAttributeValues contains invalid value: Supplied AttributeValue "
            "has more "
            "than one datatypes set, must contain exactly one of the supported datatypes for key :a");
  EXPECT_EQ(refused(read_put_item, object(put + R"(,"ExpressionAttributeValues":{":a":{"S":"a"}})")),
            "ValidationException: ExpressionAttributeValues can only be specified when using expressions: "
            "ConditionExpression is null");
}

TEST(put_item, refuses_an_item_that_is_too_large) {
  const auto item = [](std::size_t bytes) {
    return R"({"TableName":"music","Item":{"id":{"S":"a"},"x":{"S":")" + std::string(bytes, 'x') + R"("}}})";
  };
  const std::size_t rest = 4; // "id", "a", "x"
  EXPECT_TRUE(read(read_put_item, item(400 * 1024 - rest)));
  EXPECT_EQ(refused(read_put_item, item(400 * 1024 - rest + 1)),
            "ValidationException: Item size has exceeded the maximum allowed size");
}

TEST(delete_item, needs_a_key) {
  EXPECT_TRUE(read(read_delete_item, object(key)));
  EXPECT_EQ(refused(read_delete_item, R"({"TableName":"music"})"),
            one_error + "Value null at 'key' failed to satisfy constraint: Member must not be null");
}

TEST(get_item, reads_consistently_only_when_asked) {
  EXPECT_FALSE(read(read_get_item, object(key))->consistent);
  EXPECT_TRUE(read(read_get_item, object(key + R"(,"ConsistentRead":true)"))->consistent);
  EXPECT_EQ(
      refused(read_get_item, object(key + R"(,"AttributesToGet":[])")),
      one_error +
          "Value '[]' at 'attributesToGet' failed to satisfy constraint: Member must have length greater "
          "than or equal to 1");
  EXPECT_EQ(refused(read_get_item, object(key + R"(,"AttributesToGet":["a","b","a"])")),
            invalid + "Duplicate value in attribute name: a");
  EXPECT_EQ(
      refused(read_get_item, object(key + R"(,"AttributesToGet":["a"],"ProjectionExpression":"a")")),
      "ValidationException: Can not use both expression and non-expression parameters in the same request: "
      "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}");
}

TEST(update_item, keeps_what_it_is_to_do) {
  auto out =
      read(read_update_item, object(key + R"(,"UpdateExpression":"SET a = :a","ReturnValues":"UPDATED_NEW",
                                                    "ExpressionAttributeValues":{":a":{"S":"1"}})"));
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(out->options.expressions.update, "SET a = :a");
  EXPECT_EQ(out->options.returned, return_values::updated_new);
  auto old =
      read(read_update_item,
           object(key +
                  R"(,"AttributeUpdates":{"a":{"Action":"ADD","Value":{"N":"1"}},"b":{"Action":"DELETE"}})"));
  ASSERT_TRUE(old) << old.why().message;
  ASSERT_EQ(old->attribute_updates->size(), 2u);
  EXPECT_EQ(old->attribute_updates->front().action, "ADD");
  EXPECT_FALSE(old->attribute_updates->back().value);
  EXPECT_EQ(
      refused(read_update_item, object(key + R"(,"AttributeUpdates":{},"UpdateExpression":"SET a = b")")),
      "ValidationException: Can not use both expression and non-expression parameters in the same request: "
      "Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}");
}

TEST(query, needs_key_conditions_of_one_kind) {
  EXPECT_EQ(refused(read_query, R"({"TableName":"music"})"),
            "ValidationException: Either the KeyConditions or KeyConditionExpression parameter must be "
            "specified in the "
            "request.");
  auto out = read(read_query, R"({"TableName":"music","KeyConditionExpression":"a = :a","Limit":5,
    "ExpressionAttributeValues":{":a":{"S":"x"}},"ScanIndexForward":false,"IndexName":"by_year","Select":"COUNT",
    "ExclusiveStartKey":{"id":{"N":"01"}},"ConsistentRead":true,"FilterExpression":"b = :a"})");
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_FALSE(out->forward);
  EXPECT_EQ(out->page.limit, 5);
  EXPECT_EQ(out->page.index, "by_year");
  EXPECT_EQ(out->page.select, selected::count);
  EXPECT_TRUE(out->page.consistent);
  EXPECT_EQ(out->page.start_key->attributes(0).value().n(), "1");
  auto old = read(read_query, R"({"TableName":"music","ConditionalOperator":"OR",
    "KeyConditions":{"a":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"x"}]}},
    "QueryFilter":{"b":{"ComparisonOperator":"NOT_NULL"},"c":{"ComparisonOperator":"NULL"}}})");
  ASSERT_TRUE(old) << old.why().message;
  EXPECT_EQ(old->key_conditions->front().values->size(), 1u);
  EXPECT_EQ(old->page.join, expression::legacy_join::any);
  EXPECT_EQ(refused(read_query, R"({"TableName":"music","ConditionalOperator":"OR"})"),
            "ValidationException: ConditionalOperator cannot be used without Filter or Expected");
}

TEST(query, says_what_is_wrong_with_its_page) {
  const std::string start = R"({"TableName":"music","KeyConditionExpression":"a = b",)";
  EXPECT_EQ(
      refused(read_query, start + R"("Limit":0})"),
      one_error +
          "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal "
          "to 1");
  EXPECT_EQ(
      refused(read_query, start + R"("IndexName":"a;"})"),
      "ValidationException: 2 validation errors detected: Value 'a;' at 'indexName' failed to satisfy "
      "constraint: "
      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'a;' at 'indexName' failed to "
      "satisfy constraint: Member must have length greater than or equal to 3");
  EXPECT_EQ(refused(read_query, start + R"("ExclusiveStartKey":{"a":{}}})"),
            "ValidationException: The provided starting key is invalid: Supplied AttributeValue is empty, "
            "must contain "
            "exactly one of the supported datatypes");
  EXPECT_EQ(
      refused(read_query, R"({"TableName":"music","KeyConditions":{"a":{}}})"),
      one_error +
          "Value null at 'keyConditions.a.member.comparisonOperator' failed to satisfy constraint: Member "
          "must not be null");
}

TEST(scan, is_whole_or_one_of_several_segments) {
  auto whole = read(read_scan, R"({"TableName":"music"})");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->segments, 1);
  auto part = read(read_scan, R"({"TableName":"music","Segment":2,"TotalSegments":3})");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->segment, 2);
  EXPECT_EQ(
      refused(read_scan, R"({"TableName":"music","Segment":0})"),
      "ValidationException: The TotalSegments parameter is required but was not present in the request when "
      "Segment parameter is present");
  EXPECT_EQ(refused(read_scan, R"({"TableName":"music","TotalSegments":2})"),
            "ValidationException: The Segment parameter is required but was not present in the request when "
            "parameter "
            "TotalSegments is present");
  EXPECT_EQ(refused(read_scan, R"({"TableName":"music","Segment":2,"TotalSegments":2})"),
            "ValidationException: The Segment parameter is zero-based and must be less than parameter "
            "TotalSegments: "
            "Segment: 2 is not less than TotalSegments: 2");
  EXPECT_EQ(
      refused(read_scan, R"({"TableName":"music","Segment":-1,"TotalSegments":0})"),
      "ValidationException: 2 validation errors detected: Value '0' at 'totalSegments' failed to satisfy "
      "constraint: Member must have value greater than or equal to 1; Value '-1' at 'segment' failed to "
      "satisfy "
      "constraint: Member must have value greater than or equal to 0");
}

TEST(batch_get_item, takes_a_hundred_keys_none_twice) {
  const auto keys = [](int from, int count) {
    std::string out;
    for (int i = from; i < from + count; ++i)
      out += (out.empty() ? "" : ",") + ("{\"id\":{\"N\":\"" + std::to_string(i) + "\"}}");
    return "{\"Keys\":[" + out + "]}";
  };
  auto out = read(read_batch_get_item,
                  R"({"RequestItems":{"music":)" + keys(0, 60) + R"(,"films":)" + keys(0, 40) + "}}");
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(out->tables[0].keys.size() + out->tables[1].keys.size(), 100u);
  EXPECT_EQ(refused(read_batch_get_item,
                    R"({"RequestItems":{"music":)" + keys(0, 61) + R"(,"films":)" + keys(0, 40) + "}}"),
            "ValidationException: Too many items requested for the BatchGetItem call");
  EXPECT_EQ(refused(read_batch_get_item,
                    R"({"RequestItems":{"music":{"Keys":[{"id":{"N":"1"}},{"id":{"N":"1.0"}}]}}})"),
            "ValidationException: Provided list of item keys contains duplicates");
  EXPECT_EQ(
      refused(read_batch_get_item, R"({"RequestItems":{}})"),
      one_error +
          "Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than "
          "or equal to 1");
  EXPECT_EQ(
      refused(read_batch_get_item, R"({"RequestItems":{"music":{}}})"),
      one_error +
          "Value null at 'requestItems.music.member.keys' failed to satisfy constraint: Member must not be "
          "null");
}

TEST(batch_write_item, takes_twenty_five_writes) {
  const auto puts = [](int count) {
    std::string out;
    for (int i = 0; i < count; ++i)
      out +=
          (out.empty() ? "" : ",") + (R"({"PutRequest":{"Item":{"id":{"N":")" + std::to_string(i) + "\"}}}}");
    return "[" + out + "]";
  };
  auto out = read(read_batch_write_item, R"({"RequestItems":{"music":)" + puts(24) +
                                             R"(,"films":[{"DeleteRequest":{"Key":{"id":{"S":"a"}}}}]}})");
  ASSERT_TRUE(out) << out.why().message;
  EXPECT_EQ(out->tables[0].writes.size(), 24u);
  EXPECT_TRUE(out->tables[1].writes[0].remove);
  EXPECT_EQ(
      refused(read_batch_write_item, R"({"RequestItems":{"music":)" + puts(26) + "}}"),
      one_error +
          "Value '{music=[com.amazonaws.dynamodb.v20120810.WriteRequest]}' at 'requestItems' failed to "
          "satisfy constraint: Map value must satisfy constraint: [Member must have length less than or "
          "equal to 25, Member must have length greater than or equal to 1]");
  EXPECT_EQ(refused(read_batch_write_item,
                    R"({"RequestItems":{"music":)" + puts(20) + R"(,"films":)" + puts(6) + "}}"),
            "ValidationException: Too many items requested for the BatchWriteItem call");
  EXPECT_EQ(refused(read_batch_write_item, R"({"RequestItems":{"music":[{}]}})"),
            "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain "
            "exactly one of "
            "the supported datatypes");
  EXPECT_EQ(refused(read_batch_write_item, R"({"RequestItems":{"music":[{"PutRequest":{}}]}})"),
            one_error +
                "Value null at 'requestItems.music.member.1.member.putRequest.item' failed to satisfy "
                "constraint: Member must not be null");
}
