// The archive in a bucket of an S3 service: Amazon's, or any that speaks its protocol. Objects are addressed
// by path (endpoint/bucket/name), which all of them know.
//
// What may pass is tried again, a bounded number of times with growing, uneven pauses: no connection, a
// broken one, 429 and 5xx. What the service refused is not. An object is put with `If-None-Match: *`, so that
// one that is there stays as it is; a service that does not know that (501) is asked first whether the name
// is taken, and a race between two nodes then ends with one of their objects: the same entries make the same
// bytes, and readers check.
#pragma once
#include "storage/archive/object_store.h"
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe::storage {

struct s3_options {
  std::string endpoint; // "https://s3.eu-central-1.amazonaws.com", "http://127.0.0.1:9000"
  std::string bucket;
  std::string region = "us-east-1";
  std::string access_key; // never logged, nor is what follows
  std::string secret;
  std::string session_token; // empty: none
  std::int64_t connect_ms = 3'000;
  std::int64_t answer_ms = 30'000;                 // for a request, and
  std::uint64_t bytes_per_second_min = 256 * 1024; // more for its body, at that pace
  int attempts = 4;
  std::int64_t pause_ms = 100; // before the second attempt; doubles, give or take a half
  std::uint64_t seed = 0;      // for the uneven pauses
  const std::atomic<bool>* cancelled =
      nullptr; // what is under way ends soon after it is set; outlives the store
};

class s3_store final : public object_store {
public:
  explicit s3_store(s3_options options);
  ~s3_store() override;

  result<put_outcome> put(const std::string& name, std::string_view bytes) override;
  result<std::string> get(const std::string& name, std::uint64_t max_bytes) override;
  result<std::string> get_range(const std::string& name, std::uint64_t offset, std::size_t count) override;
  result<object_page> list(const std::string& prefix, const std::string& after, std::size_t max) override;
  result<std::uint64_t> head(const std::string& name) override;
  result<void> remove(const std::string& name) override;
  std::string where(const std::string& name) const override;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace troupe::storage
