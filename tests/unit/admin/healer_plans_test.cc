// The healer with many partitions: what one plan holds, and how much of the cluster it looks at.
#include "actors/admin/healer.h"
#include "config/limits.h"
#include "tests/unit/admin/metadata_world.h"
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <set>

namespace troupe::admin {
namespace {

// Many partitions, of which every replica says only what matters.
struct crowd {
  metadata_world w;

  crowd(std::uint32_t partitions, int nodes_per_zone) : w(nodes_per_zone) {
    w.create("music", partitions);
    for (int i = 0; i < 100 && w.records.table("music")->state() != msg::TABLE_ACTIVE; ++i) {
      w.nodes_report();
      w.settle();
    }
    for (const auto& [group, p] : w.records.partitions())
      for (const auto& m : p.configuration().members()) {
        auto& r = w.machines.at(m.node()).replicas.at(group);
        r.set_member(m.id());
        r.set_epoch(1);
        if (r.leads())
          for (const auto& other : p.configuration().members())
            if (other.id() != m.id())
              add_line(r, other.id());
      }
    w.nodes_report();
  }
  static void add_line(msg::ReplicaReport& leader, std::uint64_t member) {
    auto& line = *leader.add_members();
    line.set_member(member);
    line.set_level(true);
    line.set_heard_ms_ago(10);
  }
  void second() {
    w.pass_seconds(1);
    w.nodes_report();
  }
  void heal() {
    for (int i = 0; i < 50; ++i) {
      auto next = w.plan_heal();
      if (!next || !w.make(*next))
        return;
    }
    FAIL() << "it never ends";
  }
  // The groups that it leads have nobody then; the others' leaders say so.
  void kill_node(const std::string& node) {
    w.machines.at(node).up = false;
    for (auto& [name, one] : w.machines)
      for (auto& [group, r] : one.replicas)
        for (auto& line : *r.mutable_members())
          for (const auto& m : w.records.partition(group)->configuration().members())
            if (m.node() == node && m.id() == line.member()) {
              line.set_silent(true);
              line.set_level(false);
            }
    for (int s = 0; s < 4; ++s)
      second();
  }
  void make_logs_on(const std::string& node, int count) {
    change next;
    next.cluster = w.records.cluster();
    next.cluster.set_version(w.records.version() + 1);
    for (auto group : w.records.groups_on(node)) {
      auto p = *w.records.partition(group);
      for (int i = 1; i < p.configuration().members_size() && count > 0; ++i)
        if (p.configuration().members(i).node() == node) {
          p.mutable_configuration()->mutable_members(i)->set_kind(msg::LOG_REPLICA);
          next.partitions.push_back(p);
          --count;
        }
    }
    ASSERT_EQ(count, 0) << "too few partitions there";
    ASSERT_TRUE(w.make(next));
  }
  // Its leader has something to say.
  void touch(int nth) {
    auto group = std::next(w.records.partitions().begin(), nth)->first;
    const auto& node = *w.book.server_of(group);
    auto& machine = w.machines.at(node);
    msg::NodeReport report;
    report.set_node(node);
    report.set_zone(machine.zone);
    report.set_disk(machine.disk);
    report.set_run(machine.run);
    report.set_base(machine.sequence);
    report.set_sequence(++machine.sequence);
    machine.replicas.at(group).set_commit(99);
    *report.add_replicas() = machine.replicas.at(group);
    ASSERT_TRUE(w.book.take(report, w.now_us));
  }
};

// What a plan gives a record, without the group ever having to be one that acts.
TEST(HealerPlans, SeatsOfOnePlanAreSpreadOverTheNodes) {
  crowd t(90, 3);
  t.kill_node("c1");
  auto made = t.w.plan_heal();
  ASSERT_TRUE(made);
  std::map<std::string, int> seats;
  for (const auto& p : made->partitions)
    for (const auto& m : p.target().members())
      seats[m.node()] += !member_of(p.configuration(), m.id());
  int before_c2 = static_cast<int>(t.w.records.groups_on("c2").size());
  int before_c3 = static_cast<int>(t.w.records.groups_on("c3").size());
  ASSERT_GT(seats["c2"] + seats["c3"], 10);
  EXPECT_LE(std::abs(before_c2 + seats["c2"] - before_c3 - seats["c3"]), 1);
}

TEST(HealerPlans, AChangeStaysFarBelowALogEntry) {
  crowd t(1'000, 2);
  std::string long_key(2'000, 'k');
  change wide;
  wide.cluster = t.w.records.cluster();
  wide.cluster.set_version(t.w.records.version() + 1);
  for (const auto& [group, p] : t.w.records.partitions()) {
    wide.partitions.push_back(p);
    wide.partitions.back().set_from(long_key);
    wide.partitions.back().set_ailing_ms(1); // all of them are whole, and that is to be written
  }
  t.w.records.apply(wide);
  auto made = t.w.plan_heal();
  ASSERT_TRUE(made);
  EXPECT_LT(to_write(*made).ByteSizeLong(), limits::command_bytes / 2);
  std::size_t rest = t.w.records.partitions().size() - made->partitions.size();
  ASSERT_GT(rest, 0u);
  for (int plans = 0; made && plans < 100; ++plans) {
    t.w.records.apply(*made);
    made = t.w.plan_heal();
  }
  EXPECT_TRUE(t.w.records.ailing().empty());
}

// A node that rebuilds for a group that nobody leads, or without a byte for a minute, has a place for
// another.
TEST(HealerPlans, APlaceForARebuildIsNotHeldByWhoDoesNothing) {
  crowd t(40, 2);
  t.make_logs_on("c1", 4); // 4 groups of which a member is a log replica on c1
  auto growing = [&] {
    int n = 0;
    for (const auto& [group, p] : t.w.records.partitions())
      n += p.grow() != 0;
    return n;
  };
  t.heal();
  ASSERT_EQ(growing(), 2) << "as many as may at once";
  auto bytes_come = [&](std::uint64_t bytes) {
    for (auto& [group, r] : t.w.machines.at("c1").replicas)
      if (const auto* p = t.w.records.partition(group); p && p->grow() != 0) {
        r.set_growth_total(1'000);
        r.set_growth_bytes(bytes);
      }
  };
  for (int s = 0; s < 100; ++s) {
    bytes_come(static_cast<std::uint64_t>(s));
    t.second();
    t.heal();
  }
  EXPECT_EQ(growing(), 2);
  for (int s = 0; s < 70; ++s) {
    t.second();
    t.heal();
  }
  EXPECT_EQ(growing(), 4);
}

// Ten thousand partitions on thirty nodes, and nothing wrong with any.
TEST(HealerPlans, LooksAtWhatIsNewAndAtAPartOfTheRest) {
  crowd t(10'000, 10);
  t.heal();
  auto looked = [&, before = std::uint64_t{0}]() mutable {
    auto now = t.w.healing.looked_at();
    return now - std::exchange(before, now);
  };
  for (std::uint64_t all = 0; all <= 10'000; all += healing_book::looks_most)
    EXPECT_FALSE(t.w.plan_heal()) << "everybody is new at first";
  looked();
  EXPECT_FALSE(t.w.plan_heal());
  EXPECT_LE(looked(), 10'000 / healing_book::round_plans + 1) << "nothing was heard";
  t.touch(123);
  EXPECT_FALSE(t.w.plan_heal());
  EXPECT_LE(looked(), 10'000 / healing_book::round_plans + 2);
  std::set<std::uint64_t> seen;
  for (std::size_t i = 0; i <= healing_book::round_plans; ++i)
    for (auto group : t.w.healing.turn(t.w.records))
      seen.insert(group);
  EXPECT_EQ(seen.size(), t.w.records.partitions().size()) << "everybody has a turn";
  looked();

  t.w.healing.everything_changed();
  for (std::uint64_t all = 0; all < 10'000; all += healing_book::looks_most) {
    EXPECT_FALSE(t.w.plan_heal());
    EXPECT_EQ(looked(), healing_book::looks_most) << "and no more in one plan";
  }
  EXPECT_FALSE(t.w.plan_heal());
  EXPECT_LE(looked(), 10'000 / healing_book::round_plans + 1) << "and then it idles";
}

} // namespace
} // namespace troupe::admin
