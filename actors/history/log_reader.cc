#include "actors/history/log_reader.h"
#include "storage/archive/segment.h"
#include <algorithm>
#include <iterator>

namespace troupe::history {

using storage::code;
using storage::error;
using storage::result;

log_reader::log_reader(storage::object_store& store, const archive::place& whose, const log_position& after)
    : store_(store), whose_(whose), folder_(archive::folder_of(whose)), position_(after) {}

// Of the segments that were listed last, those that hold the next entry; those that reach furthest first.
std::vector<archive::extent> log_reader::holders_listed() {
  std::erase_if(listed_, [this](const archive::extent& e) { return e.last <= position_.index; });
  std::vector<archive::extent> holders;
  std::copy_if(listed_.begin(), listed_.end(), std::back_inserter(holders),
               [this](const archive::extent& e) { return e.first <= position_.index + 1; });
  std::sort(holders.begin(), holders.end(), [](const archive::extent& a, const archive::extent& b) {
    return a.last != b.last ? a.last > b.last : a.copy < b.copy;
  });
  return holders;
}

// The same of what the archive lists now; none where nothing lies behind position(). Pages that hold none lie
// between position() and the holder's end, and are not needed again.
result<std::vector<archive::extent>> log_reader::holders_of_next() {
  auto after = archive::names_behind(folder_, position_.index);
  std::uint64_t nearest = 0; // where what lies behind begins
  for (bool more = true; more;) {
    auto page = store_.list(archive::segments_prefix(folder_), after, storage::object_page_max);
    if (!page)
      return page.error();
    listed_.clear();
    for (auto& object : page->objects) {
      after = object.name;
      auto what = archive::read_segment_name(folder_, object.name);
      if (!what)
        continue;
      nearest = nearest == 0 ? what->first : std::min(nearest, what->first);
      listed_.push_back(*what);
    }
    if (auto holders = holders_listed(); !holders.empty())
      return holders;
    more = page->more;
  }
  if (nearest != 0)
    return error{code::corrupt, store_.where(folder_) + ": entries " + std::to_string(position_.index + 1) +
                                    " to " + std::to_string(nearest - 1) + " are missing"};
  return std::vector<archive::extent>{};
}

result<std::vector<msg::Entry>> log_reader::read(const archive::extent& what) {
  auto name = archive::segment_name(folder_, what);
  auto bytes = store_.get(name, storage::segment_bytes_max);
  if (!bytes)
    return bytes.error();
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

// One that is sound. `corrupt`: none is, and why.
result<std::vector<msg::Entry>> log_reader::read_one_of(const std::vector<archive::extent>& holders) {
  std::string reasons;
  for (auto& holder : holders) {
    auto entries = read(holder);
    if (entries) {
      position_ = {entries->back().index(), entries->back().link()};
      return entries;
    }
    if (entries.error().code != code::corrupt && entries.error().code != code::missing)
      return entries.error();
    reasons += (reasons.empty() ? "" : "; ") + entries.error().text;
  }
  return error{code::corrupt, "entry " + std::to_string(position_.index + 1) + " of group " +
                                  std::to_string(whose_.group) + " cannot be read: " + reasons};
}

result<std::vector<msg::Entry>> log_reader::next() {
  if (auto known = holders_listed(); !known.empty()) {
    auto entries = read_one_of(known);
    if (entries || entries.error().code != code::corrupt)
      return entries; // else: another copy may lie there since that was listed
  }
  auto holders = holders_of_next();
  if (!holders)
    return holders.error();
  if (holders->empty())
    return std::vector<msg::Entry>{};
  return read_one_of(*holders);
}

} // namespace troupe::history
