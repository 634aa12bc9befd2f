// A cluster with an archive and the table "music", for the stories of its backups and of tables made from its
// past.
#pragma once
#include "actors/admin/backups.h"
#include "actors/admin/planning.h"
#include "tests/unit/admin/metadata_world.h"

namespace troupe::admin {

using verdict = decision::verdict;

inline msg::CreateBackup wish_for(const std::string& table) {
  msg::CreateBackup wish;
  wish.set_table(table);
  wish.set_name("nightly");
  return wish;
}

// A cluster with an archive and the table "music", of two partitions.
struct backup_world : metadata_world {
  backup_world() {
    archive = true;
    create("music", 2);
    run();
  }
  // Nodes are told what to do, do it, and say so; the records follow.
  void run() {
    nodes_report();
    nodes_report();
    settle();
  }
  std::vector<std::uint64_t> groups_of(const std::string& table) const {
    const auto& groups = records.groups_of(records.table(table)->id());
    return {groups.begin(), groups.end()};
  }
  // Every partition's log ends with entry `last`.
  log_heads heads(std::uint64_t last, const std::string& table = "music") const {
    log_heads found;
    for (auto group : groups_of(table))
      found[group] = last;
    return found;
  }
  decision done(decision plan) {
    if (plan.what == verdict::write)
      make(plan.write);
    return plan;
  }
  decision back_up(std::uint64_t id, const log_heads& of, msg::RequestId creator = {}) {
    return done(plan_backup(view(), wish_for("music"), creator, id, of));
  }
  decision drop_backup(std::uint64_t id, bool attempted = false) {
    msg::DeleteBackup wish;
    wish.set_id(id);
    return done(plan_delete_backup(view(), wish, attempted));
  }
  decision restore(const msg::RestoreTable& wish, const log_heads& of = {}, std::uint64_t table_id = 900) {
    return done(plan_restore(view(), wish, {}, table_id, 7, of));
  }
  // The archives of the table's logs reach up to there.
  void archive_up_to(std::uint64_t last, const std::string& table = "music") {
    for (auto group : groups_of(table))
      archived.note(group, last);
  }
  // The leaders of the table's partitions say that all items are there.
  void say_restored(const std::string& table) {
    for (auto group : groups_of(table))
      for (auto& [name, one] : machines)
        if (auto it = one.replicas.find(group); it != one.replicas.end())
          it->second.set_restored(it->second.leads());
    nodes_report();
  }
};

inline msg::RestoreTable from_backup(std::uint64_t id, const std::string& target = "again") {
  msg::RestoreTable wish;
  wish.set_target(target);
  wish.set_backup(id);
  return wish;
}

inline msg::RestoreTable from_music(std::int64_t time_ms, const std::string& target = "again") {
  msg::RestoreTable wish;
  wish.set_target(target);
  wish.set_table("music");
  wish.set_time_ms(time_ms);
  return wish;
}

} // namespace troupe::admin
