// What the storage tests share: a directory that goes away, chains of entries, bytes to flip.
#pragma once
#include "messages/entry_link.h"
#include "messages/replication.pb.h"
#include "storage/log_store.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace troupe::storage {
inline void PrintTo(log_verdict verdict, std::ostream* out) {
  *out << (verdict == log_verdict::whole ? "whole" : verdict == log_verdict::damaged ? "damaged" : "lost");
}
} // namespace troupe::storage

namespace troupe::testing {

// In memory where the host has such a place: these tests write a lot and no disk is needed to tell right from
// wrong.
class temporary_directory {
public:
  temporary_directory() {
    std::string base =
        ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path().string();
    std::string name = base + "/troupe-storage-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      std::abort();
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
inline void flip_byte(const std::string& path, std::size_t offset, char mask = 0x40) {
  std::string bytes = read_bytes(path);
  ASSERT_LT(offset, bytes.size());
  bytes[offset] = static_cast<char>(bytes[offset] ^ mask);
  write_bytes(path, bytes);
}
// Flips a byte at every place where `needle` lies in the file, `distance` from its beginning: SQLite leaves
// old copies in the unused parts of its pages.
inline void flip_near(const std::string& path, const std::string& needle, std::ptrdiff_t distance) {
  std::string bytes = read_bytes(path);
  int found = 0;
  for (std::size_t at = bytes.find(needle); at != std::string::npos; at = bytes.find(needle, at + 1), ++found)
    bytes[at + static_cast<std::size_t>(distance)] ^= 0x40;
  EXPECT_GT(found, 0) << needle << " is not in " << path;
  write_bytes(path, bytes);
}

inline msg::Ballot ballot(std::uint64_t round, std::uint64_t member = 1) {
  msg::Ballot b;
  b.set_round(round);
  b.set_member(member);
  return b;
}

inline msg::HardState hard_state(std::uint64_t round, std::uint64_t commit) {
  msg::HardState state;
  *state.mutable_promised() = ballot(round);
  state.set_commit(commit);
  return state;
}

using entries = std::vector<std::shared_ptr<const msg::Entry>>;

// Entries of one group, each chained to the one before.
class chain {
public:
  explicit chain(std::uint64_t group, std::uint64_t after = 0, std::uint64_t link = 0)
      : group_(group), last_(after), link_(link) {}

  std::shared_ptr<const msg::Entry> next(const std::string& payload, std::uint64_t round = 1) {
    auto entry = std::make_shared<msg::Entry>();
    entry->set_index(++last_);
    *entry->mutable_ballot() = ballot(round);
    entry->set_kind(msg::Entry::COMMAND);
    entry->set_payload(payload);
    entry->set_previous_link(link_);
    link_ = entry_link(group_, *entry, link_);
    entry->set_link(link_);
    return entry;
  }
  // Payloads "g<group> e<index> ..." of about that size.
  entries some(std::size_t count, std::size_t bytes = 0, std::uint64_t round = 1) {
    entries out;
    for (std::size_t i = 0; i < count; ++i) {
      std::string payload = "g" + std::to_string(group_) + " e" + std::to_string(last_ + 1) + " ";
      if (payload.size() < bytes)
        payload.resize(bytes, static_cast<char>('a' + last_ % 26));
      out.push_back(next(payload, round));
    }
    return out;
  }
  std::uint64_t last() const { return last_; }
  std::uint64_t link() const { return link_; }

private:
  std::uint64_t group_;
  std::uint64_t last_;
  std::uint64_t link_;
};

inline storage::log_write create_group(std::uint64_t group) {
  storage::log_write w;
  w.group = group;
  w.create = true;
  w.hard_state = hard_state(0, 0);
  return w;
}
inline storage::log_write write_of(std::uint64_t group, entries list) {
  storage::log_write w;
  w.group = group;
  w.entries = std::move(list);
  return w;
}

inline std::unique_ptr<storage::log_store> open_log(const std::string& path,
                                                    storage::log_options options = {}) {
  auto log = storage::log_store::open(path, options);
  EXPECT_TRUE(log.ok()) << log.error().text;
  return log ? std::move(*log) : nullptr;
}

// For EXPECT_TRUE(done(call)): shows the error's text.
template <class T>
::testing::AssertionResult done(const storage::result<T>& result) {
  if (result.ok())
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << storage::name_of(result.error().code) << ": " << result.error().text;
}
template <class T>
::testing::AssertionResult failed_as(const storage::result<T>& result, enum storage::code code) {
  if (result.ok())
    return ::testing::AssertionFailure() << "succeeded";
  if (result.error().code != code)
    return ::testing::AssertionFailure()
           << storage::name_of(result.error().code) << ": " << result.error().text;
  return ::testing::AssertionSuccess();
}

inline ::testing::AssertionResult same(const std::vector<msg::Entry>& got, const entries& wanted) {
  if (got.size() != wanted.size())
    return ::testing::AssertionFailure() << got.size() << " entries, wanted " << wanted.size();
  for (std::size_t i = 0; i < got.size(); ++i)
    if (got[i].SerializeAsString() != wanted[i]->SerializeAsString())
      return ::testing::AssertionFailure() << "entry " << wanted[i]->index() << " differs";
  return ::testing::AssertionSuccess();
}

} // namespace troupe::testing
