// CreateTable.
#include "actors/gateway/api/table_parts.h"
#include <algorithm>
#include <set>

namespace troupe::api {

namespace {

using maybe_text = std::optional<std::string>;
using kind = msg::KeyType;

constexpr std::size_t local_indexes_max = 5;
constexpr std::size_t included_max = 100; // attributes of all indexes together

struct definition {
  maybe_text name;
  maybe_text type;
};

struct key_element {
  maybe_text name;
  maybe_text type;
};

struct index {
  maybe_text name;
  std::optional<std::vector<key_element>> keys;
  bool projected = false;
  maybe_text projection;
  std::optional<std::vector<std::string>> included;
};

std::optional<std::vector<key_element>> read_keys(const structure& in) {
  const auto list = in.structures("KeySchema", "KeySchemaElement");
  if (!list)
    return std::nullopt;
  std::vector<key_element> out;
  for (const auto& one : *list)
    out.push_back({one.text("AttributeName"), one.text("KeyType")});
  return out;
}

std::string shown(const std::vector<key_element>& keys) {
  std::string out;
  for (const auto& key : keys)
    out += (out.empty() ? "" : ", ") + std::string("KeySchemaElement(attributeName=") +
           key.name.value_or("null") + ", keyType=" + key.type.value_or("null") + ")";
  return "[" + out + "]";
}

void check_keys(constraints& c, const std::string& path,
                const std::optional<std::vector<key_element>>& keys) {
  c.there(path, keys.has_value());
  if (!keys)
    return;
  c.count(path, keys->size(), shown(*keys), 1, 2);
  for (std::size_t i = 0; i < keys->size(); ++i) {
    const auto member = path + "." + std::to_string(i + 1) + ".member.";
    c.there(member + "attributeName", (*keys)[i].name.has_value());
    c.length(member + "attributeName", (*keys)[i].name, 1, 255);
    c.there(member + "keyType", (*keys)[i].type.has_value());
    c.one_of(member + "keyType", (*keys)[i].type, {"HASH", "RANGE"});
  }
}

std::optional<std::vector<index>> read_indexes(const structure& in) {
  const auto list = in.structures("LocalSecondaryIndexes", "LocalSecondaryIndex");
  if (!list)
    return std::nullopt;
  std::vector<index> out;
  for (const auto& one : *list) {
    auto& i = out.emplace_back();
    i.name = one.text("IndexName");
    i.keys = read_keys(one);
    if (const auto projection = one.inner("Projection", "Projection")) {
      i.projected = true;
      i.projection = projection->text("ProjectionType");
      i.included = projection->texts("NonKeyAttributes");
    }
  }
  return out;
}

void check_indexes(constraints& c, const std::optional<std::vector<index>>& indexes) {
  for (std::size_t i = 0; indexes && i < indexes->size(); ++i) {
    const auto& one = (*indexes)[i];
    const auto member = "localSecondaryIndexes." + std::to_string(i + 1) + ".member.";
    c.resource_name(member + "indexName", one.name);
    check_keys(c, member + "keySchema", one.keys);
    c.there(member + "projection", one.projected);
    c.one_of(member + "projection.projectionType", one.projection, {"ALL", "INCLUDE", "KEYS_ONLY"});
    if (one.included)
      c.count(member + "projection.nonKeyAttributes", one.included->size(), "[]", 1, 20);
  }
}

// Everything else goes by what the constraints have made sure of.
class planner {
public:
  planner(const std::vector<definition>& definitions, const std::vector<key_element>& keys)
      : definitions_(definitions), keys_(keys) {}

  trouble table(create_table& into, bool indexed) const {
    if (keys_.size() > definitions_.size())
      return validation("Invalid KeySchema: Some index key attribute have no definition");
    if (auto bad = check(keys_))
      return bad;
    if (!indexed && keys_.size() != definitions_.size())
      return invalid_parameter(
          "Number of attributes in KeySchema does not exactly match number of attributes defined "
          "in AttributeDefinitions");
    fill(keys_[0], *into.keys.mutable_partition());
    if (keys_.size() == 2)
      fill(keys_[1], *into.keys.mutable_sort());
    for (const auto& d : definitions_) {
      auto& out = *into.options.add_definitions();
      out.set_name(*d.name);
      out.set_type(type_of(*d.name));
    }
    return std::nullopt;
  }

  trouble indexes(const std::vector<index>& all, create_table& into) const {
    if (all.empty())
      return invalid_parameter("List of LocalSecondaryIndexes is empty");
    if (keys_.size() != 2)
      return invalid_parameter("Table KeySchema does not have a range key, which is required when specifying "
                               "a LocalSecondaryIndex");
    std::set<std::string> names;
    std::size_t included = 0;
    for (const auto& one : all) {
      if (auto bad = index_of(one, *into.options.add_local_indexes()))
        return bad;
      if (!names.insert(*one.name).second)
        return invalid_parameter("Duplicate index name: " + *one.name);
      included += one.included ? one.included->size() : 0;
    }
    if (all.size() > local_indexes_max)
      return invalid_parameter("Number of LocalSecondaryIndexes exceeds per-table limit of " +
                               std::to_string(local_indexes_max));
    if (included > included_max)
      return invalid_parameter("Number of NonKeyAttributes exceeds per-table limit of " +
                               std::to_string(included_max));
    return unused(all);
  }

private:
  trouble check(const std::vector<key_element>& keys) const {
    for (const auto& key : keys)
      if (!defined(*key.name))
        return invalid_parameter(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [" + names_of(keys) +
            "], AttributeDefinitions: [" + names_of(definitions_) + "]");
    if (keys.size() == 2 && keys[0].name == keys[1].name)
      return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name");
    if (keys[0].type != "HASH")
      return validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    if (keys.size() == 2 && keys[1].type != "RANGE")
      return validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    return std::nullopt;
  }

  trouble index_of(const index& from, msg::TableOptions::LocalIndex& into) const {
    const auto& keys = *from.keys;
    if (auto bad = check(keys))
      return bad;
    if (keys.size() != 2)
      return invalid_parameter("Index KeySchema does not have a range key for index: " + *from.name);
    if (keys[0].name != keys_[0].name)
      return invalid_parameter(
          "Index KeySchema does not have the same leading hash key as table KeySchema for index: " +
          *from.name + ". index hash key: " + *keys[0].name + ", table hash key: " + *keys_[0].name);
    if (!from.projection)
      return invalid_parameter("Unknown ProjectionType: null");
    if (from.included && from.projection != "INCLUDE")
      return invalid_parameter("ProjectionType is " + *from.projection +
                               ", but NonKeyAttributes is specified");
    if (!from.included && from.projection == "INCLUDE")
      return invalid_parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    into.set_name(*from.name);
    fill(keys[1], *into.mutable_sort());
    into.set_projection(from.projection == "ALL"       ? msg::TableOptions::ALL
                        : from.projection == "INCLUDE" ? msg::TableOptions::INCLUDE
                                                       : msg::TableOptions::KEYS_ONLY);
    if (from.included)
      into.mutable_included()->Add(from.included->begin(), from.included->end());
    return std::nullopt;
  }

  // With indexes, definitions may be more than the table's keys, but each is somebody's key.
  trouble unused(const std::vector<index>& all) const {
    std::set<std::string> used;
    for (const auto& key : keys_)
      used.insert(*key.name);
    for (const auto& one : all)
      for (const auto& key : *one.keys)
        used.insert(*key.name);
    for (const auto& d : definitions_)
      if (!used.contains(*d.name))
        return invalid_parameter("Some AttributeDefinitions are not used. AttributeDefinitions: [" +
                                 names_of(definitions_) + "], keys used: [" + joined(used) + "]");
    return std::nullopt;
  }

  bool defined(const std::string& name) const {
    return std::any_of(definitions_.begin(), definitions_.end(),
                       [&](const auto& d) { return d.name == name; });
  }

  kind type_of(const std::string& name) const {
    for (const auto& d : definitions_)
      if (d.name == name)
        return d.type == "S" ? msg::KEY_TYPE_S : d.type == "N" ? msg::KEY_TYPE_N : msg::KEY_TYPE_B;
    return msg::KEY_TYPE_NONE;
  }

  void fill(const key_element& from, msg::KeyAttribute& into) const {
    into.set_name(*from.name);
    into.set_type(type_of(*from.name));
  }

  template <class Named>
  static std::string names_of(const std::vector<Named>& all) {
    std::string out;
    for (const auto& one : all)
      out += (out.empty() ? "" : ", ") + *one.name;
    return out;
  }

  static std::string joined(const std::set<std::string>& names) {
    std::string out;
    for (const auto& name : names)
      out += (out.empty() ? "" : ", ") + name;
    return out;
  }

  const std::vector<definition>& definitions_;
  const std::vector<key_element>& keys_;
};

trouble check_definitions(const std::vector<definition>& all) {
  std::set<std::string> seen;
  for (const auto& one : all)
    if (!seen.insert(*one.name).second)
      return invalid_parameter("Duplicate attribute name in AttributeDefinitions: " + *one.name);
  return std::nullopt;
}

trouble plan_throughput(const maybe_text& billing, const std::optional<given_units>& units,
                        msg::TableOptions& into) {
  into.set_on_demand(billing == "PAY_PER_REQUEST");
  if (into.on_demand()) {
    if (units)
      return invalid_parameter(
          "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
          "PAY_PER_REQUEST");
    return std::nullopt;
  }
  if (!units)
    return invalid_parameter(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  if (auto bad = check_units_bounds(*units))
    return bad;
  into.set_read_units(*units->read);
  into.set_write_units(*units->write);
  return std::nullopt;
}

} // namespace

outcome<create_table> read_create_table(const structure& in, reading& from) {
  const auto table = read_table_name(in, from).name;
  const auto billing = in.text("BillingMode");
  const auto units = read_units(in, "ProvisionedThroughput");
  const auto keys = read_keys(in);
  const auto indexes = read_indexes(in);
  const auto table_class = in.text("TableClass");
  const auto protection = in.flag("DeletionProtectionEnabled");
  const auto tags = in.structures("Tags", "Tag");
  const auto listed = in.structures("AttributeDefinitions", "AttributeDefinition");
  std::vector<definition> definitions;
  if (listed)
    for (const auto& one : *listed)
      definitions.push_back({one.text("AttributeName"), one.text("AttributeType")});
  auto sse = read_sse(in);
  auto unsupported = refuse_unsupported(in);
  if (from.failed())
    return *from.take();

  if (auto bad = check_table_parameter(table))
    return *bad;
  constraints c;
  c.there("attributeDefinitions", listed.has_value());
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    const auto member = "attributeDefinitions." + std::to_string(i + 1) + ".member.";
    c.there(member + "attributeName", definitions[i].name.has_value());
    c.length(member + "attributeName", definitions[i].name, 1, 255);
    c.there(member + "attributeType", definitions[i].type.has_value());
    c.one_of(member + "attributeType", definitions[i].type, {"B", "N", "S"});
  }
  c.name_characters("tableName", table);
  check_billing(c, billing);
  check_units(c, "provisionedThroughput", units);
  check_keys(c, "keySchema", keys);
  check_indexes(c, indexes);
  check_table_class(c, table_class);
  if (auto bad = c.result())
    return *bad;

  create_table out;
  out.table = *table;
  if (auto bad = plan_throughput(billing, units, out.options))
    return *bad;
  if (auto bad = check_definitions(definitions))
    return *bad;
  const planner plan(definitions, *keys);
  if (auto bad = plan.table(out, indexes.has_value() || in.has("GlobalSecondaryIndexes")))
    return *bad;
  if (indexes)
    if (auto bad = plan.indexes(*indexes, out))
      return *bad;
  if (unsupported)
    return *unsupported;
  if (!sse)
    return sse.why();
  if (*sse)
    out.options.MergeFrom(**sse);
  if (tags) {
    auto made = make_tags(*tags);
    if (!made)
      return made.why();
    for (auto& tag : *made)
      *out.options.add_tags() = std::move(tag);
  }
  out.options.set_table_class(table_class.value_or(""));
  out.options.set_deletion_protection(protection.value_or(false));
  return out;
}

} // namespace troupe::api
