// The healer over the records: what is written before anybody acts, what may be destroyed and when.
#include "actors/admin/healer.h"
#include "actors/admin/orders.h"
#include "config/limits.h"
#include "tests/unit/admin/metadata_world.h"
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <set>

namespace troupe::admin {
namespace {

// Two nodes per zone and one partition, whose members all run.
struct ward {
  metadata_world w;
  std::uint64_t group = 0;
  int leader = 0; // which member

  explicit ward(int nodes_per_zone = 2) : w(nodes_per_zone) {
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
    auto made = w.plan_heal();
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
  void lose_disk(int i) {
    auto& machine = w.machines.at(member(i).node());
    machine.disk += 1'000;
    machine.replicas.clear();
    ++machine.run;
    machine.sequence = 0;
    hear(member(i).id(), false);
    w.nodes_report();
  }
  int heal(int at_most = 20) {
    for (int made = 0; made < at_most; ++made) {
      auto next = w.plan_heal();
      if (!next || !w.make(*next))
        return made;
    }
    return at_most;
  }
  const msg::Member* newcomer() const { return newcomer_of(record()); }
  void newcomer_runs() {
    auto& r = w.machines.at(newcomer()->node()).replicas[group];
    r.set_group(group);
    r.set_member(newcomer()->id());
    r.set_kind(msg::LOG_REPLICA);
    r.set_epoch(1);
    w.nodes_report();
  }
};

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
  EXPECT_TRUE(healing_orders(t.w.view(), t.w.healing).empty());
  EXPECT_EQ(t.heal(), 0) << "one change at a time";

  t.newcomer_runs();
  auto orders = healing_orders(t.w.view(), t.w.healing);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].node, t.member(0).node());
  EXPECT_EQ(orders[0].request.change().target(), t.record().target().SerializeAsString());

  auto target = t.record().target();
  t.w.book.note_committed(t.group, target);
  t.heal();
  EXPECT_EQ(t.now().SerializeAsString(), target.SerializeAsString());
  EXPECT_FALSE(t.record().has_target());
}

TEST(HealerPauses, NothingBeginsUntilItIsToGoOn) {
  ward t;
  ASSERT_EQ(t.w.pause("ada", "moving rack 4").what, decision::verdict::write);
  EXPECT_EQ(t.w.pause("ada", "moving rack 4").what, decision::verdict::done) << "the same order again";
  t.kill(2);
  t.w.new_leader(); // it stands in the records
  for (int s = 0; s < 5; ++s) {
    t.second();
    t.heal();
  }
  EXPECT_FALSE(t.record().has_target());
  EXPECT_NE(t.record().ailing_ms(), 0) << "people can see what would have to be done";
  auto shown = healing_status(t.w.view(), t.w.healing);
  EXPECT_EQ(shown.pause().who(), "ada");
  EXPECT_EQ(shown.pause().why(), "moving rack 4");
  EXPECT_EQ(shown.groups_size(), 1);

  ASSERT_EQ(t.w.pause("", "", true).what, decision::verdict::write);
  EXPECT_EQ(t.w.pause("", "", true).what, decision::verdict::done);
  EXPECT_FALSE(healing_status(t.w.view(), t.w.healing).has_pause());
  t.heal();
  EXPECT_TRUE(t.record().has_target());
}

TEST(HealerPauses, WhatIsUnderWayEnds) {
  ward t;
  t.kill(2);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  ASSERT_EQ(t.w.pause("ada", "").what, decision::verdict::write);
  t.commit_target();
  EXPECT_FALSE(t.record().has_target());
  EXPECT_EQ(t.now().epoch(), 2u);
  t.wait_minutes(6); // the learner does not come back
  t.heal();
  EXPECT_EQ(t.now().epoch(), 2u);
  EXPECT_EQ(t.record().grow(), 0u) << "no items are fetched";
}

TEST(HealerPauses, KeepsWhatIsSaidWithinBounds) {
  ward t;
  auto refused = t.w.pause("ada", std::string(limits::remark_bytes + 1, 'x'));
  ASSERT_EQ(refused.what, decision::verdict::refuse);
  EXPECT_EQ(refused.refusal.code(), msg::VALIDATION);
  ASSERT_EQ(t.w.pause("ada", "one").what, decision::verdict::write);
  auto since = t.w.records.cluster().healing_pause().since_ms();
  t.w.pass_seconds(60);
  ASSERT_EQ(t.w.pause("bob", "two").what, decision::verdict::write);
  EXPECT_EQ(t.w.records.cluster().healing_pause().since_ms(), since) << "it has been stopped all the time";
  EXPECT_EQ(t.w.records.cluster().healing_pause().who(), "bob");
}

TEST(Healer, ANewMetadataLeaderCarriesOnFromTheRecordsAlone) {
  ward t;
  t.kill(2);
  t.heal();
  auto target = t.record().target().SerializeAsString();
  t.w.records = t.w.durable.load();
  t.w.new_leader();
  t.newcomer_runs();
  EXPECT_EQ(t.record().target().SerializeAsString(), target);
  auto orders = healing_orders(t.w.view(), t.w.healing);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].request.change().target(), target);
  EXPECT_EQ(t.heal(), 0);
}

TEST(Healer, ANewLeaderWaitsBeforeItTakesANodeToBeSilent) {
  ward t;
  t.w.new_leader();
  t.w.machines.at(t.member(2).node()).up = false;
  t.hear(t.member(2).id(), false);
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
  EXPECT_TRUE(t.w.gone_from(first.node()).empty());

  t.w.book.note_committed(t.group, t.record().target());
  t.heal(1);
  EXPECT_EQ(t.record().withdrawn_size(), 0);
  EXPECT_TRUE(t.w.gone_from(first.node()).empty()) << "nobody has it on disk that it is out";
  for (int i : {0, 1}) {
    t.w.machines.at(t.member(i).node()).replicas.at(t.group).set_durable_epoch(2);
    t.w.nodes_report();
    EXPECT_EQ(t.w.gone_from(first.node()).size(), i == 0 ? 0u : 1u);
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
    return t.w.gone_from(spare).size();
  };
  EXPECT_EQ(gone(4), 0u);
  // The same id, had it been given and its member removed since.
  auto change = *t.w.plan_heal();
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
  EXPECT_FALSE(plan_healing(view, t.w.healing));
  t.w.now_us += 3'600'000'000; // another admin, whose clock is an hour ahead
  t.w.new_leader();
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

TEST(Healer, AGroupThatNothingCanBeDoneForIsAilingByItsRecord) {
  ward t(1);
  t.kill(2);
  EXPECT_EQ(t.heal(), 0) << "it may be a blink";
  t.second();
  t.second();
  EXPECT_EQ(t.heal(), 1);
  EXPECT_FALSE(t.record().has_target());
  EXPECT_NE(t.record().ailing_ms(), 0);
  ASSERT_EQ(healing_status(t.w.view(), t.w.healing).groups_size(), 1);
  EXPECT_EQ(healing_status(t.w.view(), t.w.healing).groups(0).step(), msg::AilingGroup::STUCK);
  t.w.machines.at(t.member(2).node()).up = true;
  t.hear(t.member(2).id(), true);
  t.second();
  EXPECT_EQ(t.heal(), 1);
  EXPECT_EQ(t.record().ailing_ms(), 0);
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
  EXPECT_EQ(healing_status(t.w.view(), t.w.healing).groups_size(), 0);
  change.cluster.set_version(t.w.records.version() + 1);
  change.tables.back().set_state(msg::TABLE_ACTIVE);
  ASSERT_TRUE(t.w.make(change));
  t.heal();
  EXPECT_TRUE(t.record().has_target());
}

TEST(Healer, ADirectoryThatIsAnotherOneIsALostMember) {
  ward t;
  auto lost = t.member(1);
  t.lose_disk(1);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  for (const auto& m : t.record().target().members())
    EXPECT_NE(m.id(), lost.id()) << "not even as a learner";
}

// --- changes that do not come about

// Waits until the target is given up for one that changes nothing, and lets that one be committed.
void give_up(ward& t, int at_most_s = 40) {
  auto first = t.record().target().SerializeAsString();
  for (int s = 0; s < at_most_s && t.record().target().SerializeAsString() == first; ++s) {
    t.second();
    t.heal();
  }
  ASSERT_NE(t.record().target().SerializeAsString(), first);
  EXPECT_EQ(t.record().target().epoch(), t.now().epoch() + 1) << "one of the two is chosen";
  EXPECT_EQ(t.record().target().members_size(), t.now().members_size());
  for (int i = 0; i < t.now().members_size(); ++i)
    EXPECT_EQ(t.record().target().members(i).id(), t.now().members(i).id());
  EXPECT_EQ(t.heal(), 0) << "it is the last word for this epoch";
  t.commit_target();
}

// Four nodes more, so that there is another one to turn to.
struct wide_ward : ward {
  wide_ward() : ward(3) {}
};

TEST(HealerGivesUp, ATargetThatTheLeaderCannotAcceptAnyMore) {
  wide_ward t;
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.newcomer_runs();
  ASSERT_EQ(healing_orders(t.w.view(), t.w.healing).size(), 1u);
  give_up(t); // the leader refuses, again and again
  EXPECT_FALSE(t.record().has_target());
  t.heal();
  ASSERT_TRUE(t.record().has_target()) << "the next one is planned on what is there now";
  EXPECT_GT(t.newcomer()->id(), first.id());
}

TEST(HealerGivesUp, ANewcomerThatIsInTrouble) {
  wide_ward t;
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.newcomer_runs();
  t.w.machines.at(first.node()).replicas.at(t.group).set_trouble("no space left on device");
  give_up(t);
  t.heal();
  ASSERT_TRUE(t.newcomer());
  EXPECT_NE(t.newcomer()->node(), first.node());
}

TEST(HealerGivesUp, ANewcomerThatItsNodeNeverMakesAndTheNodeForAWhile) {
  ward t; // the only other node of the zone
  for (auto& [name, one] : t.w.machines)
    one.makes = false; // its identity file cannot be written, or it is an older build
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  ASSERT_TRUE(t.w.book.alive(first.node(), t.w.now_us));
  give_up(t);
  for (int s = 0; s < 240; ++s) {
    t.second();
    t.heal();
    ASSERT_FALSE(t.record().has_target()) << "after " << s << " s";
  }
  ASSERT_EQ(healing_status(t.w.view(), t.w.healing).groups(0).step(), msg::AilingGroup::STUCK);
  t.wait_minutes(2);
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  EXPECT_EQ(t.newcomer()->node(), first.node());
}

// It has perhaps made the newcomer, and nothing is wrong with it.
TEST(HealerGivesUp, AChangeWhoseNewcomersNodeWasSilentForAMomentAndNotTheNode) {
  ward t; // the only other node of the zone
  t.kill(2);
  t.heal();
  auto first = *t.newcomer();
  t.w.machines.at(first.node()).up = false;
  for (int s = 0; s < 4; ++s)
    t.second();
  t.heal();
  ASSERT_EQ(t.record().withdrawn_size(), 1);
  t.w.machines.at(first.node()).up = true;
  t.second();
  t.commit_target();
  for (int s = 0; s < 10 && !t.record().has_target(); ++s) {
    t.second();
    t.heal();
  }
  ASSERT_TRUE(t.record().has_target()) << "a third copy is not put off for minutes";
  ASSERT_TRUE(t.newcomer());
  EXPECT_EQ(t.newcomer()->node(), first.node());
  EXPECT_GT(t.newcomer()->id(), first.id());
}

TEST(HealerGivesUp, APromotionWhoseMemberDiedBeforeANewLeaderHadHeardIt) {
  wide_ward t;
  t.lose_disk(2);
  t.heal();
  auto grown = *t.newcomer();
  t.commit_target();
  t.w.machines.at(grown.node()).replicas.at(t.group).set_grown(true);
  t.w.nodes_report();
  t.heal();
  ASSERT_TRUE(t.record().has_target());
  ASSERT_FALSE(t.newcomer());
  t.w.machines.at(grown.node()).up = false;
  t.led_by(1);
  t.hear(t.member(0).id(), true);
  give_up(t);
  EXPECT_EQ(t.kind_of(grown.id()), msg::LOG_REPLICA);
  t.hear(grown.id(), false);
  for (int s = 0; s < 4; ++s)
    t.second();
  t.heal();
  EXPECT_TRUE(t.record().has_target()) << "it is replaced itself";
}

TEST(HealerGivesUp, NothingWhileNobodyLeads) {
  ward t;
  t.kill(2);
  t.heal();
  t.newcomer_runs();
  t.said_by_leader().set_serving(false);
  t.wait_minutes(2);
  EXPECT_EQ(t.heal(), 0);
  t.said_by_leader().set_serving(true);
  for (int s = 0; s < 10; ++s) {
    t.second();
    EXPECT_EQ(t.heal(), 0) << "it has its time when somebody does";
  }
}

// --- many groups

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
  auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t all = 0; all < 10'000; all += healing_book::looks_most) {
    EXPECT_FALSE(t.w.plan_heal());
    EXPECT_EQ(looked(), healing_book::looks_most) << "and no more in one plan";
  }
  auto all = std::chrono::steady_clock::now() - begin;
  begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(t.w.plan_heal());
  auto one = std::chrono::steady_clock::now() - begin;
  auto us = [](auto time) {
    return static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  };
  std::printf("10,000 partitions on 30 nodes: to look at all of them takes %lld us in five plans, an idle "
              "plan %lld us\n",
              us(all), us(one));
}

} // namespace
} // namespace troupe::admin
