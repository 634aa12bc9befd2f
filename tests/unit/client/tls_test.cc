// Sessions over mutual TLS: who has no certificate of the authority is not spoken to, and what strangers send
// to the port does no harm to those who do.
#include "actors/client/client.h"
#include "actors/kit/node_config.h"
#include "actors/kit/peers_actor.h"
#include "actors/kit/publish.h"
#include "tests/unit/client/fake_router.h"
#include "tests/unit/client/pki.h"
#include <arpa/inet.h>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::client {
namespace {

using namespace std::chrono_literals;

struct Tls : testing::Test {
  test_pki ours{testing::TempDir() + "troupe_tls_ours"};
  test_pki theirs{testing::TempDir() + "troupe_tls_theirs"};

  kit::node_config config{{.tls = ours.settings()}};
  caf::actor_system system{config};
  std::shared_ptr<behaviour> how = std::make_shared<behaviour>();
  wire::peers_actor peers;
  wire::role_actor router;
  endpoint at;

  void SetUp() override {
    kit::peers_options mine{
        .cluster = "test", .self = {.node = "n1", .disk = 1, .run = 2}, .clients_max = 16};
    peers = system.spawn(kit::peers, mine,
                         std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1"));
    router = system.spawn(fake_router, peers, how, std::make_shared<store>());
    auto opened = kit::publish(system, caf::actor_cast<wire::port_actor>(peers), "127.0.0.1", 0, true);
    ASSERT_EQ(opened.trouble, "");
    at = {"127.0.0.1", opened.port};
  }
  void TearDown() override {
    caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
    caf::anon_send(peers, wire::stop_atom::value);
  }

  static put_item put(const std::string& key) { return {.table = "t", .item = make_item({{"pk", s(key)}})}; }
  void shout_plain_text() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(at.port);
    auto fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      static constexpr char text[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
      EXPECT_EQ(::send(fd, text, sizeof text, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof text));
    }
    ::close(fd);
  }
};

TEST_F(Tls, ASessionWithACertificateOfTheAuthorityIsServed) {
  auto [db, trouble] = connect({.routers = {at}, .tls = ours.settings()});
  ASSERT_EQ(trouble, "");
  EXPECT_TRUE(db->call(put("a")).ok());
}

TEST_F(Tls, StrangersAreNotServed) {
  for (auto& tls : {theirs.settings(), config::tls_settings{}}) {
    auto [db, trouble] = connect({.routers = {at}, .timeout = 1500ms, .tls = tls});
    ASSERT_EQ(trouble, "");
    EXPECT_EQ(db->call(put("a")).status.code(), msg::UNAVAILABLE);
  }
  EXPECT_EQ(how->asked, 0);
}

TEST_F(Tls, PlainTextSentToThePortHarmsNobody) {
  auto [db, trouble] = connect({.routers = {at}, .timeout = 20s, .tls = ours.settings()});
  ASSERT_TRUE(db->call(put("a")).ok());
  auto attempts = db->counts().attempts;
  for (int i = 0; i < 40; ++i) {
    shout_plain_text();
    ASSERT_TRUE(db->call(put("a")).ok()) << i;
  }
  EXPECT_EQ(db->counts().attempts, attempts + 40) << "not once did the connection break";
}

TEST_F(Tls, FilesThatCannotBeUsedAreNamedAtOnce) {
  auto good = ours.settings();
  auto swapped =
      config::tls_settings{true, good.authority, good.certificate}; // no key in the authority's file
  for (auto& [tls, text] : std::vector<std::pair<config::tls_settings, std::string>>{
           {{true, "/nowhere/node.pem", good.authority}, "no certificate in /nowhere/node.pem"},
           {{true, good.certificate, "/nowhere/ca.pem"}, "no certificate of an authority in /nowhere/ca.pem"},
           {swapped, "no private key of that certificate in " + good.authority}}) {
    auto [db, trouble] = connect({.routers = {at}, .tls = tls});
    EXPECT_EQ(db, nullptr);
    EXPECT_EQ(trouble.rfind(text, 0), 0u) << trouble;
  }
}

} // namespace
} // namespace troupe::client
