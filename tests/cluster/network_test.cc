// The network of the link tests does what it says, or what they show would mean nothing.
#include "tests/cluster/network.h"
#include <arpa/inet.h>
#include <chrono>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace troupe::cluster_test {
namespace {

using namespace std::chrono_literals;

class Network : public ::testing::Test {
protected:
  void SetUp() override {
    std::string why_not;
    net = network::make({"n1", "n2"}, why_not);
    if (!net)
      GTEST_SKIP() << "no network namespaces here: " << why_not;
    sockets["n1"] = open_at("n1");
    sockets["n2"] = open_at("n2");
    sockets[network::outside] = open_at(network::outside);
  }

  void TearDown() override {
    for (auto& [name, fd] : sockets)
      close(fd);
  }

  static sockaddr_in at(const std::string& address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(7777); // the namespace is the test's own
    inet_pton(AF_INET, address.c_str(), &in.sin_addr);
    return in;
  }

  // A datagram socket that stays in the namespace it was opened in.
  int open_at(const std::string& name) {
    int fd = -1;
    std::thread([&] {
      EXPECT_TRUE(net->enter(name));
      fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      auto in = at(net->address(name));
      EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof in), 0) << strerror(errno);
    }).join();
    return fd;
  }

  void send(const std::string& from, const std::string& to, const std::string& text) {
    auto in = at(net->address(to));
    ASSERT_EQ(sendto(sockets[from], text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&in), sizeof in),
              static_cast<ssize_t>(text.size()))
        << strerror(errno);
  }

  // What came, within the time.
  std::optional<std::string> receive(const std::string& who, std::chrono::milliseconds within) {
    pollfd p{sockets[who], POLLIN, 0};
    if (poll(&p, 1, static_cast<int>(within.count())) != 1)
      return std::nullopt;
    char buffer[64];
    auto size = recv(sockets[who], buffer, sizeof buffer, 0);
    return std::string(buffer, static_cast<std::size_t>(size));
  }

  std::unique_ptr<network> net;
  std::map<std::string, int> sockets;
};

TEST_F(Network, CarriesBetweenAllWhoAreInIt) {
  for (const std::string from : {"n1", "n2", "outside"})
    for (const std::string to : {"n1", "n2", "outside"}) {
      send(from, to, from + to);
      EXPECT_EQ(receive(to, 5s), from + to);
    }
  EXPECT_EQ(net->carried("n1", "n2"), 1u);
}

TEST_F(Network, ACutRoadLosesOneDirectionOnly) {
  net->cut_road("n1", "n2");
  send("n1", "n2", "lost");
  send("n2", "n1", "arrives");
  EXPECT_EQ(receive("n1", 5s), "arrives");
  EXPECT_EQ(net->dropped("n1", "n2"), 1u);
  send("outside", "n2", "round about");
  EXPECT_EQ(receive("n2", 5s), "round about");

  net->mend("n1", "n2");
  send("n1", "n2", "again");
  EXPECT_EQ(receive("n2", 5s), "again");
}

TEST_F(Network, DelaysAndLoses) {
  net->delay("n1", "n2", 80ms, 80ms);
  auto sent = std::chrono::steady_clock::now();
  send("n1", "n2", "late");
  EXPECT_EQ(receive("n2", 5s), "late");
  EXPECT_GE(std::chrono::steady_clock::now() - sent, 80ms);

  net->mend_all();
  net->lose("n1", "n2", 50);
  for (int i = 0; i < 200; ++i)
    send("n1", "n2", "x");
  while (net->carried("n1", "n2") + net->dropped("n1", "n2") < 201)
    std::this_thread::yield(); // each packet is on its way or lost: the test's time limit bounds this
  net->mend_all();
  send("n1", "n2", "end");
  int came = 0;
  for (auto got = receive("n2", 5s); got && *got != "end"; got = receive("n2", 5s))
    ++came;
  EXPECT_GT(came, 50);
  EXPECT_LT(came, 150);
}

} // namespace
} // namespace troupe::cluster_test
