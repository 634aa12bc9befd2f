#include "actors/gateway/api/error.h"
#include "actors/core/item/json.h"

namespace troupe::api {

namespace {

const std::string service = "com.amazon.coral.service#";
const std::string validate = "com.amazon.coral.validate#";
const std::string availability = "com.amazon.coral.availability#";
const std::string dynamodb = "com.amazonaws.dynamodb.v20120810#";

} // namespace

std::string_view error::name() const {
  const auto mark = type.find('#');
  return mark == std::string::npos ? std::string_view(type) : std::string_view(type).substr(mark + 1);
}

std::string error::body() const {
  std::string out = "{\"__type\":";
  item::append_json_string(out, type);
  if (!message.empty()) {
    out += capital ? ",\"Message\":" : ",\"message\":";
    item::append_json_string(out, message);
  }
  return out + more + "}";
}

error validation(std::string message) {
  return {400, validate + "ValidationException", std::move(message), {}, false};
}

error invalid_parameter(const std::string& what) {
  return validation("One or more parameter values were invalid: " + what);
}

error serialization(std::string message) {
  return {400, service + "SerializationException", std::move(message), {}, true};
}

error unknown_operation(std::string message) {
  return {400, service + "UnknownOperationException", std::move(message), {}, false};
}

error request_too_large() {
  return {413, service + "RequestEntityTooLargeException", "The request is larger than 16 MiB", {}, false};
}

error malformed_request(std::string message) {
  return {400, service + "MalformedHttpRequestException", std::move(message), {}, false};
}

error access_denied(std::string message) {
  return {400, service + "AccessDeniedException", std::move(message), {}, true};
}

error of_signature(std::string name, std::string message) {
  return {400, service + name, std::move(message), {}, false};
}

error resource_not_found(std::string message) {
  return {400, dynamodb + "ResourceNotFoundException", std::move(message), {}, false};
}

error resource_in_use(std::string message) {
  return {400, dynamodb + "ResourceInUseException", std::move(message), {}, false};
}

error limit_exceeded(std::string message) {
  return {400, dynamodb + "LimitExceededException", std::move(message), {}, false};
}

error too_fast(std::string message) {
  return {400, availability + "ThrottlingException", std::move(message), {}, false};
}

error conditional_check_failed() {
  return {400, dynamodb + "ConditionalCheckFailedException", "The conditional request failed", {}, false};
}

error internal(std::string message) {
  return {500,
          dynamodb + "InternalServerError",
          message.empty()
              ? "The request processing has failed because of an unknown error, exception or failure."
              : std::move(message),
          {},
          false};
}

error unavailable(std::string message) {
  return {503, dynamodb + "ServiceUnavailable", std::move(message), {}, false};
}

error dynamodb_error(const std::string& name, std::string message) {
  return {400, dynamodb + name, std::move(message), {}, false};
}

error throttled(std::string message) {
  return {400, dynamodb + "ProvisionedThroughputExceededException", std::move(message), {}, false};
}

error not_supported(const std::string& what) {
  return validation(what + " is not supported by this version of Troupe");
}

namespace {

// What one partition cannot bear is what DynamoDB throttles, table by table, and clients slow down. A node
// that is full is like a host of DynamoDB's that is: any status from 500 on is sent again, perhaps elsewhere.
error overload_of(const msg::Status& status) {
  switch (status.overloaded()) {
  case msg::Status::PARTITION:
    return throttled(status.message());
  case msg::Status::METADATA:
    return too_fast(status.message());
  default: // and what a newer node may have too much of
    return unavailable(status.message());
  }
}

} // namespace

error of_status(const msg::Status& status) {
  switch (status.code()) {
  case msg::VALIDATION:
    return validation(status.message());
  case msg::CONDITION_FAILED:
    return conditional_check_failed();
  case msg::TABLE_NOT_FOUND:
    return resource_not_found("Requested resource not found");
  case msg::TABLE_IN_USE:
  case msg::TABLE_EXISTS:
    return resource_in_use(status.message());
  case msg::LIMIT_EXCEEDED:
    return limit_exceeded(status.message());
  case msg::UNSUPPORTED:
    return not_supported(status.message());
  case msg::OVERLOADED:
    return overload_of(status);
  // A client may send a refused request again at once; one whose outcome is not known as well, if it can bear
  // that both take effect. SDKs do that for every status from 500 on.
  case msg::UNAVAILABLE:
  case msg::MOVED:
  case msg::STORAGE_FULL:
    return unavailable(status.message());
  case msg::UNKNOWN_OUTCOME:
    return internal("The outcome is not known; it may or may not have taken effect: " + status.message());
  default:
    return internal(status.message());
  }
}

} // namespace troupe::api
