// Tables as they were, out of the archive: what `troupe archive export` prints and `troupe restore` puts into
// a new table. What is known to be missing is an error: less than all of a table must never look like all.
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

// A partition of a table, as the names of its objects and the newest of them say.
struct past_group {
  archive::place whose;
  bool named = false; // the range and the time are known
  std::string from;   // of encoded keys, [from, to); an empty `to` is the end
  std::string to;
  std::uint64_t last = 0;        // the newest entry that some object is said to hold
  std::int64_t last_time_ms = 0; // of the newest command in the newest segment, Unix time; 0: there is none
};
// A table that the archive knows, whether it is still there or not. Another table of the same name has
// another id.
struct past_table {
  std::uint64_t cluster = 0;
  std::uint64_t id = 0;
  std::string name;               // empty: nothing that says it can be read
  std::vector<past_group> groups; // ascending

  const past_group* find(std::uint64_t group) const; // null: the archive has nothing of it
  // Ranges of keys that no partition here is for, for people. Every partition is in the archive a minute
  // after it was made, whether anything was written to it or not, so what was there is missing.
  std::vector<std::string> missing_keys() const;
};
storage::result<std::vector<past_table>> past_tables(storage::object_store& store);

struct past_wish {
  archive::place whose;
  std::int64_t time_ms = 0; // as of then, Unix time; 0: as of the archive's end
  // The entry that the archive is known to reach. It may end before only where it goes on behind the time.
  std::uint64_t last = 0;
  std::string scratch; // a directory; the file that is made there is removed again
};
// What became of one group.
struct past_part {
  std::uint64_t index = 0; // the newest entry that is in the items, and
  std::int64_t time_ms =
      0;              // when the newest command that is in them was proposed, Unix time; 0: there is none
  bool whole = false; // as of the time that was asked for: the archive goes on behind it
  std::uint64_t items = 0;
};
// Gives `take` the group's items in the order of their keys. It returns why it takes no more, or nothing.
// `missing`: the archive ends before what is wanted. `refused`: what came after the time that was asked for
// bears a time that has not come yet, by `now_ms`: a clock ran ahead, and what was written when is not known.
storage::result<past_part> read_past(storage::object_store& store, const past_wish& wish, std::int64_t now_ms,
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
