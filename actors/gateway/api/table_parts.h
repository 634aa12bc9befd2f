// Parts that several requests about tables have in common. Inside gateway_api only.
#pragma once
#include "actors/gateway/api/constraints.h"
#include "actors/gateway/api/table_name.h"
#include "actors/gateway/api/table_requests.h"

namespace troupe::api {

inline constexpr std::int64_t units_max = 1'000'000'000'000;
inline constexpr std::size_t tags_max = 50;

// A table's name where DynamoDB does without the words of its constraints.
trouble check_table_parameter(const std::optional<std::string>& table);

// ProvisionedThroughput as it was given.
struct given_units {
  std::optional<std::int64_t> read;
  std::optional<std::int64_t> write;
};
std::optional<given_units> read_units(const structure& in, std::string_view name);
void check_units(constraints& c, const std::string& path, const std::optional<given_units>& units);
trouble check_units_bounds(const given_units& units);

void check_billing(constraints& c, const std::optional<std::string>& mode);
void check_table_class(constraints& c, const std::optional<std::string>& table_class);

// Nothing when there is no SSESpecification.
outcome<std::optional<msg::TableOptions>> read_sse(const structure& in,
                                                   std::string_view name = "SSESpecification");

outcome<std::vector<msg::TableOptions::Tag>> make_tags(const std::vector<structure>& given);

// StreamSpecification that turns one on, replicas, and whatever else is known and not done. `names` with what
// they are called in the refusal.
trouble refuse_unsupported(const structure& in);

} // namespace troupe::api
