// How far the logs are archived that somebody waits for, as the metadata leader has been told: by the
// archivers that it asked, and by the reports of the replicas. Nothing of it is durable, as all of it can be
// asked again; what was archived stays so.
//
// Thread: one owner. Times are microseconds on the node's clock.
#pragma once
#include <cstdint>
#include <map>

namespace troupe::admin {

class archive_book {
public:
  void note(std::uint64_t group, std::uint64_t archived);
  // Everything up to `last` is.
  bool holds(std::uint64_t group, std::uint64_t last) const;

  // Whether the group's archiver is to be asked now, which is then taken as done: not before the last
  // question was answered, or has been under way for long.
  bool ask(std::uint64_t group, std::int64_t now_us);
  // It answered that it is not archived yet, or did not answer.
  void ask_again(std::uint64_t group, std::int64_t now_us);

  // Nobody waits for any.
  void clear() { logs_.clear(); }

private:
  struct log {
    std::uint64_t archived = 0;
    std::int64_t ask_us = 0; // not before
  };
  std::map<std::uint64_t, log> logs_;
};

} // namespace troupe::admin
