// The state machine under test: a map from keys to values, and the requests that have taken effect. It stands
// in for storage/item_store, is small enough to be obviously right, and is the only judge of duplicates.
#pragma once
#include "actors/core/scrub/judge.h"
#include "messages/replication.pb.h"
#include "tests/sim/world/world.h"
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::sim {

using request_key = std::pair<std::uint64_t, std::uint64_t>; // client, sequence

inline request_key key_of(const msg::RequestId& id) {
  return {id.client(), id.sequence()};
}

class items {
public:
  explicit items(const msg::Configuration& initial) : configuration_(initial) {}

  // Applies the entry after index(). False when its request had taken effect before: then nothing changed
  // but the index. deduplicate: off only for the test of the checkers.
  bool apply(const msg::Entry& entry, bool deduplicate = true);

  std::optional<std::string> at(const std::string& key) const;
  bool contains(const request_key& id) const { return requests_.contains(id); }
  const std::map<std::string, std::string>& values() const { return values_; }

  log_index index() const { return index_; }
  std::uint64_t link() const { return link_; }
  const msg::Ballot& ballot() const { return ballot_; }
  const msg::Configuration& configuration() const { return configuration_; } // newest at or below index
  log_index configuration_index() const { return configuration_index_; }
  // Over values, requests and configuration; equal states have equal digests, however they came about.
  std::uint64_t digest() const;

  // As a snapshot travels: a header, and bytes that parse() turns back. parse gives nothing when they do not
  // agree with the header.
  msg::SnapshotHeader header(std::uint64_t group) const;
  std::string bytes() const;
  static std::optional<items> parse(const msg::SnapshotHeader& header, const std::string& bytes);

  // --- what the scrub looks for
  // A part of the items that no client knows and that no entry changes, so that nobody sees it go wrong. It
  // is carried with them, outside of digest(): the scrub alone may find out.
  void put_sleeper();
  void rot(std::uint64_t how);
  bool rotten() const;
  // What it compares: digests of parts of the keys, and of the sleeper.
  std::vector<scrub::leaf> leaves() const;
  // Which copy this is: another one each time it was made from somebody else's.
  std::uint64_t lineage() const { return lineage_; }
  void begin_lineage(std::uint64_t number) { lineage_ = number; }

  // For the test of the checkers only: a replica that went its own way.
  void corrupt() { values_digest_ += 1; }

private:
  items() = default;
  void set(const std::string& key, const std::string* value);

  std::map<std::string, std::string> values_;
  std::map<request_key, log_index> requests_;
  std::uint64_t values_digest_ = 0; // sums of hashes: independent of order
  std::uint64_t requests_digest_ = 0;
  log_index index_ = 0;
  std::uint64_t link_ = 0;
  msg::Ballot ballot_;
  msg::Configuration configuration_;
  log_index configuration_index_ = 0;
  std::string sleeper_; // empty: there is none
  std::uint64_t lineage_ = 0;
};

} // namespace troupe::sim
