// What the healer's tests stand on: a partition and the nodes it may live on, over the records, the node book
// and the healing book of metadata_world.h. What its replicas say is the tests' to write.
#pragma once
#include "actors/admin/healer.h"
#include "tests/unit/admin/metadata_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {

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

// Four nodes more, so that there is another one to turn to.
struct wide_ward : ward {
  wide_ward() : ward(3) {}
};

} // namespace troupe::admin
