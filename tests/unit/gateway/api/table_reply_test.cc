#include "actors/gateway/api/table_reply.h"
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::api;

namespace {

std::string described(const msg::TableRecord& table, table_state state) {
  writer w;
  describe(w, table, state);
  return w.take();
}

} // namespace

TEST(table_reply, describes_a_table_as_dynamodb_does) {
  msg::TableRecord t;
  t.set_name("music");
  t.set_id(0x0123456789abcdef);
  t.set_created_ms(1700000000042);
  t.mutable_keys()->mutable_partition()->set_name("artist");
  t.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_S);
  t.mutable_keys()->mutable_sort()->set_name("year");
  t.mutable_keys()->mutable_sort()->set_type(msg::KEY_TYPE_N);
  t.mutable_options()->set_read_units(5);
  t.mutable_options()->set_write_units(7);
  t.mutable_options()->set_deletion_protection(true);
  EXPECT_EQ(
      described(t, table_state::creating),
      R"({"AttributeDefinitions":[{"AttributeName":"artist","AttributeType":"S"},)"
      R"({"AttributeName":"year","AttributeType":"N"}],"TableName":"music",)"
      R"("KeySchema":[{"AttributeName":"artist","KeyType":"HASH"},{"AttributeName":"year","KeyType":"RANGE"}],)"
      R"("TableStatus":"CREATING","CreationDateTime":1700000000.042,"ProvisionedThroughput":)"
      R"({"NumberOfDecreasesToday":0,"ReadCapacityUnits":5,"WriteCapacityUnits":7},)"
      R"("TableSizeBytes":0,"ItemCount":0,"TableArn":"arn:aws:dynamodb:local:000000000000:table/music",)"
      R"("TableId":"01234567-89ab-4cde-80c9-a7b79aeda89b","DeletionProtectionEnabled":true})");
}

TEST(table_reply, says_since_when_a_table_is_on_demand) {
  msg::TableRecord t;
  t.set_name("music");
  t.set_created_ms(1000);
  t.mutable_options()->set_on_demand(true);
  EXPECT_NE(
      described(t, table_state::active)
          .find(
              R"("BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1.000})"),
      std::string::npos);
}

TEST(writer, separates_what_needs_it) {
  writer w;
  w.object()
      .key("a")
      .array()
      .end_array()
      .key("b")
      .array()
      .number(1)
      .text("\"")
      .flag(true)
      .object()
      .end_object();
  w.end_array().key("c").units(1).key("d").units(4).end_object();
  EXPECT_EQ(w.take(), R"({"a":[],"b":[1,"\"",true,{}],"c":0.5,"d":2.0})");
}
