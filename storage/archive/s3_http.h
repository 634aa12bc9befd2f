// One signed HTTP request to an S3 service, and what came of it. libcurl signs (AWS Signature Version 4),
// keeps connections and watches the time; here it is told what to do, and what it says is sorted.
//
// Thread: one owner. Blocking, for at most what the options allow.
#pragma once
#include "storage/archive/s3_store.h"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::storage {

struct s3_request {
  std::string method; // GET, PUT, HEAD, DELETE
  std::string path;   // from the bucket on: "/bucket/name"
  std::string query;  // encoded and in order, as it is signed
  std::vector<std::string> headers;
  std::string_view body; // lives during the call
  std::uint64_t answer_max = 0;
};

struct s3_answer {
  long status = 0; // 0: there was none, and `trouble` says why
  std::string body;
  std::uint64_t length = 0; // as the head said
  bool too_long = false;    // the body was longer than answer_max
  bool cancelled = false;
  std::string trouble;
};

class s3_http {
public:
  explicit s3_http(s3_options options);
  ~s3_http();
  s3_http(const s3_http&) = delete;
  s3_http& operator=(const s3_http&) = delete;

  s3_answer ask(const s3_request& request);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace troupe::storage
