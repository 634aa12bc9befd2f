#include "s3_server.h"
#include "storage/archive/s3_store.h"
#include "store_stories.h"
#include "tests/unit/storage/fixtures.h"
#include <atomic>
#include <chrono>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace troupe::testing {

using storage::code;
using storage::put_outcome;
using storage::s3_store;

namespace {

struct s3_place final : store_place {
  explicit s3_place(const std::string& mode) : server(where.path(), mode), made(server.options()) {}
  temporary_directory where;
  s3_server server;
  s3_store made;
  storage::object_store& store() override { return made; }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(S3, ObjectStore,
                         ::testing::Values(store_maker{[] { return std::make_unique<s3_place>(""); }}));
INSTANTIATE_TEST_SUITE_P(S3Unconditional, ObjectStore, ::testing::Values(store_maker{[] {
                           return std::make_unique<s3_place>("unconditional");
                         }}));

TEST(S3Store, TriesAgainWhatMayPass) {
  s3_place place("");
  auto put = place.made.put("a/busy-2/x", "bytes");
  ASSERT_TRUE(put) << put.error().text;
  EXPECT_EQ(*put, put_outcome::stored);
  auto options = place.server.options();
  options.attempts = 2;
  auto given_up = s3_store(options).put("a/busy-5/x", "bytes");
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code, code::io);
  EXPECT_NE(given_up.error().text.find("SlowDown"), std::string::npos) << given_up.error().text;
}

TEST(S3Store, AnAnswerThatIsCutOffIsAskedForAgain) {
  s3_place place("");
  auto got = place.made.get("a/cut-2/x", 10'000);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, code::missing) << got.error().text; // as the third attempt learned
}

TEST(S3Store, RefusalsAreNotTriedAgain) {
  s3_place place("");
  auto options = place.server.options();
  options.secret = "another";
  auto put = s3_store(options).put("a/b", "bytes");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, code::refused);
  EXPECT_NE(put.error().text.find("SignatureDoesNotMatch"), std::string::npos) << put.error().text;
  EXPECT_EQ(put.error().text.find("another"), std::string::npos) << "secrets are not for logs";
  options = place.server.options();
  options.bucket = "nowhere";
  EXPECT_EQ(s3_store(options).put("a/b", "bytes").error().code, code::refused);
  EXPECT_EQ(s3_store(options).list("", "", 10).error().code, code::refused);
}

TEST(S3Store, AServerThatIsGoneIsUnreachableUntilItIsBack) {
  s3_place place("");
  ASSERT_TRUE(place.made.put("a/b", "bytes"));
  place.server.stop();
  EXPECT_EQ(place.made.put("a/c", "bytes").error().code, code::io);
  EXPECT_EQ(place.made.get("a/b", 10).error().code, code::io);
  EXPECT_EQ(place.made.list("", "", 10).error().code, code::io);
  place.server.start();
  EXPECT_EQ(*place.made.get("a/b", 10), "bytes");
  EXPECT_EQ(*place.made.put("a/c", "bytes"), put_outcome::stored);
}

// A node that stops does not wait for a store that does not answer. The test's own socket stands for such a
// store: it hangs up on the first request, and the node is to stop from then on.
TEST(S3Store, StopsWhenItIsTold) {
  int door = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(door, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(door, 1), 0);
  ASSERT_EQ(::getsockname(door, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::atomic<bool> cancelled = false;
  storage::s3_options options;
  options.endpoint = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  options.bucket = "archive";
  options.access_key = options.secret = "nobody";
  options.cancelled = &cancelled;
  options.attempts = 1000;
  options.pause_ms = 1000;
  s3_store store(options);
  std::thread server([&] {
    int caller = ::accept(door, nullptr, nullptr);
    cancelled = true;
    ::close(caller);
    ::close(door);
  });
  auto began = std::chrono::steady_clock::now();
  auto put = store.put("a/b", "bytes");
  server.join();
  EXPECT_EQ(put.error().code, code::io);
  EXPECT_LT(std::chrono::steady_clock::now() - began,
            std::chrono::seconds(10)); // a thousand pauses are an hour
}

} // namespace troupe::testing
