#include "s3_server.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::testing {

s3_server::s3_server(std::string directory, std::string mode)
    : directory_(std::move(directory)), mode_(std::move(mode)) {
  start();
}

s3_server::~s3_server() {
  stop();
}

void s3_server::start() {
  int pipe[2];
  if (::pipe(pipe) != 0)
    std::abort();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe[1], 1);
    ::close(pipe[0]);
    ::setenv("NODE_PATH", S3_SERVER_MODULES "/node_modules", 1);
    auto port = std::to_string(port_);
    ::execlp("node", "node", "--openssl-legacy-provider", S3_SERVER_PROGRAM, directory_.c_str(), port.c_str(),
             mode_.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  auto* says = ::fdopen(pipe[0], "r");
  unsigned port = 0;
  if (pid_ < 0 || std::fscanf(says, "port %u", &port) != 1) {
    std::fprintf(stderr, "the S3 server does not start\n");
    std::abort();
  }
  std::fclose(says);
  port_ = static_cast<std::uint16_t>(port);
}

void s3_server::stop() {
  if (pid_ < 0)
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

storage::s3_options s3_server::options() const {
  storage::s3_options o;
  o.endpoint = endpoint();
  o.bucket = "archive";
  o.access_key = "S3RVER";
  o.secret = "S3RVER";
  o.pause_ms = 5;
  o.answer_ms = 10'000;
  return o;
}

} // namespace troupe::testing
