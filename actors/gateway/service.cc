#include "actors/gateway/service.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/http/gunzip.h"

namespace troupe::gateway {

namespace {

using http::request;

std::string_view field_of(const request& asked, std::string_view name) {
  return asked.fields.find(name).value_or(std::string_view());
}

// Without parameters such as charset.
std::string_view type_of(std::string_view content_type) {
  auto end = content_type.find(';');
  auto out = content_type.substr(0, end);
  while (!out.empty() && out.back() == ' ')
    out.remove_suffix(1);
  return out;
}

bool is_json(std::string_view type) {
  return type == "application/x-amz-json-1.0" || type == "application/json" ||
         type == "application/x-amz-json-1.1";
}

// "DynamoDB_20120810.GetItem".
std::string_view operation_name(std::string_view target) {
  constexpr std::string_view version = "DynamoDB_20120810.";
  return target.starts_with(version) ? target.substr(version.size()) : std::string_view();
}

// What a request says it is packed in: nothing, or gzip.
std::optional<api::error> unpack(const request& asked, std::size_t most, std::string& out,
                                 std::string_view& body) {
  body = asked.body;
  const auto encoding = field_of(asked, "content-encoding");
  if (encoding.empty() || encoding == "identity")
    return std::nullopt;
  if (encoding != "gzip")
    return api::serialization("Unsupported Content-Encoding: " + std::string(encoding));
  auto unpacked = http::gunzip(asked.body, most);
  if (unpacked.trouble == http::gunzip_trouble::too_large)
    return api::request_too_large();
  if (unpacked.trouble)
    return api::serialization();
  out = std::move(unpacked.text);
  body = out;
  return std::nullopt;
}

api::error error_of(http::refusal why) {
  switch (why) {
  case http::refusal::body_too_large:
    return api::request_too_large();
  case http::refusal::overloaded:
    return api::unavailable("This node has as many requests under way as it takes; try again later");
  case http::refusal::unanswered:
    return api::internal();
  default:
    return api::malformed_request("The request cannot be read as HTTP: " + std::string(http::name_of(why)));
  }
}

} // namespace

service::service(service_options options) : options_(std::move(options)) {}

void service::shape_refusal(http::refusal why, http::response& out) {
  out.add("x-amzn-RequestId", make_request_id());
  put_body(out, error_of(why).body(), "application/json");
}

void service::take(http::exchange e) {
  const auto c = std::make_shared<call>(std::move(e), options_.meter);
  const auto& asked = c->asked();
  if (answer_browser(asked, *c) || answer_plain(asked, *c))
    return;
  const auto type = type_of(field_of(asked, "content-type"));
  if (asked.method != "POST" || (!asked.body.empty() && !is_json(type)))
    return c->answer_plainly(404, "<UnknownOperationException/>\n", {});
  if (is_json(type))
    c->content_type = type;

  std::string unpacked;
  std::string_view body;
  if (const auto bad = unpack(asked, options_.body_bytes, unpacked, body))
    return c->refuse(*bad);
  const auto name = operation_name(field_of(asked, "x-amz-target"));
  api::reading from(std::string(name), std::string(auth::region_of(field_of(asked, "authorization"))));
  std::optional<api::document> document;
  std::optional<api::error> unreadable;
  if (!body.empty()) {
    document = api::document::parse(body, from);
    unreadable = from.take();
    if (unreadable && unreadable->message.empty())
      return c->refuse(*unreadable);
  }

  const auto* known = api::find_operation(name);
  if (!known)
    return c->refuse(api::unknown_operation());
  c->operation = known->which;
  if (const auto bad = check_signature(asked))
    return c->refuse(*bad);
  const auto handle = handler_of(known->which);
  if (!handle)
    return c->refuse(api::unknown_operation("Operation " + std::string(name) +
                                            " is not supported by this version of Troupe"));
  if (unreadable)
    return c->refuse(*unreadable);
  if (!document)
    return c->refuse(api::serialization());
  handle(*options_.backend, c, document->root(), from);
}

// Pages of other origins may ask, as they may ask DynamoDB. True when that was all.
bool service::answer_browser(const request& asked, call& to) const {
  if (!asked.fields.find("origin"))
    return false;
  to.add("Access-Control-Allow-Origin", "*");
  if (asked.method != "OPTIONS") {
    to.add("Access-Control-Expose-Headers",
           "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,x-amz-crc32,Date");
    return false;
  }
  if (const auto names = asked.fields.find("access-control-request-headers"))
    to.add("Access-Control-Allow-Headers", *names);
  if (const auto method = asked.fields.find("access-control-request-method"))
    to.add("Access-Control-Allow-Methods", *method);
  to.add("Access-Control-Max-Age", "172800");
  to.answer_plainly(200, {}, {});
  return true;
}

// Whoever balances load asks whether this node can be given some.
bool service::answer_plain(const request& asked, call& to) const {
  if (asked.method != "GET" && asked.method != "HEAD")
    return false;
  const bool ready = options_.backend->ready();
  to.answer_plainly(ready ? 200 : 503, ready ? "healthy: troupe\n" : "not ready: troupe\n", "text/plain");
  return true;
}

std::optional<api::error> service::check_signature(const request& asked) const {
  if (!options_.verifier)
    return std::nullopt;
  thread_local std::vector<auth::header> headers;
  headers.clear();
  for (std::size_t i = 0; i < asked.fields.size(); ++i)
    headers.push_back({asked.fields[i].name, asked.fields[i].value});
  auto verdict =
      options_.verifier->verify({asked.method, asked.target, headers, asked.body}, options_.unix_seconds());
  if (verdict.ok())
    return std::nullopt;
  return api::of_signature(std::move(verdict.type), std::move(verdict.message));
}

handler handler_of(api::operation what) {
  using api::operation;
  switch (what) {
  case operation::create_table:
    return create_table;
  case operation::describe_table:
    return describe_table;
  case operation::list_tables:
    return list_tables;
  case operation::delete_table:
    return delete_table;
  case operation::describe_limits:
    return describe_limits;
  case operation::describe_endpoints:
    return describe_endpoints;
  case operation::update_table:
    return update_table;
  case operation::tag_resource:
    return tag_resource;
  case operation::untag_resource:
    return untag_resource;
  case operation::list_tags_of_resource:
    return list_tags_of_resource;
  case operation::create_backup:
    return create_backup;
  case operation::list_backups:
    return list_backups;
  case operation::describe_backup:
    return describe_backup;
  case operation::delete_backup:
    return delete_backup;
  case operation::describe_continuous_backups:
    return describe_continuous_backups;
  case operation::restore_table_from_backup:
    return restore_table_from_backup;
  case operation::restore_table_to_point_in_time:
    return restore_table_to_point_in_time;
  case operation::update_continuous_backups:
    return update_continuous_backups;
  case operation::put_item:
    return put_item;
  case operation::update_item:
    return update_item;
  case operation::query:
    return query;
  case operation::batch_get_item:
    return batch_get_item;
  case operation::batch_write_item:
    return batch_write_item;
  case operation::scan:
    return scan;
  case operation::get_item:
    return get_item;
  case operation::delete_item:
    return delete_item;
  case operation::none:
    break;
  }
  return nullptr;
}

} // namespace troupe::gateway
