#include "actors/host/commands/past.h"
#include "actors/core/item/value.h"
#include "actors/history/rebuild.h"
#include "actors/history/survey.h"
#include "actors/host/commands/command.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdlib.h>

namespace troupe::commands {

using storage::code;
using storage::error;
using storage::result;

namespace {

constexpr std::size_t page_items = 1000;
constexpr std::size_t page_bytes = 4u << 20;
constexpr std::int64_t clocks_differ_ms = 2'000; // those of the nodes, and of whoever asks

std::string in_hex(const std::string& bytes) {
  std::string text;
  for (unsigned char byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

} // namespace

const past_group* past_table::find(std::uint64_t group) const {
  auto it =
      std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.whose.group == group; });
  return it == groups.end() ? nullptr : &*it;
}

std::vector<std::string> past_table::missing_keys() const {
  std::vector<const past_group*> known;
  for (auto& one : groups)
    if (one.named)
      known.push_back(&one);
  std::sort(known.begin(), known.end(), [](auto* a, auto* b) { return a->from < b->from; });
  std::vector<std::string> missing;
  auto text = [](const std::string& key, const char* none) { return key.empty() ? none : in_hex(key); };
  std::optional<std::string> reached = ""; // all below are there; nothing: all are
  auto miss = [&](const std::string& up_to) {
    missing.push_back("from " + text(*reached, "the first") + " to " + text(up_to, "the last"));
  };
  for (auto* one : known) {
    if (!reached)
      break;
    if (one->from > *reached)
      miss(one->from);
    if (one->to.empty())
      reached.reset();
    else
      reached = std::max(*reached, one->to);
  }
  if (reached)
    miss("");
  return missing;
}

result<std::vector<past_table>> past_tables(storage::object_store& store) {
  history::survey groups(store, history::survey_depth::names);
  std::vector<past_table> tables;
  for (;;) {
    auto group = groups.next();
    if (!group)
      return group.error();
    if (!*group)
      break;
    auto& found = **group;
    if (found.whose.table == 0)
      continue; // the metadata group's
    if (tables.empty() || tables.back().cluster != found.whose.cluster ||
        tables.back().id != found.whose.table)
      tables.push_back({found.whose.cluster, found.whose.table, {}, {}});
    auto& table = tables.back();
    if (table.name.empty())
      table.name = found.table;
    table.groups.push_back({found.whose, found.named, std::move(found.from), std::move(found.to),
                            std::max(found.last, found.newest_snapshot), found.last_time_ms});
  }
  return tables;
}

result<past_part> read_past(storage::object_store& store, const past_wish& wish, std::int64_t now_ms,
                            const std::function<std::string(msg::AttributeMap item)>& take) {
  auto about = "partition " + std::to_string(wish.whose.group) + ": ";
  history::rebuild_order order;
  order.whose = wish.whose;
  order.last = history::everything;
  order.time_ms = wish.time_ms;
  order.path = wish.scratch + "/" + std::to_string(wish.whose.group) + ".db";
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
  if (!part.whole && part.index < wish.last)
    return error{code::missing, about + "the archive now ends with entry " + std::to_string(part.index) +
                                    ", and entry " + std::to_string(wish.last) + " is known to be in it"};
  if (part.whole && (*work)->next_time_ms() > now_ms + clocks_differ_ms)
    return error{code::refused, about + "entry " + std::to_string(part.index + 1) +
                                    " and those behind it say " + "that they are of " +
                                    to_time((*work)->next_time_ms()) +
                                    ", which has not come yet: a node's clock ran ahead, and what of them " +
                                    "was written when is not known"};
  std::string from;
  for (bool more = true; more;) {
    auto page = items.scan(from, "", false, page_items, page_bytes);
    if (!page)
      return page.error();
    for (auto& [key, value] : page->records) {
      auto item = item::parse_item(value);
      if (!item)
        return error{code::corrupt, about + "an item cannot be read"};
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
