#include "actors/agent/formation.h"
#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace troupe::agent {
namespace {

const std::vector<metadata_node> three{{"n2", "b"}, {"n1", "a"}, {"n3", "c"}}; // in no order

msg::FormReply fresh(std::uint64_t disk) {
  msg::FormReply answer;
  answer.set_disk(disk);
  return answer;
}

msg::FormReply formed(const msg::Configuration& configuration) {
  msg::FormReply answer;
  answer.set_formed(true);
  *answer.mutable_configuration() = configuration;
  return answer;
}

msg::Configuration founded(std::uint64_t d1, std::uint64_t d2, std::uint64_t d3) {
  formation n1(three, "n1", d1);
  n1.heard("n2", fresh(d2));
  return n1.heard("n3", fresh(d3)).join.value();
}

TEST(Formation, TheFirstNameFoundsWhenBothOthersAreFresh) {
  formation n1(three, "n1", 11);
  EXPECT_TRUE(n1.founder());
  EXPECT_FALSE(n1.heard("n3", fresh(13)).join);
  EXPECT_EQ(n1.waiting_for(), "founding the metadata group: waiting for node n2");
  auto decided = n1.heard("n2", fresh(12)).join;
  ASSERT_TRUE(decided);
  ASSERT_EQ(decided->members_size(), 3);
  EXPECT_EQ(decided->epoch(), 1u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(decided->members(i).id(), static_cast<std::uint64_t>(i + 1));
    EXPECT_EQ(decided->members(i).node(), "n" + std::to_string(i + 1));
    EXPECT_EQ(decided->members(i).disk(), static_cast<std::uint64_t>(11 + i));
  }
  EXPECT_EQ(decided->members(1).zone(), "b");
}

TEST(Formation, NobodyElseFounds) {
  formation n2(three, "n2", 12);
  EXPECT_FALSE(n2.heard("n1", fresh(11)).join);
  EXPECT_FALSE(n2.heard("n3", fresh(13)).join);
}

TEST(Formation, APeerThatWentAwayMustAnswerAgain) {
  formation n1(three, "n1", 11);
  n1.heard("n2", fresh(12));
  n1.lost("n2");
  EXPECT_FALSE(n1.heard("n3", fresh(13)).join);
  EXPECT_TRUE(n1.heard("n2", fresh(99)).join);
}

TEST(Formation, JoinsWhatHasFormedWhenItIsAMemberOnThisDirectory) {
  auto group = founded(11, 12, 13);
  formation n3(three, "n3", 13);
  EXPECT_TRUE(n3.heard("n2", formed(group)).join);
  EXPECT_TRUE(n3.told(group).join);
}

TEST(Formation, ADirectoryThatWasMadeAnewDoesNotJoin) {
  auto group = founded(11, 12, 13);
  formation wiped(three, "n3", 999);
  auto next = wiped.heard("n1", formed(group));
  EXPECT_FALSE(next.join);
  EXPECT_NE(next.refused.find("another data directory"), std::string::npos);
}

TEST(Formation, AWipedFounderDoesNotFoundASecondGroup) {
  auto group = founded(11, 12, 13);
  formation wiped(three, "n1", 999);
  EXPECT_FALSE(wiped.heard("n3", fresh(13)).join) << "it never joined, but n2 may have";
  EXPECT_FALSE(wiped.heard("n2", formed(group)).join);
}

TEST(Formation, ANodeThatIsNoMemberSaysSo) {
  auto group = founded(11, 12, 13);
  std::vector<metadata_node> others{{"n2", "b"}, {"n3", "c"}, {"n4", "a"}};
  formation n4(others, "n4", 14);
  EXPECT_FALSE(n4.heard("n2", formed(group)).refused.empty());
}

// The three of them over a wire that loses, delays and reorders, on machines that crash and lose disks at any
// moment. What was kept on a disk stays there until the disk is lost. At most one group may ever get a
// quorum, and no directory may be a member twice.
class world {
public:
  explicit world(std::uint64_t seed) : dice_(seed) {
    for (const auto& one : three)
      boot(one.name, true);
  }

  void run(int steps, bool disasters) {
    for (int i = 0; i < steps; ++i)
      step(disasters);
  }

  bool all_joined() const {
    return std::all_of(machines_.begin(), machines_.end(),
                       [](const auto& m) { return m.second.record.has_value(); });
  }

  void check(std::uint64_t seed) const {
    std::map<std::string, std::set<std::string>> joined; // configuration -> nodes whose present disk is in it
    for (const auto& [name, m] : machines_)
      if (m.record)
        joined[m.record->SerializeAsString()].insert(name);
    int quorums = 0;
    for (const auto& [configuration, nodes] : joined)
      quorums += nodes.size() >= 2;
    ASSERT_LE(quorums, 1) << "seed " << seed;
    if (ever_quorate_.size() > 1) {
      ASSERT_GE(disks_lost_, 2) << "seed " << seed
                                << ": two groups were formed, and a majority of disks lives";
    }
  }

private:
  struct box {
    std::uint64_t disk = 0;
    std::optional<msg::Configuration> record; // durable
    std::optional<formation> forming;         // in memory
    std::uint64_t run = 0;
  };
  struct mail {
    std::string from, to;
    std::uint64_t from_run = 0, to_run = 0; // links die with either end
    bool ask = false;
    std::optional<msg::Configuration> told;
    std::optional<msg::FormReply> answer;
  };

  bool chance(int percent) { return static_cast<int>(dice_() % 100) < percent; }

  void boot(const std::string& name, bool new_disk) {
    auto& m = machines_[name];
    if (new_disk) {
      m.disk = ++disks_;
      m.record.reset();
    }
    m.run = ++runs_;
    m.forming.reset();
    if (!m.record)
      m.forming.emplace(three, name, m.disk);
    for (auto& [other, one] : machines_)
      if (one.forming && other != name)
        one.forming->lost(name);
  }

  void send(mail m) {
    m.from_run = machines_[m.from].run;
    m.to_run = machines_[m.to].run;
    wire_.push_back(std::move(m));
  }

  void take(const std::string& name, const formation::step& next) {
    auto& m = machines_[name];
    if (!next.join || m.record)
      return;
    m.record = *next.join;
    std::size_t members = 0;
    for (const auto& [other, one] : machines_)
      members += one.record && one.record->SerializeAsString() == m.record->SerializeAsString();
    if (members >= 2)
      ever_quorate_.insert(m.record->SerializeAsString());
    bool founds = m.forming->founder();
    m.forming.reset();
    if (founds && chance(80))
      for (const auto& one : three)
        if (one.name != name)
          send({name, one.name, 0, 0, false, m.record, {}});
  }

  void deliver() {
    auto at = dice_() % wire_.size();
    auto got = wire_[at];
    wire_.erase(wire_.begin() + static_cast<std::ptrdiff_t>(at));
    auto& m = machines_[got.to];
    if (chance(20) || m.run != got.to_run || machines_[got.from].run != got.from_run)
      return;
    if (got.told && m.forming)
      take(got.to, m.forming->told(*got.told));
    if (got.ask) {
      msg::FormReply answer = m.record ? formed(*m.record) : fresh(m.disk);
      send({got.to, got.from, 0, 0, false, {}, answer});
    }
    if (got.answer && m.forming)
      take(got.to, m.forming->heard(got.from, *got.answer));
  }

  void step(bool disasters) {
    auto it = machines_.begin();
    std::advance(it, dice_() % machines_.size());
    if (disasters && chance(4)) {
      boot(it->first, false);
    } else if (disasters && disks_lost_ < 1 && chance(1)) {
      ++disks_lost_;
      boot(it->first, true);
    } else if (!wire_.empty() && chance(60)) {
      deliver();
    } else if (it->second.forming) {
      for (const auto& peer : it->second.forming->whom_to_ask())
        send({it->first, peer, 0, 0, true, {}, {}});
    }
  }

  std::mt19937_64 dice_;
  std::map<std::string, box> machines_;
  std::vector<mail> wire_;
  std::set<std::string> ever_quorate_;
  std::uint64_t disks_ = 10;
  std::uint64_t runs_ = 0;
  int disks_lost_ = 0;
};

TEST(Formation, NeverFormsTwoGroupsWhateverTheWireAndTheMachinesDo) {
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    world w(seed);
    for (int i = 0; i < 20; ++i) {
      w.run(10, true);
      w.check(seed);
    }
  }
}

TEST(Formation, AlwaysFormsOnceNothingGoesWrong) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    world w(seed);
    w.run(2'000, false);
    ASSERT_TRUE(w.all_joined()) << "seed " << seed;
  }
}

} // namespace
} // namespace troupe::agent
