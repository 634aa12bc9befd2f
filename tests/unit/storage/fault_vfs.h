// A disk for tests that fails when told to: a SQLite VFS between SQLite and the real one. It remembers of
// every file what was synced, so that cut_power() can take back the rest, or leave any part of it.
//
// One at a time, one thread. Files are real files; only what happens to them goes through here.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace troupe::testing {

class fault_vfs {
public:
  fault_vfs();
  ~fault_vfs();
  fault_vfs(const fault_vfs&) = delete;
  fault_vfs& operator=(const fault_vfs&) = delete;

  std::string name() const { return "fault"; }
  void become_default(); // for whoever names none, and opens a file from now on

  // Writes that would make all files together longer than this find the disk full.
  std::uint64_t capacity = UINT64_MAX;
  // Counts down with each sync; the one that reaches zero fails. 0: none.
  int fail_sync_in = 0;
  // Counts down with each write, truncation, sync and deletion; at zero the power goes: that one and all
  // after it fail and change nothing. 0: stays on.
  int cut_power_in = 0;
  // Writes fail as a dying disk's do.
  bool fail_writes = false;
  // A sector of one file that cannot be read any more.
  struct {
    std::string path; // empty: all can
    std::uint64_t offset = 0;
  } unreadable;

  bool power_is_off() const { return off_; }
  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t writes() const { return writes_; }
  std::uint64_t bytes_used() const;

  enum class leftover {
    nothing, // all that was not synced is gone
    prefix,  // writes got through in order, up to some point, the last one in part
    mixture, // any sectors of any of them did
  };
  // To be called once everything that had files open is gone (or the power went by itself). Leaves on the
  // disk what a power cut would have, and puts the power on again.
  void cut_power(leftover what, std::mt19937_64& random);
  // Everything that is open now must not write any more: for objects that still have to be destroyed.
  void switch_off() { off_ = true; }

  // For the methods SQLite calls.
  struct pending_change {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncate = false; // to offset
  };
  struct file_image {
    std::string durable;
    std::vector<pending_change> unsynced;
    std::uint64_t size = 0;
  };
  std::map<std::string, file_image> files;
  bool step(); // counts one operation; false: the power is off
  bool sync_fails();
  void count_write() { ++writes_; }
  void count_sync() { ++syncs_; }

private:
  bool off_ = false;
  std::uint64_t syncs_ = 0;
  std::uint64_t writes_ = 0;
};

} // namespace troupe::testing
