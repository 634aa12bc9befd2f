// The archive that a cluster file names, as a store: a directory or a bucket, and within it the folder that
// the file's prefix says.
//
// Keys of an S3 service come from the file that the settings name, the first section in it that has a key, or
// from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. They are read here and nowhere kept,
// so whoever was refused opens the store again and has the newer ones.
#pragma once
#include "config/settings.h"
#include "storage/archive/object_store.h"
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::storage {

enum class archive_use {
  as_it_is, // makes nothing: a directory without an archive's marker is unreachable
  make,     // an archive in a directory that is not there, or empty
};

// `cancelled`, if not null, outlives the store: what waits for a service ends soon after it is set. `seed`:
// for uneven pauses. `refused`: no keys, or a directory that holds something else.
result<std::unique_ptr<object_store>> open_archive(const config::archive_settings& where, archive_use how,
                                                   const std::atomic<bool>* cancelled = nullptr,
                                                   std::uint64_t seed = 0);

// For people: the directory, or the service and the bucket.
std::string place_of(const config::archive_settings& where);

struct service_keys {
  std::string access_key;
  std::string secret;
  std::string session_token;
};
// `refused`: no section has both keys.
result<service_keys> read_service_keys(std::string_view text, const std::string& file);

} // namespace troupe::storage
