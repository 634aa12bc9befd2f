// The bytes of the log file's rows: what docs/formats.md says in "Log file", in code. Nothing here touches a
// file; the text and these functions change together.
#pragma once
#include "messages/replication.pb.h"
#include "storage/log_store.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::storage::log_format {

inline constexpr std::int64_t application_id = 0x54524c47; // "TRLG"
inline constexpr std::int64_t version = 1;
inline constexpr int page_bytes = 4096; // of a new file; any other is read as well

// An append is cut into runs of about so many bytes, so that reading one entry reads little else.
inline constexpr std::size_t run_bytes = 256 * 1024;
inline constexpr std::size_t entry_head_bytes = 48;

// --- a run: consecutive entries of one group --------------------------------------------------------------

struct run_head {
  std::uint64_t id = 0;
  std::uint64_t group = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};
std::uint64_t check_of(const run_head& head, std::size_t body_bytes);

void append_entry(std::string& body, std::uint64_t group, const msg::Entry& entry);

// Walks the entries of a body. An entry whose head is damaged hides those behind it, as its length is
// unknown.
class run_decoder {
public:
  run_decoder(std::uint64_t group, std::uint64_t first, std::string_view body)
      : group_(group), index_(first), left_(body) {}

  enum class outcome {
    good,
    damaged,  // this entry is unreadable, the next can be tried
    hopeless, // this one and all behind it are
  };
  // Decodes the entry at index() into `into` (nothing when null: skips it, checking its head only) and moves
  // on.
  outcome next(msg::Entry* into);
  std::uint64_t index() const { return index_; }

private:
  std::uint64_t group_;
  std::uint64_t index_;
  std::string_view left_;
};

// --- a group: its hard state and where its log begins ------------------------------------------------------

struct group_row {
  bool lost = false; // found to have lost what it promised or accepted; never unset
  log_base base;
  std::uint64_t first_run = 0; // older runs are not this log's any more
  std::string hard_state;      // serialized msg::HardState
};
std::string encode(std::uint64_t group, const group_row& row);
std::optional<group_row> decode(std::uint64_t group, std::string_view body); // nothing: damaged

// --- a mark ------------------------------------------------------------------------------------------------

std::uint64_t check_of_mark(std::uint64_t group, std::uint64_t mark);

} // namespace troupe::storage::log_format
