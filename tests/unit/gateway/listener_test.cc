#include "actors/gateway/listener.h"
#include "tests/unit/gateway/fake_backend.h"
#include "tests/unit/gateway/http/raw_client.h"
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::gateway;

namespace {

listener_options options() {
  listener_options o;
  o.api.auth = config::api_auth::none;
  o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
  o.backend = std::make_shared<test::fake_backend>();
  return o;
}

int status_of(std::uint16_t port) {
  http::test::raw_client c(port);
  const std::string body = "{}";
  EXPECT_TRUE(c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-amz-json-1.0\r\n"
                     "X-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 2\r\n\r\n" +
                     body));
  const auto a = c.read_answer();
  return a ? a->status : 0;
}

} // namespace

TEST(listener, serves_everybody_when_it_is_told_to) {
  auto opened = listener::open(options());
  ASSERT_TRUE(opened.running) << opened.trouble;
  EXPECT_EQ(status_of(opened.running->port()), 200);
  opened.running->stop(std::chrono::milliseconds(1000));
}

TEST(listener, does_not_open_without_the_keys_it_needs) {
  auto o = options();
  o.api.auth = config::api_auth::signatures;
  o.api.credentials = "no/such/file";
  const auto opened = listener::open(std::move(o));
  EXPECT_FALSE(opened.running);
  EXPECT_FALSE(opened.port_taken);
  EXPECT_NE(opened.trouble.find("no/such/file"), std::string::npos);
}

TEST(listener, asks_for_signatures_when_it_has_keys) {
  std::string name = std::filesystem::temp_directory_path() / "troupe-keys-XXXXXX";
  const int fd = ::mkstemp(name.data());
  const std::string text = "[a]\naws_access_key_id = K\naws_secret_access_key = s\n";
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(fd);
  auto o = options();
  o.api.auth = config::api_auth::signatures;
  o.api.credentials = name;
  const auto opened = listener::open(std::move(o));
  std::filesystem::remove(name);
  ASSERT_TRUE(opened.running) << opened.trouble;
  EXPECT_EQ(status_of(opened.running->port()), 400);
}

TEST(listener, says_that_its_port_is_taken) {
  const auto first = listener::open(options());
  ASSERT_TRUE(first.running) << first.trouble;
  auto o = options();
  o.port = first.running->port();
  const auto second = listener::open(std::move(o));
  EXPECT_FALSE(second.running);
  EXPECT_TRUE(second.port_taken);
}
