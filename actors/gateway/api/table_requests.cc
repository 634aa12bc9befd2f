// The smaller requests about tables.
#include "actors/gateway/api/table_parts.h"
#include <algorithm>

namespace troupe::api {

namespace {

// Six parts between colons, of which the last has a slash in it: what any of AWS' names of resources looks
// like.
bool is_resource_arn(std::string_view text) {
  for (int part = 0; part < 5; ++part) {
    const auto end = text.find(':');
    if (end == std::string_view::npos || end == 0)
      return false;
    text.remove_prefix(end + 1);
  }
  const auto slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size();
}

trouble check_arn(const std::optional<std::string>& arn, const reading& from) {
  if (!arn)
    return validation("Invalid TableArn");
  if (!is_resource_arn(*arn) || is_foreign(*arn, from))
    return not_authorized(from, *arn);
  return std::nullopt;
}

trouble check_table_arn(const std::string& arn) {
  if (table_of_arn(arn).empty())
    return validation("Invalid TableArn: Invalid ResourceArn provided as input " + arn);
  return std::nullopt;
}

error absent(const char* path) {
  constraints c;
  c.there(path, false);
  return *c.result();
}

} // namespace

outcome<update_table> read_update_table(const structure& in, reading& from) {
  const auto table = read_table_name(in, from).name;
  const auto billing = in.text("BillingMode");
  const auto units = read_units(in, "ProvisionedThroughput");
  const auto table_class = in.text("TableClass");
  update_table out;
  out.deletion_protection = in.flag("DeletionProtectionEnabled");
  auto sse = read_sse(in);
  auto unsupported = refuse_unsupported(in);
  const bool streams = in.has("StreamSpecification");
  if (from.failed())
    return *from.take();

  if (auto bad = check_table_parameter(table))
    return *bad;
  constraints c;
  c.name_characters("tableName", table);
  check_billing(c, billing);
  check_units(c, "provisionedThroughput", units);
  check_table_class(c, table_class);
  if (auto bad = c.result())
    return *bad;
  if (unsupported)
    return *unsupported;
  if (!sse)
    return sse.why();
  if (!units && !billing && !table_class && !out.deletion_protection && !*sse && !streams)
    return validation("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                      "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
  if (billing == "PROVISIONED" && !units)
    return invalid_parameter("ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  if (billing == "PAY_PER_REQUEST" && units)
    return invalid_parameter("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                             "BillingMode is PAY_PER_REQUEST");
  if (units)
    if (auto bad = check_units_bounds(*units))
      return *bad;
  out.table = *table;
  if (billing)
    out.on_demand = billing == "PAY_PER_REQUEST";
  if (units)
    out.units = update_table::throughput{*units->read, *units->write};
  out.table_class = table_class;
  out.sse = *sse;
  return out;
}

outcome<named_table> read_named_table(const structure& in, reading& from) {
  const auto table = read_table_name(in, from).name;
  if (from.failed())
    return *from.take();
  if (auto bad = check_table_parameter(table))
    return *bad;
  constraints c;
  c.name_characters("tableName", table);
  if (auto bad = c.result())
    return *bad;
  return named_table{*table};
}

outcome<list_tables> read_list_tables(const structure& in, reading& from) {
  const auto limit = in.integer("Limit");
  const auto after = in.text("ExclusiveStartTableName");
  if (from.failed())
    return *from.take();
  constraints c;
  c.at_least("limit", limit, 1);
  c.at_most("limit", limit, 100);
  c.name_characters("exclusiveStartTableName", after);
  c.length("exclusiveStartTableName", after, 3, 255);
  if (auto bad = c.result())
    return *bad;
  return list_tables{after.value_or(""), limit.value_or(100)};
}

outcome<tag_resource> read_tag_resource(const structure& in, reading& from) {
  const auto arn = in.text("ResourceArn");
  const auto tags = in.structures("Tags", "Tag");
  auto made = make_tags(tags.value_or(std::vector<structure>()));
  if (from.failed())
    return *from.take();
  if (auto bad = check_arn(arn, from))
    return *bad;
  if (!tags)
    return absent("tags");
  if (auto bad = check_table_arn(*arn))
    return *bad;
  if (tags->empty()) // DynamoDB's spelling
    return validation("Atleast one Tag needs to be provided as Input.");
  if (!made)
    return made.why();
  return tag_resource{*arn, table_of_arn(*arn), std::move(*made)};
}

outcome<untag_resource> read_untag_resource(const structure& in, reading& from) {
  const auto arn = in.text("ResourceArn");
  auto keys = in.texts("TagKeys");
  if (from.failed())
    return *from.take();
  if (auto bad = check_arn(arn, from))
    return *bad;
  if (!keys)
    return absent("tagKeys");
  if (auto bad = check_table_arn(*arn))
    return *bad;
  if (keys->empty())
    return validation("Atleast one Tag Key needs to be provided as Input.");
  return untag_resource{*arn, table_of_arn(*arn), std::move(*keys)};
}

outcome<list_tags_of_resource> read_list_tags_of_resource(const structure& in, reading& from) {
  const auto arn = in.text("ResourceArn");
  const auto next = in.text("NextToken");
  if (from.failed())
    return *from.take();
  if (auto bad = check_arn(arn, from))
    return *bad;
  if (auto bad = check_table_arn(*arn))
    return *bad;
  return list_tags_of_resource{*arn, table_of_arn(*arn), next.value_or("")};
}

} // namespace troupe::api
