// Parts that several requests about items have in common. Inside gateway_api only.
#pragma once
#include "actors/core/expression/request.h"
#include "actors/gateway/api/constraints.h"
#include "actors/gateway/api/item_requests.h"

namespace troupe::api {

// A member that takes one of several words, as the text it was given as.
using maybe_text = std::optional<std::string>;

void check_capacity(constraints& c, const maybe_text& word);
void check_collection_metrics(constraints& c, const maybe_text& word);
void check_return_values(constraints& c, const maybe_text& word);
void check_return_on_failure(constraints& c, const maybe_text& word);
void check_join(constraints& c, const maybe_text& word);
// `path` is that of the map, `needed` whether each member must have a ComparisonOperator.
void check_comparisons(constraints& c, std::string_view path, const legacy_tests& tests, bool needed);
void check_attributes_to_get(constraints& c, std::string_view path,
                             const std::optional<std::vector<std::string>>& names);

// After the constraints hold.
capacity_report capacity_of(const maybe_text& word);
return_values returned_of(const maybe_text& word);
std::optional<expression::legacy_join> join_of(const maybe_text& word);

// Expected, or, without Value and Exists, a filter.
legacy_tests read_tests(const structure& in, std::string_view name, bool expected);
std::optional<std::vector<expression::legacy_update>> read_updates(const structure& in);

trouble make_canonical(msg::AttributeMap& what);
trouble check_duplicates(const std::optional<std::vector<std::string>>& attributes_to_get);

// What goes together, of one operation.
trouble check_together(std::initializer_list<expression::parameter> expressions,
                       std::initializer_list<expression::parameter> others, const api::expressions& given);

} // namespace troupe::api
