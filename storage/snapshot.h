// A replica's items at one log index as a file: written beside the running replica, sent in pieces, verified,
// and turned into a new item file that replaces the old one atomically. docs/formats.md, "Snapshot file".
//
// Threads: each object has one owner; the writer's is the item store's. Blocking.
#pragma once
#include "messages/replication.pb.h"
#include "storage/item_store.h"
#include "storage/result.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::storage {

// Writes a snapshot of the store as it stands at begin(). The store may be written to between steps.
class snapshot_writer {
public:
  // `busy` when the store is being walked already. The store must outlive the writer.
  static result<std::unique_ptr<snapshot_writer>> begin(item_store& store, const std::string& path);
  ~snapshot_writer(); // unfinished: removes what was written
  snapshot_writer(const snapshot_writer&) = delete;
  snapshot_writer& operator=(const snapshot_writer&) = delete;

  // About max_bytes more. True when done: the file is then synced and lies at its path, and the walk has
  // ended.
  result<bool> step(std::size_t max_bytes);
  const msg::SnapshotHeader& header() const; // when done

private:
  struct state;
  explicit snapshot_writer(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

// Reads one. open() verifies the header, records() each block as it comes, and the whole with the last one.
class snapshot_reader {
public:
  static result<std::unique_ptr<snapshot_reader>> open(const std::string& path);
  ~snapshot_reader();
  snapshot_reader(const snapshot_reader&) = delete;
  snapshot_reader& operator=(const snapshot_reader&) = delete;

  const msg::SnapshotHeader& header() const;
  std::uint64_t file_bytes() const;
  std::uint64_t file_sum() const; // its checksum of itself: no two snapshots share it

  // The next block of records, verified; `more` false with the last one, and then all bytes of the file have
  // been read and are sound: every block, their order, counts and digest. From the first again after
  // rewind().
  result<item_page> records();
  void rewind();
  result<void> verify(); // reads them all. Rewinds.

  // A piece of the file as it travels: limits::snapshot_chunk_bytes of it, the last may be shorter. Fills
  // chunk, header, data, checksum, last. `missing` behind the end. The header is whole with the first piece
  // only: what it remembers of requests may be larger than a piece.
  result<msg::SnapshotChunk> piece(std::uint64_t chunk);

private:
  struct state;
  explicit snapshot_reader(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

// Puts the pieces together again at the receiving end, into a temporary file that becomes `path` when it is
// whole. Each piece fits its checksum, and the checksums are kept beside the pieces: after a crash the next
// receiver reads again what is there, and goes on behind the last piece that is what was written. Whether the
// records are those that the header counts, whoever installs the file reads.
class snapshot_receiver {
public:
  // Begins anew: whatever lies there is removed.
  static result<std::unique_ptr<snapshot_receiver>> create(const std::string& path);
  // With the pieces that an earlier one left; `missing`: none are. recheck() comes before all else.
  static result<std::unique_ptr<snapshot_receiver>> resume(const std::string& path);
  static bool left(const std::string& path); // whether anything lies there
  static result<void> discard(const std::string& path);
  ~snapshot_receiver(); // unfinished: what came stays
  snapshot_receiver(const snapshot_receiver&) = delete;
  snapshot_receiver& operator=(const snapshot_receiver&) = delete;

  // Reads about max_bytes more of what was left. True: wanted() is known.
  result<bool> recheck(std::size_t max_bytes);
  bool checked() const;           // nothing is left for it to do
  std::uint64_t wanted() const;   // the number of the next piece
  std::uint64_t snapshot() const; // file_sum() of what comes; 0: not known
  std::uint64_t index() const;    // of the log, where it stands; 0: not known
  // `corrupt`: the piece does not fit its checksum; ask for it again. A piece that is not the wanted one is
  // ignored. `refused`: it belongs to another snapshot. Both with the last piece: or all of them together are
  // not what was announced, or not of a version that is known here, and wanted() begins anew. True when that
  // was the last one, and the file is in place. After any other error what lies there is not what this object
  // believes: resume() finds out.
  result<bool> add(const msg::SnapshotChunk& chunk);

private:
  struct state;
  explicit snapshot_receiver(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

struct install_options {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  // The item file that is there is known to be unreadable: replace it whatever it says.
  bool replace_damaged = false;
  std::string vfs;
  std::string from; // see item_options
  std::string to;
  record_size size_of = nullptr; // see item_options
  entry_rules entries;           // a snapshot has none: they are made anew
};

// Builds a new item file from a snapshot, in the snapshot's folder, verifies what it reads, syncs the file
// and renames it over what is there. No item_store may have that path open. `refused` when
// what is there stands at the snapshot's index or above. A crash leaves the old file or the new one.
result<item_position> install_snapshot(const std::string& snapshot_path, const std::string& item_path,
                                       const install_options& options);

// The same in steps, for whoever shares its thread with others. Until finish() the item file may be open, and
// written to.
class snapshot_installer {
public:
  static result<std::unique_ptr<snapshot_installer>>
  begin(const std::string& snapshot_path, const std::string& item_path, const install_options& options);
  ~snapshot_installer(); // unfinished: removes what was built
  snapshot_installer(const snapshot_installer&) = delete;
  snapshot_installer& operator=(const snapshot_installer&) = delete;

  // Reads, and builds from, about max_bytes more. True: finish() is all that is left to do.
  result<bool> step(std::size_t max_bytes);
  // Puts the new file where it belongs. No item_store may have the path open.
  result<item_position> finish();

private:
  struct state;
  explicit snapshot_installer(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace troupe::storage
