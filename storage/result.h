// How storage says that something did not work. Operating errors (a full disk, a flipped byte, a directory
// that belongs to somebody else) are values the caller must look at; broken invariants of ours abort.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace troupe::storage {

enum class code {
  full, // no room: nothing of this call was kept, everything before it was; works again when there is room
  io,   // the operating system refused; nothing of this call was kept
  io_fatal, // a sync failed: what the disk holds is unknown. End the process; never try again
  corrupt,  // bytes came back that are not those written
  missing,  // there is no such file, group or index
  busy,     // somebody else holds the file or directory, or a walk is under way
  refused,  // it belongs to another node or member, is of an unknown version, or is older than what is here
};

// A name for messages and metric labels.
const char* name_of(enum code code);

struct error {
  enum code code = code::io;
  std::string
      text; // for people: names the file, what was tried, and what to do when there is something to do
};

// Ends the process: `invariant` names what was broken.
[[noreturn]] void broken(const char* invariant);

inline void require(bool holds, const char* invariant) {
  if (!holds) [[unlikely]]
    broken(invariant);
}

// A value or an error. Asking for the one that is not there aborts.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : either_(std::in_place_index<0>, std::move(value)) {}
  result(struct error why) : either_(std::in_place_index<1>, std::move(why)) {}

  explicit operator bool() const { return either_.index() == 0; }
  bool ok() const { return either_.index() == 0; }

  T& value() {
    require(ok(), "storage result: value of an error");
    return *std::get_if<0>(&either_);
  }
  const T& value() const {
    require(ok(), "storage result: value of an error");
    return *std::get_if<0>(&either_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const struct error& error() const {
    require(!ok(), "storage result: error of a value");
    return *std::get_if<1>(&either_);
  }

private:
  std::variant<T, struct error> either_;
};

template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(struct error why) : why_(std::move(why)) {}

  explicit operator bool() const { return !why_; }
  bool ok() const { return !why_; }
  const struct error& error() const {
    require(!ok(), "storage result: error of a success");
    return *why_;
  }

private:
  std::optional<struct error> why_;
};

} // namespace troupe::storage
