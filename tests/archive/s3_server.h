// An S3-compatible server of its own for a test: a process on loopback, with a bucket "archive".
#pragma once
#include "storage/archive/s3_store.h"
#include <cstdint>
#include <string>
#include <sys/types.h>

namespace troupe::testing {

class s3_server {
public:
  // `mode`: see s3server/serve.js. Ends the test program where it cannot be started.
  explicit s3_server(std::string directory, std::string mode = "");
  ~s3_server();
  s3_server(const s3_server&) = delete;
  s3_server& operator=(const s3_server&) = delete;

  void stop();
  void start(); // on the port that it had
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  storage::s3_options options() const; // to reach it with, quick to give up

private:
  std::string directory_;
  std::string mode_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

} // namespace troupe::testing
