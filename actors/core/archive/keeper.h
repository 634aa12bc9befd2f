// One member's part in archiving its group's log: when to look into the archive, when to upload, what to
// believe, and how far the member's own log may therefore be cut. It is told what happened and says what to
// do next; whoever does it talks to the store and to the log.
//
// The leader uploads. Every member, the leader included, reads back what lies in the archive, compares it
// with its own log, and counts as archived only what it has compared: an acknowledged upload, a listing,
// another member's word are worth nothing. What the leader leaves undone, another member does after a while;
// two that archive the same entries in different pieces do no harm.
//
// Invariant: archived() only grows, and every entry that it passed was read back, sound and equal to this
// log's.
//
// Threads: one owner. Times are microseconds on one clock.
#pragma once
#include "actors/core/archive/names.h"
#include "messages/archive.pb.h"
#include "messages/replication.pb.h"
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace troupe::archive {

using instant = std::int64_t;
inline constexpr instant never = std::numeric_limits<instant>::max();

struct options {
  std::uint64_t segment_bytes = 8u << 20; // of payloads: as soon as that much is not archived
  instant segment_age = 60'000'000;       // or as soon as anything has not been archived for that long
  instant takeover = 30'000'000;          // after that another member than the leader uploads what is due
  instant look_again = 5'000'000;         // while waiting for others
  instant retry_first = 1'000'000;        // after a failure; doubles
  instant retry_most = 60'000'000;
  std::uint64_t alarm_bytes = 256u << 20; // not archived
  std::uint64_t refuse_bytes = 1u << 30;
};

// What the member's replica says of its log.
struct progress {
  bool leads = false;
  std::uint64_t base = 0;      // its log begins behind that
  std::uint64_t committed = 0; // entries up to there are chosen
  std::uint64_t bytes = 0; // of the payloads of all committed entries that this run of the member has seen
};

enum class act { wait, list, read_back, upload };
struct step {
  act what = act::wait;
  instant until = never; // wait: until then, or until told something
  extent object; // read_back: this one. upload: entries from `first`, as many as fit, `last` at most, as this
                 // copy
};

enum class verdict {
  same,      // sound, and the same as this member's log
  missing,   // the store does not have it
  damaged,   // it is not what anybody wrote
  different, // sound, and another history: somebody else's archive, or one of two members has lost its mind
};

enum class pressure { calm, alarm, refuse };

class keeper {
public:
  // `base`: of the member's log; what lies before is not this member's to archive any more.
  keeper(options o, std::uint64_t base);

  step next(instant now);

  // --- what happened
  void told(const progress& p, instant now);
  // Segments behind archived(), in any order; those of which there may be more are left out.
  void listed(const std::vector<extent>& found, instant now);
  void uploaded(const extent& object, instant now); // or something of that name was there already
  // Of the object that was to be read back. `bytes`: of the payloads of its entries behind archived().
  void checked(const extent& object, verdict what, std::uint64_t bytes, instant now);
  void failed(instant now); // the store, or the log, did not answer
  // Somebody waits for what is committed up to there: it is due at once, however little it is.
  void hurry(std::uint64_t up_to);

  // --- how it stands
  std::uint64_t archived() const { return archived_; }
  std::uint64_t committed() const { return committed_; } // as told last
  std::uint64_t unarchived_bytes() const { return bytes_ - archived_bytes_; }
  instant unarchived_since() const { return marks_.empty() ? never : marks_.front().second; }
  enum pressure pressure() const;
  bool stuck() const { return stuck_; } // a segment that differs: nothing goes on before somebody has looked
  // Every copy of the next entries that there may be came back damaged. They are read again from time to
  // time: it may have been the way from the store that damaged them.
  bool exhausted() const { return exhausted_; }
  // Whoever asks the store something on this group's account does not do it before that.
  instant not_before() const { return not_before_; }
  int failures() const { return failures_; } // in a row: nothing has been read back since

private:
  bool wanted() const;
  bool due(instant now) const;
  const extent* to_read() const;
  std::uint32_t next_copy() const;
  void mark(instant now);
  void advance(std::uint64_t to, std::uint64_t bytes);
  void damaged(const extent& object, instant now);
  void pause(instant now);

  options options_;
  bool leads_ = false;
  std::uint64_t archived_;
  std::uint64_t archived_bytes_ = 0;
  std::uint64_t committed_;
  std::uint64_t bytes_ = 0;
  std::deque<std::pair<std::uint64_t, instant>>
      marks_;                      // committed index, when it was heard of; ascending, not archived
  std::vector<extent> candidates_; // to be read back: some listing or upload spoke of them
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t>
      bad_copies_; // first, last: how many copies are damaged
  instant due_since_ = never;
  instant listed_at_ = never; // never: not since the last change
  instant not_before_ = 0;
  std::uint64_t hurried_to_ = 0;
  bool took_over_ =
      false; // it uploads in the leader's place, and need not wait for the leader again and again
  int failures_ = 0;
  bool stuck_ = false;
  extent stuck_on_;
  bool exhausted_ = false;
  instant read_again_at_ = 0; // when exhausted
};

// What a segment is that was read and found sound: `own` is this log's entry at its last index.
verdict judge(const msg::SegmentManifest& found, const extent& name, const place& whose,
              const msg::Entry& own);

} // namespace troupe::archive
