// Typed requests become messages and messages become typed results; items and conditions are short to write.
#include "actors/client/client.h"
#include "actors/core/item/value.h"
#include <gtest/gtest.h>

namespace troupe::client {
namespace {

TEST(Values, ItemsAreInTheOrderOfTheirNames) {
  auto item = make_item({{"zebra", s("z")}, {"ant", n(1)}, {"bee", boolean(true)}});
  ASSERT_EQ(item.attributes_size(), 3);
  EXPECT_EQ(item.attributes(0).name(), "ant");
  EXPECT_EQ(item.attributes(1).name(), "bee");
  EXPECT_EQ(item.attributes(2).name(), "zebra");
  ASSERT_NE(find(item, "bee"), nullptr);
  EXPECT_TRUE(find(item, "bee")->bool_());
  EXPECT_EQ(find(item, "cat"), nullptr);
}

TEST(Values, EveryKindSaysWhatItIs) {
  EXPECT_EQ(item::type_name(s("a")), "S");
  EXPECT_EQ(item::type_name(n(-5)), "N");
  EXPECT_EQ(n(-5).n(), "-5");
  EXPECT_EQ(n("1e3").n(), "1e3");
  EXPECT_EQ(item::type_name(b(std::string("\0\1", 2))), "B");
  EXPECT_EQ(item::type_name(boolean(false)), "BOOL");
  EXPECT_EQ(item::type_name(null()), "NULL");
  EXPECT_EQ(item::type_name(list({s("a"), n(1)})), "L");
  EXPECT_EQ(item::type_name(map(make_item({{"a", n(1)}}))), "M");
}

TEST(Values, ConditionsAddUp) {
  auto condition = all_of({not_exists("a"), equals("b", n(1)), not_equals("c", s("x")), exists("d")});
  ASSERT_EQ(condition.clauses_size(), 4);
  EXPECT_EQ(condition.clauses(0).test(), msg::Condition::Clause::NOT_EXISTS);
  EXPECT_EQ(condition.clauses(1).operand().n(), "1");
  EXPECT_EQ(condition.clauses(2).attribute(), "c");
  EXPECT_EQ(condition.clauses(3).test(), msg::Condition::Clause::EXISTS);
}

TEST(Requests, APutCarriesItemConditionAndWish) {
  put_item put{
      .table = "t", .item = make_item({{"pk", s("a")}}), .condition = not_exists("pk"), .return_old = true};
  auto message = put.to_message();
  EXPECT_EQ(message.table(), "t");
  EXPECT_EQ(message.put().item(), item::serialize(put.item));
  EXPECT_EQ(message.put().condition().clauses_size(), 1);
  EXPECT_TRUE(message.put().return_old());
  EXPECT_FALSE(message.has_id()) << "the session gives the id";
  EXPECT_FALSE(put_item{.table = "t"}.to_message().put().has_condition());
}

TEST(Requests, AGetSaysFoundOrNot) {
  auto item = make_item({{"pk", s("a")}, {"v", n(1)}});
  msg::ItemReply reply;
  reply.set_found(true);
  reply.set_item(item::serialize(item));
  auto found = get_item::from_message(reply);
  ASSERT_TRUE(found.ok());
  ASSERT_TRUE(found.item.has_value());
  EXPECT_TRUE(item::equal(*found.item, item));
  auto missing = get_item::from_message({});
  EXPECT_TRUE(missing.ok());
  EXPECT_FALSE(missing.item.has_value());
}

TEST(Requests, BytesThatAreNoItemAreNeverShownAsOne) {
  msg::ItemReply reply;
  reply.set_found(true);
  reply.set_item("\xff\xff not an item");
  auto result = get_item::from_message(reply);
  EXPECT_EQ(result.status.code(), msg::INTERNAL);
  EXPECT_FALSE(result.item.has_value());
}

TEST(Requests, AConditionThatFailedComesWithTheItemThatWasThere) {
  auto item = make_item({{"pk", s("a")}});
  msg::ItemReply reply;
  reply.mutable_status()->set_code(msg::CONDITION_FAILED);
  reply.set_found(true);
  reply.set_item(item::serialize(item));
  auto result = put_item::from_message(reply);
  EXPECT_TRUE(result.refused());
  ASSERT_TRUE(result.old.has_value());
  EXPECT_TRUE(item::equal(*result.old, item));
}

TEST(Requests, AQueryTakesBoundsOrAPrefixOfTheRightType) {
  query_items query{.table = "t", .partition_key = s("a"), .from = n(1), .to = n(9), .to_exclusive = true};
  query.backward = true;
  query.limit = 7;
  query.after = make_item({{"pk", s("a")}, {"sk", n(5)}});
  auto message = query.to_message().query();
  EXPECT_EQ(message.from().n(), "1");
  EXPECT_EQ(message.to().n(), "9");
  EXPECT_TRUE(message.to_exclusive());
  EXPECT_FALSE(message.from_exclusive());
  EXPECT_TRUE(message.backward());
  EXPECT_EQ(message.limit(), 7u);
  EXPECT_EQ(message.start_key(), item::serialize(*query.after));
  query_items text{.table = "t", .partition_key = s("a"), .prefix = s("ab")};
  EXPECT_EQ(text.to_message().query().prefix_s(), "ab");
  query_items binary{.table = "t", .partition_key = s("a"), .prefix = b("ab")};
  EXPECT_EQ(binary.to_message().query().prefix_b(), "ab");
  EXPECT_EQ(binary.to_message().query().prefix_s(), "");
}

TEST(Requests, APageEndsWithTheKeyOfTheNext) {
  msg::ItemReply reply;
  reply.add_items(item::serialize(make_item({{"pk", s("a")}, {"sk", n(1)}})));
  reply.add_items(item::serialize(make_item({{"pk", s("a")}, {"sk", n(2)}})));
  reply.set_last_key(item::serialize(make_item({{"pk", s("a")}, {"sk", n(2)}})));
  auto page = query_items::from_message(reply);
  EXPECT_EQ(page.items.size(), 2u);
  ASSERT_TRUE(page.last_key.has_value());
  EXPECT_EQ(find(*page.last_key, "sk")->n(), "2");
  reply.clear_last_key();
  EXPECT_FALSE(query_items::from_message(reply).last_key.has_value());
}

TEST(Requests, AnUpdateCarriesItsExpressionsAndComesBackWithTheItem) {
  auto wish = parse({.update = "SET #n = #n + :one",
                     .condition = "attribute_exists(pk)",
                     .names = {{"#n", "visits"}},
                     .values = {{":one", n(1)}}});
  ASSERT_TRUE(wish.ok()) << wish.trouble;
  update_item update{.table = "t",
                     .key = make_item({{"pk", s("a")}}),
                     .update = wish.update,
                     .condition = wish.condition,
                     .returning = msg::RETURN_UPDATED_NEW,
                     .return_old_on_refusal = true};
  auto message = update.to_message();
  EXPECT_EQ(message.table(), "t");
  EXPECT_EQ(message.update().key(), item::serialize(update.key));
  EXPECT_EQ(message.update().update().SerializeAsString(), wish.update.SerializeAsString());
  EXPECT_TRUE(message.update().has_expression());
  EXPECT_EQ(message.update().returning(), msg::RETURN_UPDATED_NEW);
  EXPECT_TRUE(message.update().return_old_on_refusal());
  EXPECT_FALSE(update_item{.table = "t"}.to_message().update().has_expression());

  msg::ItemReply reply;
  reply.set_found(true);
  reply.set_item(item::serialize(make_item({{"visits", n(2)}})));
  auto result = update_item::from_message(reply);
  ASSERT_TRUE(result.ok() && result.item);
  EXPECT_EQ(find(*result.item, "visits")->n(), "2");
}

TEST(Requests, AScanIsOfAllOrOfASegment) {
  auto wish = parse({.filter = "visits > :some", .values = {{":some", n(1)}}});
  ASSERT_TRUE(wish.ok()) << wish.trouble;
  scan_items scan{.table = "t", .segment = 2, .segments = 4, .limit = 9, .filter = wish.filter};
  scan.after = make_item({{"pk", s("a")}});
  auto message = scan.to_message().scan();
  EXPECT_EQ(message.segment(), 2u);
  EXPECT_EQ(message.segments(), 4u);
  EXPECT_EQ(message.limit(), 9u);
  EXPECT_EQ(message.start_key(), item::serialize(*scan.after));
  EXPECT_EQ(message.filter().SerializeAsString(), wish.filter.SerializeAsString());
  EXPECT_FALSE(scan_items{.table = "t"}.to_message().scan().has_filter());
  msg::ItemReply reply;
  reply.set_scanned(17);
  EXPECT_EQ(scan_items::from_message(reply).scanned, 17u);
}

TEST(Requests, ConditionsAndFiltersGoWithWritesAndQueries) {
  auto wish =
      parse({.condition = "size(pk) < :n", .filter = "attribute_exists(v)", .values = {{":n", n(9)}}});
  ASSERT_TRUE(wish.ok()) << wish.trouble;
  put_item put{.table = "t", .expression = wish.condition};
  EXPECT_TRUE(put.to_message().put().has_expression());
  delete_item remove{.table = "t", .expression = wish.condition};
  EXPECT_TRUE(remove.to_message().delete_().has_expression());
  query_items query{.table = "t", .partition_key = s("a"), .filter = wish.filter};
  EXPECT_TRUE(query.to_message().query().has_filter());
}

TEST(Expressions, ThatCannotBeReadSaySoInDynamoDBsWords) {
  EXPECT_EQ(parse({.update = "SET v = :x"}).trouble,
            "Invalid UpdateExpression: An expression attribute value used in expression is not defined; "
            "attribute value: :x");
  EXPECT_EQ(parse({.condition = "attribute_exists(v)", .values = {{":x", n(1)}}}).trouble,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}")
      << "judged over all of them";
  EXPECT_TRUE(parse({.update = "SET v = :x", .condition = "w = :x", .values = {{":x", n(1)}}}).ok());
  EXPECT_NE(parse({.filter = "a ="}).trouble, "");
  EXPECT_NE(parse({.names = {{"n", "v"}}}).trouble, "") << "a placeholder begins with its sign";
  EXPECT_TRUE(parse({}).ok());
}

TEST(Requests, TablesAndTheClusterAreAskedAboutInTheirOwnWords) {
  msg::KeySchema keys;
  keys.mutable_partition()->set_name("pk");
  auto create = create_table{.name = "t", .keys = keys, .partitions = 8}.to_message();
  EXPECT_EQ(create.create_table().partitions(), 8u);
  EXPECT_EQ(create.create_table().keys().partition().name(), "pk");
  EXPECT_EQ(delete_table{.name = "t"}.to_message().delete_table().name(), "t");
  EXPECT_EQ(describe_table{.name = "t"}.to_message().describe_table().name(), "t");
  EXPECT_EQ((list_tables{.after = "s", .limit = 3}.to_message().list_tables().after()), "s");
  EXPECT_TRUE(cluster_status{}.to_message().has_cluster_status());
  auto order = hand_over{.group = 12, .to_node = "n2"}.to_message();
  EXPECT_EQ(order.hand_over().group(), 12u);
  EXPECT_EQ(order.hand_over().to_node(), "n2");
}

TEST(Endpoints, HostAndPortAreTakenApart) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:7101"), (endpoint{"127.0.0.1", 7101}));
  EXPECT_EQ(parse_endpoint("[::1]:1"), (endpoint{"::1", 1}));
  EXPECT_EQ(to_text({"::1", 1}), "[::1]:1");
  EXPECT_EQ(to_text({"db", 65535}), "db:65535");
  for (auto wrong :
       {"", "db", "db:", ":7101", "db:0", "db:65536", "db:71a", "::1:7101", "[::1]", "db:-1", "db: 1"})
    EXPECT_FALSE(parse_endpoint(wrong).has_value()) << wrong;
}

TEST(Connect, SaysWhatIsWrongWithTheOptions) {
  EXPECT_NE(connect({}).trouble, "");
  EXPECT_EQ(connect({}).session, nullptr);
  EXPECT_NE(connect({.routers = {{"127.0.0.1", 1}}, .in_flight = 0}).trouble, "");
}

} // namespace
} // namespace troupe::client
