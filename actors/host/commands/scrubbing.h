// What `troupe scrub` shows: what the reports in the answer to ClusterStatus say of it. Pure.
#pragma once
#include "actors/host/commands/terminal.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::commands {

// One replica.
struct scrubbed_view {
  std::string table; // empty for the metadata group
  std::uint64_t group = 0;
  std::string node;
  bool leads = false;
  msg::ScrubReport scrub;
};

struct scrubbing {
  std::int64_t now_ms = 0;
  std::vector<scrubbed_view> replicas; // the metadata group first, then by table, group and node

  // Nothing was found since the nodes started, and nothing is wrong with the archive.
  bool clean() const;
  // Each of these replicas has been read in full since `before`, and each group compared.
  bool done_since(const scrubbing& before) const;
};

// `table`: only that one's; empty: all, and the metadata.
scrubbing make_scrubbing(const msg::AdminReply& reply, const std::string& table);

std::string to_text(const scrubbing& s, const terminal& t);
std::string progress_line(const scrubbing& s, const scrubbing& before);
// docs/command-line.md describes the fields; new ones may be added.
std::string to_json(const scrubbing& s);

} // namespace troupe::commands
