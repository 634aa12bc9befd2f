#include "actors/history/log_reader.h"
#include "storage/archive/segment.h"
#include <algorithm>

namespace troupe::history {

using storage::code;
using storage::error;
using storage::result;

log_reader::log_reader(storage::object_store& store, const archive::place& whose, const log_position& after)
    : store_(store), whose_(whose), folder_(archive::folder_of(whose)), position_(after) {}

// Segments that hold the next entry, those that reach furthest first; none where nothing lies behind
// position().
result<std::vector<archive::extent>> log_reader::holders_of_next() {
  auto wanted = position_.index + 1;
  auto after = archive::names_behind(folder_, position_.index);
  std::vector<archive::extent> holders;
  std::uint64_t nearest = 0; // where what lies behind begins
  for (bool more = true; more && holders.empty();) {
    auto page = store_.list(folder_, after, storage::object_page_max);
    if (!page)
      return page.error();
    for (auto& object : page->objects) {
      after = object.name;
      auto what = archive::read_segment_name(folder_, object.name);
      if (!what)
        continue;
      nearest = nearest == 0 ? what->first : std::min(nearest, what->first);
      if (what->first <= wanted)
        holders.push_back(*what);
    }
    more = page->more;
  }
  if (holders.empty() && nearest != 0)
    return error{code::corrupt, store_.where(folder_) + ": entries " + std::to_string(wanted) + " to " +
                                    std::to_string(nearest - 1) + " are missing"};
  std::sort(holders.begin(), holders.end(), [](const archive::extent& a, const archive::extent& b) {
    return a.last != b.last ? a.last > b.last : a.copy < b.copy;
  });
  return holders;
}

result<std::vector<msg::Entry>> log_reader::read(const archive::extent& what) {
  auto name = archive::segment_name(folder_, what);
  auto bytes = store_.get(name, storage::segment_bytes_max);
  if (!bytes)
    return bytes.error();
  bytes_read_ += bytes->size();
  auto found = storage::read_segment(*bytes, store_.where(name));
  if (!found)
    return found.error();
  auto& about = found->manifest;
  if (about.cluster_id() != whose_.cluster || about.table_id() != whose_.table ||
      about.group() != whose_.group || about.first() != what.first || about.last() != what.last)
    return error{code::corrupt, store_.where(name) + ": holds something else than its name says"};
  auto behind = position_.index + 1 - about.first(); // place of the next entry
  auto& entries = found->entries;
  if (entries[behind].previous_link() != position_.link)
    return error{code::corrupt, store_.where(name) + ": is of another history than what lies before it"};
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(behind));
  return std::move(entries);
}

result<std::vector<msg::Entry>> log_reader::next() {
  auto holders = holders_of_next();
  if (!holders)
    return holders.error();
  std::string reasons;
  for (auto& holder : *holders) {
    auto entries = read(holder);
    if (entries) {
      position_ = {entries->back().index(), entries->back().link()};
      return entries;
    }
    if (entries.error().code != code::corrupt && entries.error().code != code::missing)
      return entries.error();
    reasons += (reasons.empty() ? "" : "; ") + entries.error().text;
  }
  if (!reasons.empty())
    return error{code::corrupt, "entry " + std::to_string(position_.index + 1) + " of group " +
                                    std::to_string(whose_.group) + " cannot be read: " + reasons};
  return std::vector<msg::Entry>{};
}

} // namespace troupe::history
