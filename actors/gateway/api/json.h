// Reads request bodies: JSON with DynamoDB's types and DynamoDB's words when a type is wrong.
//
// The first type that is wrong ends the reading; whatever is asked for after that is simply not there, so a
// request's reader asks for all its members in a row and looks at the trouble once. A member that is null is
// not there either, and members that nobody asks for are passed over, as DynamoDB does.
//
// Number text inside items passes untouched: it is a JSON string.
//
// Thread: one owner. The document keeps what it was parsed from alive.
#pragma once
#include "actors/gateway/api/error.h"
#include "messages/item.pb.h"
#include <cstdint>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::api {

using named_values = std::vector<std::pair<std::string, msg::Value>>;
using named_texts = std::vector<std::pair<std::string, std::string>>;

// The first trouble of a document; shared by everything that reads from it.
class reading {
public:
  reading() = default;
  // `region`: that the request is signed for; empty when it does not say.
  reading(std::string operation, std::string region)
      : operation_(std::move(operation)), region_(std::move(region)) {}

  const std::string& operation() const { return operation_; }
  const std::string& region() const { return region_; }
  bool failed() const { return trouble_.has_value(); }
  void fail(std::string why) { refuse(serialization(std::move(why))); }
  void refuse(error why) {
    if (!trouble_)
      trouble_ = std::move(why);
  }
  // What was wrong with a value is told of where it stood; wrong types are not.
  void amend_validation(const std::string& before, const std::string& behind) {
    if (trouble_ && trouble_->name() == "ValidationException")
      trouble_->message = before + trouble_->message + behind;
  }
  trouble take() { return std::move(trouble_); }

private:
  std::string operation_;
  std::string region_;
  trouble trouble_;
};

// A JSON object that is a structure of DynamoDB's.
class structure {
public:
  structure() = default;
  structure(simdjson::dom::object json, reading& to) : json_(json), to_(&to) {}

  // Each: the member's value, nothing when it is not there or is null, or after trouble.
  std::optional<std::string> text(std::string_view name) const;
  std::optional<bool> flag(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name, const char* type = "Integer") const; // or "Long"
  // Seconds since 1970, with a fraction or without, as milliseconds.
  std::optional<std::int64_t> time_ms(std::string_view name) const;
  std::optional<std::vector<std::string>> texts(std::string_view name) const;
  std::optional<named_texts> text_map(std::string_view name) const;
  // `type` is the structure's name in DynamoDB's model, for its errors.
  std::optional<structure> inner(std::string_view name, const char* type) const;
  std::optional<std::vector<structure>> structures(std::string_view name, const char* type) const;
  std::optional<std::vector<std::pair<std::string, structure>>> structure_map(std::string_view name,
                                                                              const char* type) const;
  // A map whose values are lists of structures.
  std::optional<std::vector<std::pair<std::string, std::vector<structure>>>>
  structure_lists(std::string_view name, const char* type) const;

  // Attribute values. Form only: item::canonicalise() checks the rest.
  std::optional<msg::Value> value(std::string_view name) const;
  std::optional<std::vector<msg::Value>> values(std::string_view name) const;
  std::optional<named_values> value_map(std::string_view name) const; // in the request's order
  std::optional<msg::AttributeMap> attributes(std::string_view name) const;
  std::optional<std::vector<msg::AttributeMap>> attribute_maps(std::string_view name) const;

  bool has(std::string_view name) const;            // whatever it is
  std::size_t size() const { return json_.size(); } // members

private:
  std::optional<simdjson::dom::element> find(std::string_view name) const;
  simdjson::dom::object json_;
  reading* to_ = nullptr;
};

class document {
public:
  // Nothing when it is not a JSON object, or is nested more deeply than any request that is allowed.
  static std::optional<document> parse(std::string_view text, reading& to);
  const structure& root() const { return root_; }

private:
  structure root_;
};

} // namespace troupe::api
