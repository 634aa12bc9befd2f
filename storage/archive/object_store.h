// Where the archive lies: objects with names, whole or not at all, in a directory or an S3 service. An object
// that is there is never changed and never overwritten. Nothing that a store says is trusted without looking:
// listings may be old, an acknowledged object may be lost, bytes may have changed. Whoever reads checks
// (segment.h, storage/snapshot.h).
//
// Threads: one owner each. Blocking, within bounds that the store's options give. Errors (storage/result.h):
//   io        the store cannot be reached, or failed; whether a put or a remove took effect is not known
//   refused   it was reached and said no: credentials, permissions, no such bucket, a name that is none
//   missing   there is no such object
//   corrupt   what came back cannot be what was asked for
//   full      the store has no room
#pragma once
#include "storage/result.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

struct object_info {
  std::string name;
  std::uint64_t bytes = 0;
};

struct object_page {
  std::vector<object_info> objects; // ascending by name, as bytes
  bool more = false;                // there are others behind the last
};

enum class put_outcome {
  stored, // all of it, durably, as far as the store can be believed
  exists, // something has the name; it is as it was
};

inline constexpr std::size_t object_name_bytes = 512;
inline constexpr std::size_t object_page_max = 1000;

// Names are parts joined by '/': letters, digits, '-', '_' and '.', no part empty or beginning with '.'. So a
// name is the same in a file system, in a URL and in a signature, and leads nowhere else.
bool is_object_name(std::string_view name);

class object_store {
public:
  virtual ~object_store() = default;

  virtual result<put_outcome> put(const std::string& name, std::string_view bytes) = 0;
  // All of it, and as durable as after its put. `corrupt` when it has more than max_bytes.
  virtual result<std::string> get(const std::string& name, std::uint64_t max_bytes) = 0;
  // Bytes [offset, offset + count), count > 0; fewer only where the object ends, none behind its end.
  virtual result<std::string> get_range(const std::string& name, std::uint64_t offset, std::size_t count) = 0;
  // Those whose names begin with `prefix` and come after `after`; at most `max`, which is at most
  // object_page_max.
  virtual result<object_page> list(const std::string& prefix, const std::string& after, std::size_t max) = 0;
  virtual result<std::uint64_t> head(const std::string& name) = 0; // its bytes
  virtual result<void> remove(const std::string& name) = 0;        // not an error when it is not there
  virtual std::string where(const std::string& name) const = 0;    // the object's place, for people
};

} // namespace troupe::storage
