// What `troupe status` shows: the answer to ClusterStatus, put in order for reading. Pure.
#pragma once
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/terminal.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::commands {

struct member_view {
  std::string node;
  std::string zone;
  msg::MemberKind kind = msg::STORAGE_REPLICA;
  bool runs = false; // its node is heard of, and reports the replica without trouble
  std::uint64_t applied = 0;
  std::uint64_t lag = 0; // entries
  std::string trouble;   // why it does not run; empty when it does
};

struct partition_view {
  std::uint64_t group = 0;
  std::string table;  // empty for the metadata group
  std::string leader; // node; empty when nobody serves
  std::uint64_t epoch = 0;
  std::uint64_t commit = 0;
  std::uint64_t lag = 0; // of its slowest member that runs
  std::uint64_t items_bytes = 0;
  std::uint64_t items = 0;
  // Of members whose log is archived; 0 and empty where nothing is.
  bool archives = false;
  std::uint64_t archived = 0;              // index, by the member that knows of most
  std::uint64_t archive_behind_bytes = 0;  // of the leader; without one, of the member with most
  std::vector<std::string> archive_alarms; // "n1: the archive fails"
  std::vector<member_view> members;

  std::size_t running() const;
  bool healthy() const { return !leader.empty() && running() == members.size(); }
  std::string state() const; // "ok", "no leader", "2 of 3 members"
};

struct node_view {
  std::string name;
  std::string zone;
  std::string address;
  std::string version;
  std::int64_t heard_ms_ago = -1; // -1: never since the metadata leader began to listen
  std::int64_t up_ms = 0;
  bool alive = false;
  bool full = false;
  std::uint64_t replicas = 0;
  std::uint64_t leads = 0;
  std::uint64_t lag = 0; // of its slowest replica
  std::uint64_t disk_used_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
  std::vector<std::string> troubles;

  std::string state() const; // "ok", "disk full", "silent for 12 s", "not heard of"
};

struct table_view {
  std::string name;
  msg::KeySchema keys;
  msg::TableState state = msg::TABLE_ACTIVE;
  std::uint64_t partitions = 0;
  std::uint64_t healthy_partitions = 0;
  std::uint64_t items_bytes = 0; // of the largest copy of each partition
  std::uint64_t items = 0;       // by each partition's leader
};

// A group that is not whole, and what is done about it.
struct healing_view {
  std::uint64_t group = 0;
  std::string table; // empty for the metadata group
  std::string step;  // "waiting", "changing members", "rebuilding on n4: 3.0 MiB of 10.0 MiB", "stuck"
  std::string why;
  std::uint64_t sound_voters = 0;
  std::int64_t ailing_ms = 0; // for so long; 0: it has just begun
  std::uint64_t bytes = 0;    // rebuilding: of the items, arrived
  std::uint64_t bytes_total = 0;
};

// An operator has stopped the healing of partitions.
struct pause_view {
  std::int64_t for_ms = 0; // so long ago
  std::string who;
  std::string why;
};

struct overview {
  std::vector<node_view> nodes;      // by zone and name
  std::vector<table_view> tables;    // by name
  std::vector<healing_view> healing; // the most endangered first
  std::optional<pause_view> paused;
  std::vector<partition_view> partitions; // the metadata group first, then by table and group

  bool healthy() const;
};

overview make_overview(const msg::AdminReply& reply);

// `every_partition`: else only those that are not well are listed once there are more than a screen holds.
std::string to_text(const overview& o, const terminal& t, bool every_partition);
// docs/command-line.md describes the fields; new ones may be added.
std::string to_json(const overview& o);
// The fields "healing" and "healing_paused" of it.
void write_healing(json_writer& json, const overview& o);
// "Healing was stopped 3 min ago by ...: ..."; empty while it is not.
std::string pause_text(const overview& o, const terminal& t);

// "pk:S", "pk:S sk:N".
std::string to_text(const msg::KeySchema& keys);
std::string to_text(msg::TableState state);

} // namespace troupe::commands
