// A history as a file: one line per event, so that several client processes can each record into a file of
// their own and lose nothing when they are killed. `troupe_check_history FILE...` checks them together.
//
// The format, version 1: UTF-8 lines ended by \n, fields separated by one tab.
//   troupe-history  1                                     first line
//   i  ID  TIME  CLIENT  ACTION  KEY  [WRITTEN  [EXPECTED]]    invoked
//   r  ID  TIME  OUTCOME  [READ]                          returned
// ID is unique within the file. TIME is a decimal integer on a clock that all files share (the files of one
// machine: CLOCK_MONOTONIC nanoseconds). ACTION is put, delete, get or cas; put carries WRITTEN, cas both.
// OUTCOME is ok, condition_failed, failed or unknown; a get that is ok carries READ. WRITTEN, EXPECTED and
// READ are "-" for absent, or "=" and the value. In CLIENT, KEY and values, each of the bytes \ tab newline
// and carriage return is written as \\ \t \n \r. An invocation without a return is of unknown outcome. A last
// line without \n was being written when the process died, and is ignored.
#pragma once
#include "tests/linearizability/history.h"
#include <cstdint>
#include <istream>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::linearizability {

// Writes each event with one write(2) before it returns, so an operation that was sent is on file even when
// the process is killed. Thread-safe. Throws std::system_error when the file cannot be written.
class history_writer {
public:
  explicit history_writer(const std::string& path); // truncates
  ~history_writer();
  history_writer(const history_writer&) = delete;
  history_writer& operator=(const history_writer&) = delete;

  struct ticket {
    std::uint64_t id = 0;
    action what = action::get;
  };
  // Call before the request leaves. Uses client, key, what, written and expected of `asked`.
  ticket invoke(const operation& asked, std::int64_t time);
  // Call after the answer came. `read` is what a get saw.
  void complete(ticket which, outcome result, std::int64_t time, const value& read = std::nullopt);

  static std::int64_t now(); // CLOCK_MONOTONIC, ns

private:
  void write_line(const std::string& line);

  int fd_ = -1;
  std::mutex mutex_;
  std::uint64_t next_ = 1;
};

struct read_error {
  std::size_t line = 0; // from 1
  std::string what;
};

// Appends the file's operations, in order of invocation. False, and why, when the text is malformed.
bool read_history(std::istream& in, std::vector<operation>& into, read_error& error);

} // namespace troupe::linearizability
