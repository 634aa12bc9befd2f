// Tables as they were, out of the archive: what `troupe archive export` prints and `troupe restore` puts into
// a new table.
//
// Blocking. Errors: those of the archive (history/log_reader.h) and of the scratch files.
#pragma once
#include "actors/core/archive/names.h"
#include "messages/item.pb.h"
#include "storage/archive/object_store.h"
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace troupe::commands {

// A table that the archive knows, whether it is still there or not. Another table of the same name has
// another id.
struct past_table {
  std::uint64_t cluster = 0;
  std::uint64_t id = 0;
  std::string name;
  std::vector<archive::place> groups; // ascending; those to which nothing was ever written are not among them
};
storage::result<std::vector<past_table>> past_tables(storage::object_store& store);

// What became of one group.
struct past_part {
  std::uint64_t index = 0; // the newest entry that is in the items, and
  std::int64_t time_ms =
      0;              // when the newest command that is in them was proposed, Unix time; 0: there is none
  bool whole = false; // as of the time that was asked for: the archive goes on behind it
  std::uint64_t items = 0;
};
// Gives `take` the group's items as of `time_ms` (0: as of the archive's end), in the order of their keys. It
// returns why it takes no more, or nothing. `scratch` is a directory; the file that is made there is removed
// again.
storage::result<past_part> read_past(storage::object_store& store, const archive::place& whose,
                                     std::int64_t time_ms, const std::string& scratch,
                                     const std::function<std::string(msg::AttributeMap item)>& take);

// A new directory for scratch files, in `below` or else where temporary files go; removed with what is in it.
class scratch_directory {
public:
  explicit scratch_directory(const std::string& below);
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  const std::string& path() const { return path_; } // empty: it could not be made
  const std::string& trouble() const { return trouble_; }

private:
  std::string path_;
  std::string trouble_;
};

} // namespace troupe::commands
