// The metadata group as the admin's pure parts see it: a store that makes a write only when its condition
// holds, and nodes that report what they were told to run.
#pragma once
#include "actors/admin/healer.h"
#include "actors/admin/memory.h"
#include "actors/admin/node_book.h"
#include "actors/admin/orders.h"
#include "actors/admin/planner.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::admin {

// Rows of the metadata group, with the replica's own rule: all mutations of a write, or none.
class store {
public:
  // Whether the write was made.
  bool write(const msg::ReplicaRequest::Write& what);
  std::vector<msg::Record> rows() const;
  memory load() const { return memory(rows()); }

private:
  std::map<std::string, std::string> items_;
};

struct machine {
  std::string zone;
  std::uint64_t disk = 0;
  std::uint64_t run = 1;
  std::uint64_t sequence = 0;
  std::uint64_t meta_version = 0;
  bool up = true;
  bool makes = true; // the replicas that it is told to run
  std::map<std::uint64_t, msg::ReplicaReport> replicas;
};

class metadata_world {
public:
  explicit metadata_world(int nodes_per_zone = 1);

  outlook view() const;
  // Every node that is up reports everything, and does what it is told. The first member of a group leads, if
  // nobody else is said to.
  void nodes_report();
  // Plans and makes changes until there is nothing left to do; how many were made.
  int settle(int at_most = 100);
  // What a request came to: made, refused, done or wait; the change is in the store and in the records.
  decision create(const std::string& name, std::uint32_t partitions = 1, std::uint64_t table_id = 77,
                  msg::RequestId creator = {});
  decision remove(const std::string& name, std::uint64_t table_id = 0, msg::RequestId deleter = {});
  decision pause(const std::string& who, const std::string& why, bool resume = false);
  bool make(const change& what);
  std::optional<change> plan_heal();
  // Replicas that this node is told to destroy.
  std::vector<msg::NodeOrders::Retired> gone_from(const std::string& node);
  // Another admin leads: it knows the records, and has heard nobody.
  void new_leader();
  std::size_t replicas_running() const;
  void pass_seconds(int seconds) { now_us += seconds * 1'000'000ll; }

  store durable;
  memory records;
  node_book book{3'000'000};
  healing_book healing;
  bool archive = false; // the cluster has one, and of it archivers have said so much:
  msg::ArchiveProgress::Reach reach = msg::ArchiveProgress::WHOLE;
  archive_book archived;
  std::map<std::string, machine> machines;
  std::map<std::uint64_t, std::string> lead; // group -> node
  std::int64_t now_us = 1'000'000'000;
  std::int64_t leading_us = 0; // long ago
};

msg::KeySchema string_key(const std::string& name);

} // namespace troupe::admin
