#include "actors/host/commands/past.h"
#include "actors/core/item/value.h"
#include "actors/history/rebuild.h"
#include "actors/history/survey.h"
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdlib.h>

namespace troupe::commands {

using storage::code;
using storage::error;
using storage::result;

namespace {

constexpr std::size_t page_items = 1000;
constexpr std::size_t page_bytes = 4u << 20;

} // namespace

result<std::vector<past_table>> past_tables(storage::object_store& store) {
  history::survey groups(store, history::survey_depth::names);
  std::vector<past_table> tables;
  for (;;) {
    auto group = groups.next();
    if (!group)
      return group.error();
    if (!*group)
      break;
    auto& whose = (*group)->whose;
    if (whose.table == 0)
      continue; // the metadata group's
    if (tables.empty() || tables.back().cluster != whose.cluster || tables.back().id != whose.table)
      tables.push_back({whose.cluster, whose.table, (*group)->table, {}});
    tables.back().groups.push_back(whose);
  }
  return tables;
}

result<past_part> read_past(storage::object_store& store, const archive::place& whose, std::int64_t time_ms,
                            const std::string& scratch,
                            const std::function<std::string(msg::AttributeMap item)>& take) {
  history::rebuild_order order;
  order.whose = whose;
  order.last = history::everything;
  order.time_ms = time_ms;
  order.path = scratch + "/" + std::to_string(whose.group) + ".db";
  auto work = history::rebuild::begin(store, std::move(order));
  if (!work)
    return work.error();
  if (auto done = (*work)->finish(); !done)
    return done.error();
  auto& items = (*work)->items();
  past_part part;
  part.index = (*work)->position().index;
  part.time_ms = items.applied().time_ms;
  part.whole = (*work)->past_time();
  std::string from;
  for (bool more = true; more;) {
    auto page = items.scan(from, "", false, page_items, page_bytes);
    if (!page)
      return page.error();
    for (auto& [key, value] : page->records) {
      auto item = item::parse_item(value);
      if (!item)
        return error{code::corrupt, "group " + std::to_string(whose.group) + ": an item cannot be read"};
      if (auto trouble = take(std::move(*item)); !trouble.empty())
        return error{code::io, trouble};
      ++part.items;
    }
    if (!page->records.empty())
      from = page->records.back().first + '\0';
    more = page->more;
  }
  return part;
}

scratch_directory::scratch_directory(const std::string& below) {
  std::error_code failed;
  auto base = below.empty() ? std::filesystem::temp_directory_path(failed).string() : below;
  auto pattern = base + "/troupe-past-XXXXXX";
  if (!failed && ::mkdtemp(pattern.data()))
    path_ = pattern;
  else
    trouble_ = base + ": " + (failed ? failed.message() : std::strerror(errno));
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  if (!path_.empty())
    std::filesystem::remove_all(path_, ignored);
}

} // namespace troupe::commands
