// Links that break while both ends live: cut, cut in one direction, slow, lossy, flapping. Whoever can still
// reach a majority goes on, whoever cannot serves nothing stale, and all is as before when the link is.
// Needs the right to make network namespaces (root).
#include "actors/client/values.h"
#include "tests/cluster/faults.h"
#include "tests/cluster/network.h"
#include "tests/unit/client/pki.h"
#include <algorithm>
#include <random>
#include <thread>

namespace troupe::cluster_test {
namespace {

// A dead leader's lease is 1.5 s. This is what a test machine under load may add to it.
constexpr double gap_bound_ms = 10'000;

class Links : public Faults {
protected:
  void SetUp() override {
    std::string why_not;
    net = network::make({"n1", "n2", "n3"}, why_not);
    if (!net)
      GTEST_SKIP() << "no network namespaces here: " << why_not;
  }
  void change_settings(config::cluster& c) override {
    for (auto& n : c.nodes)
      n.host = net->address(n.name);
  }
  void prepare_nodes() override {
    nodes->place([this](const std::string& node) { return net->enter(node); });
  }
  void TearDown() override {
    if (clients)
      clients->stop();
    for (auto& s : sessions)
      s->close();
    nodes.reset();
    net.reset();
  }

  void load_one_partition() {
    load_options options;
    options.timeout = milliseconds(3'000); // a client whose router is cut off tries the next register soon
    begin(options, 1);
  }

  std::vector<std::string> all_but(const std::string& node) const {
    auto names = nodes->names();
    names.erase(std::remove(names.begin(), names.end(), node), names.end());
    return names;
  }

  // From the other nodes, not from its clients.
  void cut_off(const std::string& node) {
    for (auto& other : all_but(node))
      net->cut(node, other);
  }

  // Asks these routers only.
  std::unique_ptr<client::session> at(const std::vector<std::string>& routers) {
    return nodes->connect([&](client::options& o) {
      o.routers.clear();
      for (auto& name : routers)
        o.routers.push_back({net->address(name), nodes->settings().find(name)->port});
    });
  }

  static client::write_result write(client::session& s, const std::string& value, milliseconds within) {
    client::put_item ask;
    ask.table = "registers";
    ask.item = client::make_item({{"id", client::s("mark")}, {"value", client::s(value)}});
    ask.timeout = within;
    return s.call(ask);
  }

  // The value, or the name of the refusal in brackets.
  static std::string read(client::session& s, milliseconds within, bool eventual = false) {
    client::get_item ask;
    ask.table = "registers";
    ask.key = client::make_item({{"id", client::s("mark")}});
    ask.eventual = eventual;
    ask.timeout = within;
    auto answer = s.call(ask);
    auto attribute = answer.item ? client::find(*answer.item, "value") : nullptr;
    return answer.ok() ? attribute ? attribute->s() : "" : "<" + msg::Code_Name(answer.status.code()) + ">";
  }

  // The load goes on for that long; something must succeed in every half second of it.
  void endure(milliseconds time, std::uint64_t each = 1) {
    for (auto end = steady_us() + time.count() * 1000; steady_us() < end;) {
      auto slice = std::min(end, steady_us() + 500'000);
      progress(each);
      eventually(milliseconds(500), [&] { return steady_us() >= slice; });
    }
  }

  // With all links whole, every router takes writes and gives what was written last.
  void heal_and_judge() {
    net->mend_all();
    auto since = steady_us();
    for (auto& name : nodes->names()) {
      auto session = at({name});
      EXPECT_TRUE(eventually(milliseconds(20'000),
                             [&] { return write(*session, "through " + name, milliseconds(1'000)).ok(); }))
          << "no writes through " << name << "\n"
          << nodes->log_of(name);
      EXPECT_EQ(read(*session, milliseconds(5'000)), "through " + name);
    }
    std::printf("  all routers serve %.0f ms after the links are back\n",
                static_cast<double>(steady_us() - since) / 1000);
    progress();
    judge();
  }

  void report_gap(const char* what, double gap_ms) {
    std::printf("  %s: no write was acknowledged for %.0f ms\n", what, gap_ms);
    EXPECT_LT(gap_ms, gap_bound_ms) << what;
  }

  void a_leader_cut_off() {
    load_one_partition();
    auto old = leader();
    auto alone = at({old});
    auto majority = at(all_but(old));
    ASSERT_TRUE(write(*majority, "before", milliseconds(10'000)).ok());
    ASSERT_EQ(read(*alone, milliseconds(10'000)), "before");

    auto since = steady_us();
    cut_off(old);
    report_gap("leader cut off", write_gap_ms(since));
    auto after = write(*majority, "after", milliseconds(10'000));
    ASSERT_TRUE(after.ok()) << after.status.message();

    // The old leader's own router finds nobody who may answer, and says so; what need not be new is still
    // there.
    auto stale = read(*alone, milliseconds(1'500));
    EXPECT_EQ(stale.front(), '<') << stale;
    auto lost = write(*alone, "lost", milliseconds(1'500)).status.code();
    EXPECT_TRUE(lost == msg::UNKNOWN_OUTCOME || lost == msg::UNAVAILABLE) << msg::Code_Name(lost);
    EXPECT_EQ(read(*alone, milliseconds(5'000), true), "before");

    net->mend_all();
    // A write that is only unknown may be on its way still; one that was refused has not happened.
    if (lost != msg::UNKNOWN_OUTCOME) {
      EXPECT_EQ(read(*majority, milliseconds(10'000)), "after");
    }
    heal_and_judge();
  }

  std::unique_ptr<network> net;
};

TEST_F(Links, ALeaderCutOffFromTheOthersIsReplacedAndServesNothingStale) {
  a_leader_cut_off();
}

// The same with mutual TLS, whose connections are made in another way.
class TlsLinks : public Links {
protected:
  void change_settings(config::cluster& c) override {
    Links::change_settings(c);
    pki = std::make_unique<client::test_pki>(c.nodes.front().data);
    c.tls = pki->settings();
  }
  std::unique_ptr<client::test_pki> pki;
};

TEST_F(TlsLinks, ALeaderCutOffFromTheOthersIsReplacedAndServesNothingStale) {
  a_leader_cut_off();
}

// The others no longer hear the leader, who hears them.
TEST_F(Links, ALeaderThatIsNotHeardIsReplaced) {
  load_one_partition();
  auto old = leader();
  auto since = steady_us();
  for (auto& other : all_but(old))
    net->cut_road(old, other);
  report_gap("leader not heard", write_gap_ms(since));
  heal_and_judge();
}

// The leader hears nobody, and everybody hears it: it must not hold on to what it cannot confirm.
TEST_F(Links, ALeaderThatHearsNobodyIsReplaced) {
  load_one_partition();
  auto old = leader();
  auto since = steady_us();
  for (auto& other : all_but(old))
    net->cut_road(other, old);
  report_gap("leader deaf", write_gap_ms(since));
  heal_and_judge();
}

// The gray failure: the third node hears both sides, so there is nothing to vote about.
TEST_F(Links, OneBrokenLinkCausesNoElection) {
  load_one_partition();
  auto head = leader();
  auto group = nodes->group_of_table("registers");
  auto round = nodes->round_of(group);
  auto follower = all_but(head).front();
  auto since = steady_us();
  net->cut(head, follower);
  endure(milliseconds(4'500)); // three leases
  report_gap("one link cut", write_gap_ms(since));
  net->mend_all(); // so that everybody's reports are new, whichever side the metadata leader is on
  EXPECT_EQ(leader(), head);
  EXPECT_EQ(nodes->round_of(group), round) << "somebody held an election";
  heal_and_judge();
}

TEST_F(Links, ASlowFollowerSlowsNobody) {
  load_one_partition();
  auto head = leader();
  auto slow = all_but(head).front();
  for (auto& other : all_but(slow))
    net->delay(slow, other, milliseconds(150), milliseconds(200));
  auto session = at({head});
  std::vector<std::int64_t> took_us;
  for (int i = 0; i < 40; ++i) {
    auto began = steady_us();
    ASSERT_TRUE(write(*session, std::to_string(i), milliseconds(10'000)).ok());
    took_us.push_back(steady_us() - began);
  }
  std::sort(took_us.begin(), took_us.end());
  std::printf("  writes with a follower 300 to 400 ms away: median %.1f ms\n",
              static_cast<double>(took_us[20]) / 1000);
  EXPECT_LT(took_us[20], 150'000) << "a write waits for the slower follower";
  heal_and_judge();
}

TEST_F(Links, ASlowLeaderGoesOnLeading) {
  load_one_partition();
  auto head = leader();
  auto group = nodes->group_of_table("registers");
  auto round = nodes->round_of(group);
  for (auto& other : all_but(head))
    net->delay(head, other, milliseconds(100), milliseconds(100));
  endure(milliseconds(3'000));
  EXPECT_EQ(leader(), head);
  EXPECT_EQ(nodes->round_of(group), round) << "somebody held an election";
  heal_and_judge();
}

// Every 300 ms another draw: each link is whole, cut, deaf in one direction, slow, or loses packets.
TEST_F(Links, FlappingLinksLoseNothing) {
  load_one_partition();
  std::mt19937 random(11);
  const std::vector<std::pair<std::string, std::string>> links{{"n1", "n2"}, {"n1", "n3"}, {"n2", "n3"}};
  for (int draw = 0; draw < 20; ++draw) {
    for (auto& [a, b] : links) {
      net->mend(a, b);
      switch (random() % 8) {
      case 0:
        net->cut(a, b);
        break;
      case 1:
        net->cut_road(a, b);
        break;
      case 2:
        net->cut_road(b, a);
        break;
      case 3:
        net->delay(a, b, milliseconds(0), milliseconds(50));
        break;
      case 4:
        net->lose(a, b, 20);
        break;
      default:
        break;
      }
    }
    std::this_thread::sleep_for(milliseconds(300)); // how long a draw lasts; nothing is waited for
  }
  heal_and_judge();
}

} // namespace
} // namespace troupe::cluster_test
