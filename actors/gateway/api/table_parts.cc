#include "actors/gateway/api/table_parts.h"
#include <algorithm>

namespace troupe::api {

namespace {

// Members of CreateTable and UpdateTable that ask for what is not done here. An empty list asks for nothing.
constexpr std::string_view unsupported_lists[] = {"GlobalSecondaryIndexes", "GlobalSecondaryIndexUpdates",
                                                  "ReplicaUpdates", "GlobalTableWitnessUpdates"};
constexpr std::string_view unsupported_members[] = {
    "WarmThroughput",         "OnDemandThroughput",   "ResourcePolicy",
    "MultiRegionConsistency", "GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"};

} // namespace

trouble check_table_parameter(const std::optional<std::string>& table) {
  if (!table)
    return validation("The parameter 'TableName' is required but was not present in the request");
  if (table->size() < 3 || table->size() > 255)
    return validation("TableName must be at least 3 characters long and at most 255 characters long");
  return std::nullopt;
}

std::optional<given_units> read_units(const structure& in, std::string_view name) {
  const auto units = in.inner(name, "ProvisionedThroughput");
  if (!units)
    return std::nullopt;
  return given_units{units->integer("ReadCapacityUnits", "Long"),
                     units->integer("WriteCapacityUnits", "Long")};
}

void check_units(constraints& c, const std::string& path, const std::optional<given_units>& units) {
  if (!units)
    return;
  c.there(path + ".writeCapacityUnits", units->write.has_value());
  c.at_least(path + ".writeCapacityUnits", units->write, 1);
  c.there(path + ".readCapacityUnits", units->read.has_value());
  c.at_least(path + ".readCapacityUnits", units->read, 1);
}

trouble check_units_bounds(const given_units& units) {
  if (*units.read > units_max)
    return validation("Given value " + std::to_string(*units.read) +
                      " for ReadCapacityUnits is out of bounds");
  if (*units.write > units_max)
    return validation("Given value " + std::to_string(*units.write) +
                      " for WriteCapacityUnits is out of bounds");
  return std::nullopt;
}

void check_billing(constraints& c, const std::optional<std::string>& mode) {
  c.one_of("billingMode", mode, {"PROVISIONED", "PAY_PER_REQUEST"});
}

void check_table_class(constraints& c, const std::optional<std::string>& table_class) {
  c.one_of("tableClass", table_class, {"STANDARD", "STANDARD_INFREQUENT_ACCESS"});
}

outcome<std::optional<msg::TableOptions>> read_sse(const structure& in, std::string_view name) {
  const auto given = in.inner(name, "SSESpecification");
  if (!given)
    return std::optional<msg::TableOptions>();
  const auto enabled = given->flag("Enabled");
  const auto type = given->text("SSEType");
  const auto key = given->text("KMSMasterKeyId");
  constraints c;
  c.one_of("sSESpecification.sSEType", type, {"AES256", "KMS"});
  if (auto bad = c.result())
    return *bad;
  msg::TableOptions out;
  out.set_sse(enabled.value_or(false));
  if (!out.sse() && (type || key))
    return invalid_parameter("SSEType and KMSMasterKeyId can only be specified when SSE is enabled");
  if (type == "AES256")
    return invalid_parameter("SSEType AES256 is not supported");
  if (out.sse()) {
    out.set_sse_type("KMS");
    out.set_sse_key(key.value_or(""));
  }
  return std::optional<msg::TableOptions>(std::move(out));
}

outcome<std::vector<msg::TableOptions::Tag>> make_tags(const std::vector<structure>& given) {
  std::vector<msg::TableOptions::Tag> out;
  constraints c;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto path = "tags." + std::to_string(i + 1) + ".member.";
    const auto key = given[i].text("Key");
    const auto value = given[i].text("Value");
    c.there(path + "key", key.has_value());
    c.length(path + "key", key, 1, 128);
    c.there(path + "value", value.has_value());
    c.length(path + "value", value, 0, 256);
    auto& tag = out.emplace_back();
    tag.set_key(key.value_or(""));
    tag.set_value(value.value_or(""));
  }
  if (auto bad = c.result())
    return *bad;
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key() < b.key(); });
  for (std::size_t i = 1; i < out.size(); ++i)
    if (out[i - 1].key() == out[i].key())
      return invalid_parameter("Duplicate tag key: " + out[i].key());
  if (out.size() > tags_max)
    return validation("Too many tags: the limit is " + std::to_string(tags_max) + " per resource");
  return out;
}

trouble refuse_unsupported(const structure& in) {
  for (const auto name : unsupported_lists)
    if (const auto list = in.structures(name, "Member"); list && !list->empty())
      return not_supported(std::string(name));
  for (const auto name : unsupported_members)
    if (in.has(name))
      return not_supported(std::string(name));
  if (const auto stream = in.inner("StreamSpecification", "StreamSpecification"))
    if (stream->flag("StreamEnabled").value_or(false) || stream->has("StreamViewType"))
      return not_supported("StreamSpecification");
  return std::nullopt;
}

} // namespace troupe::api
