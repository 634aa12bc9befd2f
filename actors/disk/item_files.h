// The item files one worker owns: which exist, which are open, and the snapshots going out of and coming into
// them. Plain storage work without actors; one owner, one thread, blocking. Three files: item_files.cc,
// snapshots_out.cc, snapshots_in.cc.
#pragma once
#include "actors/wire/storage_roles.h"
#include "storage/item_store.h"
#include "storage/snapshot.h"
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::disk {

inline constexpr std::int64_t snapshot_kept_us = 120'000'000;    // after its last use
inline constexpr std::int64_t snapshot_offered_us = 600'000'000; // to new transfers, after it was begun
inline constexpr std::int64_t leftovers_kept_s = 3'600;          // of transfers, for who takes them up again
inline constexpr std::int64_t incoming_idle_us = 120'000'000;    // after the last order of a transfer

// How files in snapshots/ end; unfinished ones have storage::temporary_suffix behind it.
inline constexpr std::string_view outgoing_end = "-out.snapshot";
inline constexpr std::string_view incoming_end = "-in.snapshot";

// A snapshot that members fetch. Each of them may begin anew, and find what was cut for the others.
struct outgoing_snapshot {
  outgoing_snapshot() = default;
  ~outgoing_snapshot(); // removes the file, unless it is whole and to be kept
  outgoing_snapshot(const outgoing_snapshot&) = delete;
  outgoing_snapshot& operator=(const outgoing_snapshot&) = delete;

  std::string path;
  std::uint64_t index = 0;                          // of the log, where it stands
  std::vector<std::uint64_t> transfers;             // the oldest first
  std::unique_ptr<storage::snapshot_writer> writer; // until it is whole
  std::unique_ptr<storage::snapshot_reader> reader; // from then on
  std::optional<storage::error> failed;             // neither: its transfers are told why, and begin anew
  std::int64_t begun_us = 0;
  std::int64_t used_us = 0;
  bool kept = false; // over a restart of the node
};

// What an item file is for.
struct item_rules {
  storage::entry_rules entries;
  std::string from; // the keys in [from, to)
  std::string to;
};

struct item_file {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  wire::replica_actor who;                                  // hears of progress
  std::unique_ptr<storage::item_store> store;               // null while closed
  std::vector<std::unique_ptr<outgoing_snapshot>> outgoing; // limits::snapshots_kept at most, one being cut
  std::uint64_t told_durable = 0;
  std::int64_t changed_us = 0;
  std::uint64_t used = 0; // by a counter: larger is more recent
  item_rules rules;

  outgoing_snapshot* being_cut() const; // null: none is
};

// As storage::record_size. Bytes that are no item are found by those who read them, not by those who count
// them.
std::uint64_t size_of_item(std::string_view key, std::string_view item);

// Where the file stands, as who continues from there wants to know it.
msg::SnapshotHeader position_of(const storage::item_store& store);

// Removes what transfers of an earlier run left, but for what they can be gone on with: whole snapshots, and
// pieces of such, which are not old. Before any worker of the node has work: they share the folder.
void remove_snapshots(const std::string& directory);

class item_files {
public:
  // `settle` is called before a file is closed to make room: it makes durable what was applied and says so,
  // as nobody asks a closed file. False: it could not, and the file stays open.
  using settler = std::function<bool(item_file&)>;
  item_files(std::string directory, std::size_t open_max, settler settle);
  ~item_files();
  item_files(const item_files&) = delete;
  item_files& operator=(const item_files&) = delete;

  // Makes the file known here and opens it.
  // Snapshots that were cut of it in an earlier run are there again.
  storage::result<item_file*> open(std::uint64_t group, std::uint64_t member, bool create, item_rules rules,
                                   std::int64_t now_us);
  // A known one, opened when it is closed. Valid until the next call.
  storage::result<item_file*> use(std::uint64_t group);
  void drop(std::uint64_t group); // deletes the file
  // Moves it aside instead, so that people can look at it: into quarantine/, under a name with group, member
  // and time; the oldest of those there are deleted. The path; empty: there was no file.
  storage::result<std::string> quarantine(std::uint64_t group, std::int64_t unix_ms);
  void close_surplus(); // the longest unused, past open_max
  void close_all();
  void for_each(const std::function<void(item_file&)>& visit);

  // The snapshot of the transfer that the question is of. Null: another one is being cut, and is too old.
  storage::result<outgoing_snapshot*> snapshot_for(item_file& file, const wire::read_snapshot& question,
                                                   std::int64_t now_us);
  // The next slice of one that is being cut. It then is whole, or failed, or there is more to do.
  void cut(outgoing_snapshot& out, std::size_t bytes);
  // A file with a snapshot to cut, each in turn; null: there is none.
  item_file* next_to_cut();
  void forget_unused_snapshots(item_file& file, std::int64_t now_us);

  struct stored {
    std::uint64_t wanted = 0;   // the next chunk
    std::uint64_t snapshot = 0; // of this one; 0: of any
    bool installed = false;     // the item file stands, durably, where the snapshot does or above
    bool later = false;         // nothing of this yet: see work_on()
  };
  // A piece, or what an earlier transfer has left. A whole snapshot is installed in steps, with the rules of
  // the order for a group that has no item file here yet; whatever lies there is replaced.
  storage::result<stored> store_snapshot(const wire::store_snapshot& order, std::int64_t now_us);
  // A transfer to a group, and what it left when neither receiver nor installer is there.
  struct incoming {
    std::uint64_t member = 0;
    std::uint64_t transfer = 0;
    wire::replica_actor who; // null: nobody waits
    item_rules rules;
    std::unique_ptr<storage::snapshot_receiver> receiver;
    std::unique_ptr<storage::snapshot_installer> installer; // not null: all of it is here
    std::int64_t used_us = 0;

    bool rechecking() const { return receiver && !receiver->checked(); } // what was left is being read again
  };
  // Closes transfers that nobody goes on with, and removes in the end what they left. False: nothing is left
  // of any.
  bool forget_idle_transfers(std::int64_t now_us);
  // A group with such an order, each in turn; 0: none has one.
  std::uint64_t next_to_work_on();
  const incoming& order_of(std::uint64_t group) const { return incoming_.at(group); }
  storage::result<stored> work_on(std::uint64_t group, std::size_t bytes);

private:
  storage::result<bool> reached(std::uint64_t group, std::uint64_t member, std::uint64_t index);

  std::string path_of(std::uint64_t group) const;
  std::string outgoing_path(std::uint64_t group, std::uint64_t transfer) const;
  std::string incoming_path(std::uint64_t group) const;
  std::vector<std::string> outgoing_files(std::uint64_t group) const; // whole ones that lie there
  void adopt_snapshots(item_file& file, std::int64_t now_us);
  void remove_outgoing(std::uint64_t group);
  storage::result<stored> start_anew(std::uint64_t group, incoming& in);
  storage::result<stored> take_up(const wire::store_snapshot& order, incoming& in);
  storage::result<stored> take_file(const wire::store_snapshot& order, incoming& in);
  storage::result<stored> begin_install(std::uint64_t group, incoming& in);
  storage::result<stored> finish_install(std::uint64_t group);
  void leave_incoming(std::uint64_t group, std::int64_t now_us);
  void forget_incoming(std::uint64_t group);
  void install_failed(std::uint64_t group, const storage::error& why);
  storage::result<void> open_store(item_file& file, bool create);
  static void bound_quarantine(const std::string& folder);

  std::string directory_;
  std::size_t open_max_;
  settler settle_;
  std::map<std::uint64_t, item_file> files_;
  std::map<std::uint64_t, incoming> incoming_;
  std::uint64_t uses_ = 0;
  std::uint64_t cut_last_ = 0;    // group
  std::uint64_t worked_last_ = 0; // group
  std::size_t open_ = 0;
};

} // namespace troupe::disk
