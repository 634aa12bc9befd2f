// What every checker can see of a run. A checker is told what became durable, what members handed out as
// chosen, what they applied and what clients were answered; it keeps its own account of what must hold and
// reports a finding when it does not. None of them trusts the protocol's own idea of what is committed.
#pragma once
#include "actors/core/paxos/group.h"
#include "messages/replication.pb.h"
#include "tests/sim/world/world.h"
#include <memory>
#include <string>
#include <vector>

namespace troupe::sim {

class member;
struct request;
struct reply;

class checker {
public:
  explicit checker(world& w, std::string title) : world_(w), title_(std::move(title)) {}
  virtual ~checker() = default;
  const std::string& title() const { return title_; }

  // A disk: the entry, the hard state, ... would now survive a loss of power.
  virtual void durable(member_id, const msg::Entry&) {}
  virtual void durable_state(member_id, const msg::HardState&) {}
  virtual void truncated(member_id, log_index) {} // the log's entries up to here were deleted
  virtual void reset(member_id, log_index) {}     // the log was emptied and continues after here
  // It has put entries up to this one, which has this link, into the archive.
  virtual void archived(member_id, log_index, std::uint64_t /*link*/) {}
  // A process: handed an entry to its state machine as chosen; applied it; took a snapshot in its place.
  virtual void chosen(member_id, const msg::Entry&) {}
  virtual void applied(member_id, log_index, std::uint64_t /*digest*/) {}
  virtual void installed(member_id, const msg::SnapshotHeader&) {}
  // A client takes this for the answer to its operation. certain: no other attempt of it can still take
  // effect.
  virtual void answered(const request&, const reply&, bool /*certain*/) {}
  // A member began or ceased to run, or had something happen to it; its disk is gone for good.
  virtual void opened(const member&) {}
  virtual void closed(member_id) {}
  virtual void touched(const member&) {}
  virtual void lost(member_id) {}
  virtual void after_event() {}
  virtual void at_end() {} // everything has come to rest

protected:
  void find(std::string what) { world_.find(title_, std::move(what)); }
  world& world_;

private:
  std::string title_;
};

// All checkers of a run, told together. Owns them.
class panel {
public:
  void add(std::unique_ptr<checker> c) { all_.push_back(std::move(c)); }

  void durable(member_id m, const msg::Entry& e) {
    for (auto& c : all_)
      c->durable(m, e);
  }
  void durable_state(member_id m, const msg::HardState& s) {
    for (auto& c : all_)
      c->durable_state(m, s);
  }
  void truncated(member_id m, log_index i) {
    for (auto& c : all_)
      c->truncated(m, i);
  }
  void reset(member_id m, log_index i) {
    for (auto& c : all_)
      c->reset(m, i);
  }
  void archived(member_id m, log_index i, std::uint64_t link) {
    for (auto& c : all_)
      c->archived(m, i, link);
  }
  void chosen(member_id m, const msg::Entry& e) {
    for (auto& c : all_)
      c->chosen(m, e);
  }
  void applied(member_id m, log_index i, std::uint64_t d) {
    for (auto& c : all_)
      c->applied(m, i, d);
  }
  void installed(member_id m, const msg::SnapshotHeader& h) {
    for (auto& c : all_)
      c->installed(m, h);
  }
  void answered(const request& r, const reply& a, bool certain) {
    for (auto& c : all_)
      c->answered(r, a, certain);
  }
  void opened(const member& m) {
    for (auto& c : all_)
      c->opened(m);
  }
  void closed(member_id m) {
    for (auto& c : all_)
      c->closed(m);
  }
  void touched(const member& m) {
    for (auto& c : all_)
      c->touched(m);
  }
  void lost(member_id m) {
    for (auto& c : all_)
      c->lost(m);
  }
  void after_event() {
    for (auto& c : all_)
      c->after_event();
  }
  void at_end() {
    for (auto& c : all_)
      c->at_end();
  }

private:
  std::vector<std::unique_ptr<checker>> all_;
};

} // namespace troupe::sim
