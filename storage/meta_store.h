// Who this data directory belongs to and which replicas it should hold. The file is small, checksummed, and
// replaced atomically; a lock beside it keeps a second process out. docs/formats.md, "Identity file".
//
// A directory whose identity file is gone never gets its identity back: it is refused while it holds other
// data, and when empty gets a new disk id, by which peers tell that whatever was promised here is forgotten.
//
// Threads: one owner. Blocking.
#pragma once
#include "messages/node_meta.pb.h"
#include "storage/result.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

class meta_store {
public:
  // Creates the directory and the identity when there is none. `busy`: another process has it. `refused`: it
  // belongs to another node or cluster, or holds data but no identity. `corrupt`: the file was damaged.
  static result<std::unique_ptr<meta_store>> open(const std::string& directory, const std::string& cluster,
                                                  const std::string& node);
  ~meta_store(); // gives the lock back
  meta_store(const meta_store&) = delete;
  meta_store& operator=(const meta_store&) = delete;

  const std::string& directory() const;
  std::string log_path() const;                     // directory/log.db
  std::string item_path(std::uint64_t group) const; // directory/items/<group>.db
  bool created() const;                             // by this open()

  std::uint64_t disk() const;   // random, never 0, made with the directory
  std::uint64_t starts() const; // how often it was opened, this time included: the incarnation
  const msg::NodeMeta& all() const;
  std::vector<msg::LocalReplica> replicas() const; // ascending by group
  std::optional<msg::LocalReplica> replica(std::uint64_t group) const;

  // Durable when they return. One replica per group; `put` replaces.
  result<void> put(const msg::LocalReplica& replica);
  result<void> put(const std::vector<msg::LocalReplica>& replicas); // one write for all
  result<void> remove(std::uint64_t group);
  result<void> remove(const std::vector<std::uint64_t>& groups); // one write for all

private:
  struct state;
  explicit meta_store(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace troupe::storage
