// A group's log as the archive holds it, read from some entry on: segment after segment, every one of them
// checked against the one before. What is damaged is passed over where another copy, or another segment,
// holds the same entries.
//
// Thread: one owner. Blocking. Errors: those of the store, to be tried again; `corrupt` where the archive is
// not whole, with what is missing or wrong, which a listing that is behind the store's newest state may say
// wrongly for a while.
#pragma once
#include "actors/core/archive/names.h"
#include "messages/archive.pb.h"
#include "messages/replication.pb.h"
#include "storage/archive/object_store.h"
#include <cstdint>
#include <vector>

namespace troupe::history {

// An entry's place in the log, and the link that stands for all up to there. Before the first entry both are
// 0.
struct log_position {
  std::uint64_t index = 0;
  std::uint64_t link = 0;
};

class log_reader {
public:
  // The store outlives it.
  log_reader(storage::object_store& store, const archive::place& whose, const log_position& after = {});

  // The entries behind position() that one segment holds, which position() then stands behind. None: the
  // archive ends here. After an error it is where it was.
  storage::result<std::vector<msg::Entry>> next();

  const log_position& position() const { return position_; }

private:
  storage::result<std::vector<archive::extent>> holders_of_next();
  std::vector<archive::extent> holders_listed();
  storage::result<std::vector<msg::Entry>> read_one_of(const std::vector<archive::extent>& holders);
  storage::result<std::vector<msg::Entry>> read(const archive::extent& what);

  storage::object_store& store_;
  archive::place whose_;
  std::string folder_;
  log_position position_;
  // The newest page that was listed: of a log of many segments it is not listed again for each of them.
  std::vector<archive::extent> listed_;
};

} // namespace troupe::history
