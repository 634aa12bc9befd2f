#include "actors/gateway/api/table_name.h"
#include <algorithm>

namespace troupe::api {

namespace {

constexpr std::string_view own_region = "local";
constexpr std::string_view own_account = "000000000000";
constexpr std::string_view start = "arn:aws:dynamodb:";
constexpr std::size_t arn_max = 1024;

struct arn_parts {
  std::string_view region;
  std::string_view account;
  std::string_view table; // empty: of something else
};

std::optional<arn_parts> parts_of(std::string_view arn) {
  if (!arn.starts_with(start) || arn.size() > arn_max)
    return std::nullopt;
  arn.remove_prefix(start.size());
  const auto region = arn.find(':');
  const auto account = region == std::string_view::npos ? region : arn.find(':', region + 1);
  if (account == std::string_view::npos || region == 0)
    return std::nullopt;
  arn_parts parts{arn.substr(0, region), arn.substr(region + 1, account - region - 1), {}};
  if (parts.account.empty() ||
      !std::all_of(parts.account.begin(), parts.account.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  constexpr std::string_view kind = "table/";
  const auto rest = arn.substr(account + 1);
  const auto name = rest.starts_with(kind) ? rest.substr(kind.size()) : std::string_view();
  if (name.size() >= 3 && name.find('/') == std::string_view::npos)
    parts.table = name;
  return parts;
}

bool foreign(const arn_parts& parts, const reading& from) {
  return parts.account != own_account || (parts.region != own_region && parts.region != from.region());
}

} // namespace

table_name as_table_name(std::string given, reading& from) {
  table_name out{given, std::move(given)};
  const auto parts = parts_of(out.given);
  if (!parts || parts->table.empty())
    return out; // a name, as far as it is one
  if (foreign(*parts, from))
    from.refuse(not_authorized(from, out.given));
  out.name = std::string(parts->table);
  return out;
}

table_name read_table_name(const structure& in, reading& from, std::string_view member) {
  auto given = in.text(member);
  return given ? as_table_name(std::move(*given), from) : table_name();
}

std::string arn_of(std::string_view table) {
  std::string out(start);
  out.append(own_region).append(":").append(own_account).append(":table/").append(table);
  return out;
}

std::string table_of_arn(std::string_view arn) {
  const auto parts = parts_of(arn);
  return parts ? std::string(parts->table) : std::string();
}

bool is_foreign(std::string_view arn, const reading& from) {
  const auto parts = parts_of(arn);
  return parts && foreign(*parts, from);
}

error not_authorized(const reading& from, std::string_view resource) {
  return access_denied("User: is not authorized to perform: dynamodb:" + from.operation() +
                       " on resource: " + (resource.empty() ? "*" : std::string(resource)));
}

} // namespace troupe::api
