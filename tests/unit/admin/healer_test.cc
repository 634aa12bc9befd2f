// The healer over the records: what is written before anybody acts, what may be destroyed and when.
#include "actors/admin/healer.h"
#include "actors/admin/orders.h"
#include "tests/unit/admin/metadata_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

// Two nodes per zone and one partition, whose members all run.
struct ward {
  metadata_world w{2};
  std::uint64_t group = 0;
  int leader = 0; // which member

  ward() {
    w.create("music", 1);
    w.nodes_report();
    w.nodes_report();
    w.settle();
    group = *w.records.groups_of(77).begin();
    for (const auto& m : now().members()) {
      auto& r = w.machines.at(m.node()).replicas.at(group);
      r.set_member(m.id());
      r.set_epoch(1);
      r.set_durable_epoch(1);
    }
    for (const auto& m : now().members())
      hear(m.id(), true);
    w.nodes_report();
  }
  const msg::PartitionRecord& record() const { return *w.records.partition(group); }
  const msg::Configuration& now() const { return record().configuration(); }
  const msg::Member& member(int i) const { return now().members(i); }
  msg::ReplicaReport& said_by_leader() { return w.machines.at(member(leader).node()).replicas.at(group); }
  msg::MemberKind kind_of(std::uint64_t id) const {
    for (const auto& m : now().members())
      if (m.id() == id)
        return m.kind();
    ADD_FAILURE() << "no member " << id;
    return msg::LOG_REPLICA;
  }

  // What the leader says of another member.
  void hear(std::uint64_t id, bool answers) {
    if (id == member(leader).id())
      return;
    auto& said = said_by_leader();
    msg::MemberProgress* line = nullptr;
    for (auto& p : *said.mutable_members())
      if (p.member() == id)
        line = &p;
    if (!line)
      line = said.add_members();
    line->set_member(id);
    line->set_silent(!answers);
    line->set_level(answers);
    line->set_heard_ms_ago(answers ? 10 : 3'000);
  }
  void lags(std::uint64_t id) {
    for (auto& p : *said_by_leader().mutable_members())
      if (p.member() == id)
        p.set_level(false), p.set_match(++matches);
  }
  // Another member leads, and has had no answer from anybody.
  void led_by(int i) {
    w.lead[group] = member(i).node();
    for (int j : {leader, i}) {
      leader = j;
      said_by_leader().clear_members();
      said_by_leader().set_leads(j == i);
      said_by_leader().set_serving(j == i);
    }
    for (const auto& m : now().members()) {
      hear(m.id(), false);
      if (!said_by_leader().members().empty())
        said_by_leader().mutable_members()->rbegin()->set_heard_ms_ago(-1);
    }
  }
  // Who catches up goes on doing so.
  void second() {
    w.pass_seconds(1);
    for (auto& p : *said_by_leader().mutable_members()) {
      if (p.silent() && p.heard_ms_ago() >= 0)
        p.set_heard_ms_ago(p.heard_ms_ago() + 1'000);
      if (!p.silent() && !p.level())
        p.set_match(++matches);
    }
    w.nodes_report();
  }
  void wait_minutes(int minutes) {
    for (int s = 0; s < 60 * minutes; ++s)
      second();
  }
  // The newcomer comes, and the change with it.
  void commit_target() {
    auto next = record().target();
    if (newcomer())
      newcomer_runs();
    w.book.note_committed(group, next);
    auto made = plan_healing(w.view());
    ASSERT_TRUE(made && w.make(*made));
    ASSERT_EQ(now().epoch(), next.epoch());
    for (const auto& m : now().members())
      if (w.machines.at(m.node()).up)
        hear(m.id(), true);
    w.nodes_report();
  }
  void kill(int i) {
    w.machines.at(member(i).node()).up = false;
    hear(member(i).id(), false);
    for (int s = 0; s < 4; ++s)
      second();
  }
  std::uint64_t matches = 100;
  int heal(int at_most = 20) {
    for (int made = 0; made < at_most; ++made) {
      auto next = plan_healing(w.view());
      if (!next || !w.make(*next))
        return made;
    }
    return at_most;
  }
  const msg::Member* newcomer() const {
    for (const auto& m : record().target().members())
      if (m.id() == record().next_member() - 1)
        return &m;
    return nullptr;
  }
  void newcomer_runs() {
    auto& r = w.machines.at(newcomer()->node()).replicas[group];
    r.set_group(group);
    r.set_member(newcomer()->id());
    r.set_kind(msg::LOG_REPLICA);
    r.set_epoch(1);
    w.nodes_report();
  }
};

TEST(Healer, WritesTheTargetBeforeAnybodyActsAndAsksTheLeaderOnlyWhenTheNewcomerRuns) {
  ward t;
  EXPECT_EQ(t.heal(), 0) << "all is well";
  auto lost = t.member(2);
  t.kill(2);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  EXPECT_EQ(t.record().target().epoch(), 2u);
  EXPECT_EQ(t.record().next_member(), 5u);
  ASSERT_TRUE(t.newcomer());
  EXPECT_EQ(t.newcomer()->id(), 4u);
  EXPECT_EQ(t.newcomer()->zone(), lost.zone());
  EXPECT_NE(t.newcomer()->node(), lost.node());
  EXPECT_EQ(t.w.records.groups_on(t.newcomer()->node()).count(t.group), 1u) << "its node is told to make it";
  EXPECT_TRUE(healing_orders(t.w.view()).empty());
  EXPECT_EQ(t.heal(), 0) << "one change at a time";

  t.newcomer_runs();
  auto orders = healing_orders(t.w.view());
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].node, t.member(0).node());
  EXPECT_EQ(orders[0].request.change().target(), t.record().target().SerializeAsString());

  auto target = t.record().target();
  t.w.book.note_committed(t.group, target);
  t.heal();
  EXPECT_EQ(t.now().SerializeAsString(), target.SerializeAsString());
  EXPECT_FALSE(t.record().has_target());
}

TEST(Healer, ANewMetadataLeaderCarriesOnFromTheRecordsAlone) {
  ward t;
  t.kill(2);
  t.heal();
  auto target = t.record().target().SerializeAsString();
  t.w.records = t.w.durable.load();
  t.w.book.clear();
  t.w.leading_us = t.w.now_us;
  for (auto& [name, one] : t.w.machines)
    ++one.run, one.sequence = 0;
  t.newcomer_runs();
  EXPECT_EQ(t.record().target().SerializeAsString(), target);
  auto orders = healing_orders(t.w.view());
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].request.change().target(), target);
  EXPECT_EQ(t.heal(), 0);
}

TEST(Healer, ANewLeaderWaitsBeforeItTakesANodeToBeSilent) {
  ward t;
  t.w.book.clear();
  t.w.leading_us = t.w.now_us;
  t.w.machines.at(t.member(2).node()).up = false;
  t.hear(t.member(2).id(), false);
  for (auto& [name, one] : t.w.machines)
    ++one.run, one.sequence = 0;
  t.said_by_leader().mutable_members(1)->set_heard_ms_ago(-1);
  t.w.nodes_report();
  t.heal();
  EXPECT_FALSE(t.record().has_target());
}

TEST(Healer, ANewcomerThatDoesNotComeToLifeIsRememberedUntilTheEpochHasPassed) {
  ward t;
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.w.machines.at(first.node()).up = false;
  for (int s = 0; s < 4; ++s) {
    t.w.pass_seconds(1);
    t.w.nodes_report();
  }
  t.heal();
  ASSERT_EQ(t.record().withdrawn_size(), 1);
  EXPECT_EQ(t.record().withdrawn(0).id(), first.id());
  EXPECT_EQ(t.record().target().epoch(), 2u);
  EXPECT_EQ(t.record().target().members_size(), 3) << "nobody enters and nobody leaves";

  // It was slow, and made after all: as long as either target may be chosen it is not destroyed.
  t.w.machines.at(first.node()).up = true;
  auto& r = t.w.machines.at(first.node()).replicas[t.group];
  r.set_group(t.group);
  r.set_member(first.id());
  t.w.nodes_report();
  EXPECT_TRUE(retired_on(t.w.records, t.w.book, first.node()).empty());

  t.w.book.note_committed(t.group, t.record().target());
  t.heal(1);
  EXPECT_EQ(t.record().withdrawn_size(), 0);
  EXPECT_TRUE(retired_on(t.w.records, t.w.book, first.node()).empty())
      << "nobody has it on disk that it is out";
  for (int i : {0, 1}) {
    t.w.machines.at(t.member(i).node()).replicas.at(t.group).set_durable_epoch(2);
    t.w.nodes_report();
    EXPECT_EQ(retired_on(t.w.records, t.w.book, first.node()).size(), i == 0 ? 0u : 1u);
  }
}

// An admin that was deposed and does not know it must not have its successor's newcomer destroyed.
TEST(Healer, AMemberThatTheseRecordsHaveNotMadeYetIsNotDestroyed) {
  ward t;
  t.kill(2);
  std::string spare;
  for (const auto& [name, machine] : t.w.machines)
    if (machine.replicas.count(t.group) == 0)
      spare = name;
  ASSERT_FALSE(spare.empty());
  auto& r = t.w.machines.at(spare).replicas[t.group];
  r.set_group(t.group);
  auto gone = [&](std::uint64_t id) {
    r.set_member(id);
    t.w.nodes_report();
    return retired_on(t.w.records, t.w.book, spare).size();
  };
  EXPECT_EQ(gone(4), 0u);
  // The same id, had it been given and its member removed since.
  auto change = *plan_healing(t.w.view());
  auto later = t.record();
  later.set_next_member(5);
  change.partitions = {later};
  ASSERT_TRUE(t.w.make(change));
  EXPECT_EQ(gone(4), 1u);
}

// Its member that is gone waits long for its turn; meanwhile others are restarted.
TEST(Healer, AShortSilenceLateInALongAilmentCostsNobodyItsSeat) {
  ward t;
  t.kill(2);
  t.heal();
  t.commit_target();
  t.wait_minutes(30);
  t.heal(1);
  ASSERT_TRUE(t.record().has_target()) << "who is gone is given up";
  t.commit_target();
  ASSERT_NE(t.record().ailing_ms(), 0);

  auto back = t.member(1);
  t.kill(1);
  t.heal();
  t.commit_target();
  ASSERT_EQ(t.kind_of(back.id()), msg::LEARNER);
  for (int s = 0; s < 30; ++s) {
    t.second();
    t.heal();
    ASSERT_EQ(t.kind_of(back.id()), msg::LEARNER) << "after " << s << " s";
    ASSERT_FALSE(t.record().has_target());
  }
}

TEST(Healer, ALearnerThatCatchesUpAfterTheGraceTimeOutlivesANewLeader) {
  ward t;
  auto away = t.member(2);
  t.kill(2);
  t.heal();
  t.commit_target();
  t.w.pass_seconds(299);
  t.w.machines.at(away.node()).up = true;
  t.hear(away.id(), true);
  t.lags(away.id());
  t.w.nodes_report();
  t.wait_minutes(10);
  ASSERT_EQ(t.heal(), 0);

  t.led_by(1); // to whom nobody has answered yet
  t.w.nodes_report();
  EXPECT_EQ(t.heal(), 0);
  EXPECT_EQ(t.kind_of(away.id()), msg::LEARNER);
}

TEST(Healer, NoStepOfAClockMakesALearnerForgotten) {
  ward t;
  auto away = t.member(2);
  t.kill(2);
  t.heal();
  t.commit_target();
  auto view = t.w.view();
  view.now_ms += 3'600'000;
  EXPECT_FALSE(plan_healing(view));
  t.w.book.clear(); // another admin, whose clock is an hour ahead
  for (auto& [name, one] : t.w.machines)
    ++one.run, one.sequence = 0;
  t.w.now_us += 3'600'000'000;
  t.w.leading_us = t.w.now_us;
  t.w.nodes_report();
  EXPECT_EQ(t.heal(), 0);
  t.wait_minutes(6);
  EXPECT_EQ(t.heal(), 1) << "it has watched for the grace time itself";
  for (const auto& m : t.record().target().members())
    EXPECT_NE(m.id(), away.id());
}

// Writes make every report of the leader a new one.
TEST(Healer, WhoNeverAnswersTheNewLeaderIsReplacedUnderLoad) {
  ward t;
  auto mute = t.member(2);
  t.led_by(1);
  t.hear(t.member(0).id(), true);
  for (int s = 0; s < 4 && !t.record().has_target(); ++s) {
    t.said_by_leader().set_commit(100 + static_cast<std::uint64_t>(s));
    t.second();
    t.heal();
  }
  ASSERT_TRUE(t.record().has_target());
  for (const auto& m : t.record().target().members())
    EXPECT_EQ(m.kind() == msg::LEARNER, m.id() == mute.id()) << m.id();
}

// A thousand partitions are made: some members come seconds after the others.
TEST(Healer, ATableThatIsBeingMadeIsNotHealed) {
  ward t;
  change change;
  change.cluster = t.w.records.cluster();
  change.cluster.set_version(t.w.records.version() + 1);
  change.tables.push_back(*t.w.records.table("music"));
  change.tables.back().set_state(msg::TABLE_CREATING);
  ASSERT_TRUE(t.w.make(change));
  t.kill(2);
  EXPECT_EQ(t.heal(), 0);
  EXPECT_EQ(healing_status(t.w.view()).groups_size(), 0);
  change.cluster.set_version(t.w.records.version() + 1);
  change.tables.back().set_state(msg::TABLE_ACTIVE);
  ASSERT_TRUE(t.w.make(change));
  t.heal();
  EXPECT_TRUE(t.record().has_target());
}

TEST(Healer, ADirectoryThatIsAnotherOneIsALostMember) {
  ward t;
  auto lost = t.member(1);
  auto& machine = t.w.machines.at(lost.node());
  machine.disk += 1'000;
  machine.replicas.clear();
  ++machine.run;
  machine.sequence = 0;
  t.hear(lost.id(), false);
  t.w.nodes_report();
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  for (const auto& m : t.record().target().members())
    EXPECT_NE(m.id(), lost.id()) << "not even as a learner";
}

} // namespace
} // namespace troupe::admin
