// What the tests of the archive with real nodes share: a cluster that archives early and often, and a look at
// what lies there.
#pragma once
#include "actors/core/archive/names.h"
#include "actors/history/log_reader.h"
#include "storage/archive/open.h"
#include "tests/cluster/faults.h"
#include <algorithm>
#include <filesystem>

namespace troupe::cluster_test {

namespace fs = std::filesystem;

class Archive : public Faults {
protected:
  void change_settings(config::cluster& c) override {
    directory = fs::path(c.nodes[0].data).parent_path() / "archive";
    c.archive.directory = directory.string();
    c.archive.segment_bytes = 64 << 10;
    c.archive.segment_age_ms = 1'000;
    c.archive.alarm_bytes = 256 << 10;
    c.archive.refuse_bytes = 4 << 20;
    c.storage.log_retention_bytes = retention;
  }

  static load_options heavy() {
    load_options o;
    o.pad_bytes = 2'000;
    return o;
  }

  // The members of a group as their nodes report them, by node.
  std::map<std::string, msg::ReplicaReport> members(std::uint64_t group) {
    std::map<std::string, msg::ReplicaReport> found;
    auto status = nodes->admin().call(client::cluster_status{});
    if (status.ok())
      for (const auto& n : status.cluster.nodes())
        for (const auto& r : n.replicas())
          if (r.group() == group && n.heard_ms_ago() >= 0 && n.heard_ms_ago() < 3'000)
            found[n.node()] = r;
    return found;
  }

  std::unique_ptr<storage::object_store> store() {
    auto opened = storage::open_archive(nodes->settings().archive, storage::archive_use::as_it_is);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }

  std::optional<archive::place> place_of(std::uint64_t group) {
    auto all = store()->list("", "", storage::object_page_max);
    if (all)
      for (auto& object : all->objects)
        if (auto place = archive::read_place(object.name); place && place->group == group)
          return place;
    return std::nullopt;
  }

  // How far the archive holds the group's log from its first entry on, every byte of it looked at, once.
  std::uint64_t end_of_archive(std::uint64_t group) {
    auto place = place_of(group);
    if (!place)
      return 0;
    auto from = store();
    auto& read = read_up_to[group];
    history::log_reader reader(*from, *place, read);
    for (;;) {
      auto entries = reader.next();
      EXPECT_TRUE(entries) << entries.error().text;
      read = reader.position();
      if (!entries || entries->empty())
        return read.index;
    }
  }

  // Whatever a log has let go is in the archive, and was compared before: a report is of one moment, while
  // the archive's end is read later.
  void check_cuts(std::uint64_t group) {
    auto seen = members(group);
    auto end = end_of_archive(group);
    for (auto& [node, replica] : seen) {
      EXPECT_LE(replica.first_index(), replica.archive().may_cut() + 1) << "the log of " << node;
      EXPECT_LE(replica.archive().may_cut(), end) << "the archiver of " << node;
    }
  }

  bool every_member(std::uint64_t group, const std::function<bool(const msg::ReplicaReport&)>& holds) {
    auto seen = members(group);
    return seen.size() == 3 &&
           std::all_of(seen.begin(), seen.end(), [&](auto& one) { return holds(one.second); });
  }

  fs::path directory;
  std::map<std::uint64_t, history::log_position> read_up_to; // by group
  std::int64_t retention = 64 << 10;
};

} // namespace troupe::cluster_test
