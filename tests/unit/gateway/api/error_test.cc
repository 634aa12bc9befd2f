#include "actors/gateway/api/error.h"
#include "messages/status.h"
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::api;

TEST(error, is_written_as_dynamodb_writes_it) {
  EXPECT_EQ(validation("no \"such\" thing").body(),
            R"({"__type":"com.amazon.coral.validate#ValidationException","message":"no \"such\" thing"})");
  EXPECT_EQ(serialization().body(), R"({"__type":"com.amazon.coral.service#SerializationException"})");
  EXPECT_EQ(serialization("why").body(),
            R"({"__type":"com.amazon.coral.service#SerializationException","Message":"why"})");
  EXPECT_EQ(unknown_operation().body(), R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
  EXPECT_EQ(resource_not_found("gone").body(),
            R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"gone"})");
  EXPECT_EQ(conditional_check_failed().message, "The conditional request failed");
  EXPECT_EQ(resource_in_use("x").name(), "ResourceInUseException");
}

TEST(error, of_the_cluster_tells_a_client_whether_to_come_again) {
  const auto of = [](msg::Code code) { return of_status(make_status(code, "why")); };
  EXPECT_EQ(of(msg::VALIDATION).message, "why");
  EXPECT_EQ(of(msg::CONDITION_FAILED).name(), "ConditionalCheckFailedException");
  EXPECT_EQ(of(msg::TABLE_NOT_FOUND).message, "Requested resource not found");
  const auto overloaded = [&](msg::Status::Place what) {
    auto status = make_status(msg::OVERLOADED, "why");
    status.set_overloaded(what);
    return of_status(status);
  };
  EXPECT_EQ(overloaded(msg::Status::PARTITION).status, 400u);
  EXPECT_EQ(overloaded(msg::Status::PARTITION).name(), "ProvisionedThroughputExceededException");
  EXPECT_EQ(overloaded(msg::Status::METADATA).status, 400u);
  EXPECT_EQ(overloaded(msg::Status::METADATA).type, "com.amazon.coral.availability#ThrottlingException");
  EXPECT_EQ(of(msg::OVERLOADED).status, 503u) << "a node that is full: another may not be";
  EXPECT_EQ(of(msg::OVERLOADED).name(), "ServiceUnavailable");
  for (const auto code : {msg::UNAVAILABLE, msg::MOVED, msg::STORAGE_FULL}) {
    EXPECT_EQ(of(code).status, 503u);
    EXPECT_EQ(of(code).name(), "ServiceUnavailable");
  }
  for (const auto code : {msg::UNKNOWN_OUTCOME, msg::INTERNAL}) {
    EXPECT_EQ(of(code).status, 500u);
    EXPECT_EQ(of(code).name(), "InternalServerError");
  }
  EXPECT_EQ(of(msg::LIMIT_EXCEEDED).name(), "LimitExceededException");
  EXPECT_EQ(of(msg::TABLE_EXISTS).name(), "ResourceInUseException");
  EXPECT_EQ(of(msg::UNSUPPORTED).status, 400u);
}
