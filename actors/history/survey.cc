#include "actors/history/survey.h"
#include "actors/history/snapshots.h"
#include "storage/archive/segment.h"
#include <algorithm>
#include <map>
#include <set>

namespace troupe::history {

using storage::code;
using storage::error;
using storage::result;

namespace {

constexpr std::size_t looked_at_most = 8; // of damaged ones, for a group's name

void add(std::vector<std::string>& list, std::string what) {
  if (list.size() < findings_max)
    list.push_back(std::move(what));
  else if (list.size() == findings_max)
    list.push_back("and more");
}

std::string entries_text(std::uint64_t first, std::uint64_t last) {
  return first == last ? "entry " + std::to_string(first)
                       : "entries " + std::to_string(first) + " to " + std::to_string(last);
}

// How far the entries reach without a hole, and which are missing. Extents come ascending by their first
// entry.
class coverage {
public:
  // What lies below a sound snapshot is not needed for anything that came after it.
  void add(const archive::extent& what, group_survey& found, std::optional<std::uint64_t> before = {},
           std::optional<std::uint64_t> after = {}) {
    if (what.first > end_ + 1 && found.holes.size() < holes_max)
      found.holes.push_back({end_ + 1, what.first - 1, end_ == 0 ? 0 : before, after});
    if (what.first > end_ + 1)
      history::add(what.first - 1 <= found.newest_snapshot ? found.notes : found.findings,
                   entries_text(end_ + 1, what.first - 1) + " are in no sound segment");
    found.first = found.first == 0 ? what.first : std::min(found.first, what.first);
    end_ = std::max(end_, what.last);
    found.last = end_;
  }
  std::uint64_t end() const { return end_; }

private:
  std::uint64_t end_ = 0;
};

// The links of the segment that reaches furthest: whatever overlaps it, or follows it, must agree.
struct known_links {
  std::uint64_t first = 0; // index of links[0], which is that of the entry before the segment's first
  std::vector<std::uint64_t> links;

  std::uint64_t last() const { return first + links.size() - 1; }
  std::optional<std::uint64_t> end_link() const {
    return links.empty() ? std::nullopt : std::optional(links.back());
  }
  bool agree(const storage::segment& other) const {
    auto link_of = [&](std::uint64_t index) {
      return index + 1 == other.manifest.first() ? other.manifest.previous_link()
                                                 : other.entries[index - other.manifest.first()].link();
    };
    if (links.empty())
      return true;
    auto from = std::max(first, other.manifest.first() - 1);
    auto to = std::min(last(), other.manifest.last());
    for (auto index = from; index <= to; ++index)
      if (links[index - first] != link_of(index))
        return false;
    return true;
  }
  void take(const storage::segment& other) {
    first = other.manifest.first() - 1;
    links = {other.manifest.previous_link()};
    for (auto& entry : other.entries)
      links.push_back(entry.link());
  }
};

void say_whose(group_survey& found, const msg::SegmentManifest& manifest) {
  found.cluster = manifest.cluster();
  found.table = manifest.table();
  found.from = manifest.from();
  found.to = manifest.to();
  found.named = true;
}

// Of what lies there, and not of the way to it.
bool is_damage(const error& why) {
  return why.code == code::corrupt || why.code == code::missing;
}

bool is_what_it_is_called(const msg::SegmentManifest& m, const archive::place& whose,
                          const archive::extent& what) {
  return m.cluster_id() == whose.cluster && m.table_id() == whose.table && m.group() == whose.group &&
         m.first() == what.first && m.last() == what.last;
}

} // namespace

// False: there is no object any more.
result<bool> survey::more() {
  while (at_ == page_.size() && !ended_) {
    auto page = store_.list(within_, after_, storage::object_page_max);
    if (!page)
      return page.error();
    page_ = std::move(page->objects);
    at_ = 0;
    ended_ = !page->more;
    if (!page_.empty())
      after_ = page_.back().name;
  }
  return at_ < page_.size();
}

result<std::optional<group_survey>> survey::next() {
  std::optional<group_survey> found;
  std::vector<object> objects;
  std::vector<archive::snapshot_id> snapshots;
  std::set<std::pair<std::uint64_t, std::uint64_t>> parts; // of which snapshots there are some
  for (;;) {
    auto any = more();
    if (!any)
      return any.error();
    if (!*any)
      break;
    auto& one = page_[at_];
    auto place = archive::read_place(one.name);
    if (!place) {
      ++strangers_;
      ++at_;
      continue;
    }
    if (!found)
      found.emplace().whose = *place;
    if (*place != found->whose)
      break;
    ++at_;
    auto folder = archive::folder_of(*place);
    if (auto segment = archive::read_segment_name(folder, one.name)) {
      objects.push_back({*segment, one.name, one.bytes});
      continue;
    }
    found->bytes += one.bytes;
    if (auto snapshot = archive::read_snapshot_name(folder, one.name))
      snapshots.push_back(*snapshot);
    else if (auto part = archive::read_snapshot_part_name(folder, one.name))
      parts.emplace(part->index, part->id);
    else
      add(found->notes, store_.where(one.name) + ": is neither a segment nor of a snapshot");
  }
  for (auto& snapshot : snapshots)
    parts.erase({snapshot.index, snapshot.id});
  if (!parts.empty())
    add(found->notes, "parts of " + std::to_string(parts.size()) + " snapshots that were not finished");
  if (found)
    if (auto looked = look(*found, objects, snapshots); !looked)
      return looked.error();
  return found;
}

struct survey::marks {
  std::map<std::uint64_t, std::uint64_t> links; // by index
};

// Names are believed, or every byte of every part is compared with the manifest.
result<void> survey::look(group_survey& found, const archive::snapshot_id& snapshot, marks& links) {
  ++found.snapshots;
  auto damaged = [&](const error& why) -> result<void> {
    if (!is_damage(why))
      return why;
    ++found.damaged;
    found.newest_damaged_snapshot = std::max(found.newest_damaged_snapshot, snapshot.index);
    add(found.notes, why.text);
    return {};
  };
  if (depth_ == survey_depth::bytes) {
    auto manifest = read_snapshot_manifest(store_, found.whose, snapshot);
    if (!manifest)
      return damaged(manifest.error());
    for (std::size_t i = 0; i < manifest->parts.size(); ++i)
      if (auto part = read_snapshot_part(store_, found.whose, snapshot, *manifest, i); !part)
        return damaged(part.error());
    links.links[snapshot.index] = manifest->header.link();
    say_whose(found, manifest->about); // if no segment does
  }
  found.newest_snapshot = std::max(found.newest_snapshot, snapshot.index);
  return {};
}

result<void> survey::look(group_survey& found, std::vector<object>& objects,
                          const std::vector<archive::snapshot_id>& snapshots) {
  marks of_snapshots;
  for (auto& snapshot : snapshots)
    if (auto looked = look(found, snapshot, of_snapshots); !looked)
      return looked;
  std::sort(objects.begin(), objects.end(), [](const object& a, const object& b) {
    return std::tie(a.what.first, a.what.last, a.what.copy) <
           std::tie(b.what.first, b.what.last, b.what.copy);
  });
  coverage covered;
  known_links known;
  std::vector<std::pair<archive::extent, std::string>> bad;
  for (auto& one : objects) {
    ++found.segments;
    found.bytes += one.bytes;
    if (depth_ == survey_depth::names) {
      covered.add(one.what, found);
      continue;
    }
    auto where = store_.where(one.name);
    auto bytes = store_.get(one.name, storage::segment_bytes_max);
    if (!bytes && !is_damage(bytes.error()))
      return bytes.error();
    auto segment = bytes ? storage::read_segment(*bytes, where) : bytes.error();
    if (!segment || !is_what_it_is_called(segment->manifest, found.whose, one.what)) {
      ++found.damaged;
      if (found.damaged_segments.size() < holes_max)
        found.damaged_segments.push_back(one.what);
      bad.emplace_back(one.what,
                       segment ? where + ": holds something else than its name says" : segment.error().text);
      continue;
    }
    auto& m = segment->manifest;
    if (!known.agree(*segment)) {
      ++found.foreign;
      add(found.findings, where + ": is of another history than what lies before it");
    }
    for (auto& [index, link] : of_snapshots.links)
      if (index >= m.first() && index <= m.last() && segment->entries[index - m.first()].link() != link) {
        ++found.foreign;
        add(found.findings,
            where + ": is of another history than the snapshot of entry " + std::to_string(index));
      }
    covered.add(one.what, found, known.end_link(), m.previous_link());
    if (m.first_time_ms() != 0 && found.first_time_ms == 0)
      found.first_time_ms = m.first_time_ms();
    found.last_time_ms = std::max<std::int64_t>(found.last_time_ms, m.last_time_ms());
    say_whose(found, m);
    if (known.links.empty() || m.last() >= known.last())
      known.take(*segment);
  }
  found.last_link = known.end_link();
  for (auto& [what, why] :
       bad) // a hole that one leaves is a finding already, but at the end nobody misses it
    add(what.last > covered.end() ? found.findings : found.notes, why);
  return depth_ == survey_depth::names ? read_newest(found, std::move(objects), snapshots) : result<void>{};
}

// What the newest segment says that can be read; damage to those behind it hides nothing but their times.
result<void> survey::read_newest(group_survey& found, std::vector<object> objects,
                                 const std::vector<archive::snapshot_id>& snapshots) {
  std::sort(objects.begin(), objects.end(),
            [](const object& a, const object& b) { return a.what.last > b.what.last; });
  objects.resize(std::min(objects.size(), looked_at_most));
  for (auto& one : objects) {
    auto head = store_.get_range(one.name, 0, storage::segment_manifest_max + 20);
    if (!head && !is_damage(head.error()))
      return head.error();
    auto manifest = head ? storage::read_manifest(*head, store_.where(one.name)) : head.error();
    if (manifest && is_what_it_is_called(*manifest, found.whose, one.what)) {
      say_whose(found, *manifest);
      found.last_time_ms = manifest->last_time_ms();
      return {};
    }
    add(found.findings, manifest ? store_.where(one.name) + ": holds something else than its name says"
                                 : manifest.error().text);
  }
  for (std::size_t i = 0; i < std::min(snapshots.size(), looked_at_most); ++i) {
    auto manifest = read_snapshot_manifest(store_, found.whose, snapshots[snapshots.size() - 1 - i]);
    if (manifest) {
      say_whose(found, manifest->about);
      return {};
    }
    if (!is_damage(manifest.error()))
      return manifest.error();
    add(found.findings, manifest.error().text);
  }
  return {};
}

} // namespace troupe::history
