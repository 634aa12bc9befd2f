// A replica by itself that becomes the leader of a group whose members are just being changed: its
// predecessor died before anybody heard that the change was chosen. It needs the newcomer's vote, and where
// the newcomer is stands nowhere but in the entry it found.
#include "actors/kit/node_config.h"
#include "actors/replica/replica_actor.h"
#include "messages/entry_link.h"
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <gtest/gtest.h>
#include <set>

namespace troupe::replica {
namespace {

constexpr std::uint64_t group = 7;

class moving_clock final : public kit::clock {
public:
  std::int64_t now_us() const override { return now; }
  std::int64_t unix_ms() const override { return now / 1000; }
  std::int64_t now = 1'000'000'000;
};

msg::Member member(std::uint64_t id, msg::MemberKind kind) {
  msg::Member m;
  m.set_id(id);
  m.set_kind(kind);
  m.set_node("n" + std::to_string(id));
  m.set_disk(100 + id);
  return m;
}

msg::Configuration configuration(std::uint64_t epoch, std::vector<msg::Member> members) {
  msg::Configuration c;
  c.set_epoch(epoch);
  for (auto& m : members)
    *c.add_members() = std::move(m);
  return c;
}

const auto old_members = configuration(
    1, {member(1, msg::STORAGE_REPLICA), member(2, msg::STORAGE_REPLICA), member(3, msg::STORAGE_REPLICA)});
const auto new_members = configuration(2, {member(1, msg::STORAGE_REPLICA), member(2, msg::STORAGE_REPLICA),
                                           member(4, msg::LOG_REPLICA), member(3, msg::LEARNER)});

// What member 2 has on disk: it accepted the change from leader 1, and has not heard that it is chosen.
wire::log_loaded found_log() {
  wire::log_loaded log;
  log.exists = true;
  log.hard_state.mutable_promised()->set_round(1);
  log.hard_state.mutable_promised()->set_member(1);
  log.hard_state.set_commit(1);
  *log.hard_state.mutable_configuration() = old_members;
  std::uint64_t link = 0;
  for (std::uint64_t index : {1, 2}) {
    msg::Entry e;
    e.set_index(index);
    *e.mutable_ballot() = log.hard_state.promised();
    if (index == 2) {
      e.set_kind(msg::Entry::CONFIGURATION);
      e.set_payload(new_members.SerializeAsString());
    }
    e.set_previous_link(link);
    e.set_link(link = entry_link(group, e, link));
    log.entries.push_back(e);
  }
  return log;
}

class world {
public:
  world() {
    kit::node_config_options how;
    how.network = false;
    how.virtual_time = true;
    config_ = std::make_unique<kit::node_config>(how);
    system_ = std::make_unique<caf::actor_system>(*config_);
    replica_options o;
    o.group = group;
    o.member = 2;
    o.configuration = old_members;
    o.node = "n2";
    o.inflight = 100;
    o.peers = system_->spawn(peers, this);
    o.ticker = system_->spawn(ticker);
    o.disk = system_->spawn(disk);
    o.items = system_->spawn(items);
    o.clock = &clock;
    o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n2");
    others_ = {caf::actor_cast<caf::actor>(o.peers), caf::actor_cast<caf::actor>(o.ticker),
               caf::actor_cast<caf::actor>(o.disk), caf::actor_cast<caf::actor>(o.items)};
    replica = spawn_replica(*system_, std::move(o));
    run();
  }
  ~world() {
    caf::anon_send_exit(replica, caf::exit_reason::kill);
    for (auto& one : others_)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    run();
  }

  void run() { dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler()).run(); }

  void pass(std::int64_t us) {
    for (std::int64_t gone = 0; gone < us; gone += 10'000) {
      clock.now += 10'000;
      caf::anon_send(replica, wire::tick_atom::value);
      run();
    }
  }

  // A member speaks from the node that it is on, or from another one.
  void say(std::uint64_t from, msg::PaxosMessage message, const std::string& node = {}) {
    message.set_group(group);
    message.set_from(from);
    message.set_to(2);
    message.set_epoch(1);
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, group);
    *parcel.mutable_from() = parcel.to();
    *parcel.mutable_paxos() = std::move(message);
    wire::inbox mail;
    auto name = node.empty() ? "n" + std::to_string(from) : node;
    mail.push_back({std::make_shared<wire::peer>(wire::peer{name, 100 + from, 1, false}), std::move(parcel)});
    caf::anon_send(replica, std::move(mail));
    run();
  }

  // Member 3 grants whatever it is asked.
  void grant_everything() {
    for (auto& [node, said] : std::exchange(sent, {})) {
      if (said.to() != 3)
        continue;
      msg::PaxosMessage answer;
      if (said.has_pre_vote()) {
        *answer.mutable_pre_vote_reply()->mutable_ballot() = said.pre_vote().ballot();
        answer.mutable_pre_vote_reply()->set_granted(true);
      } else if (said.has_prepare()) {
        auto& promise = *answer.mutable_promise();
        *promise.mutable_ballot() = *promise.mutable_promised() = said.prepare().ballot();
        promise.set_granted(true);
        promise.set_commit(1);
      } else {
        continue;
      }
      say(3, std::move(answer));
    }
  }

  moving_clock clock;
  wire::replica_actor replica;
  std::vector<std::pair<std::string, msg::PaxosMessage>> sent; // to which node

private:
  static wire::peers_actor::behavior_type peers(wire::peers_actor::pointer, world* w) {
    return {
        [](const msg::Hello& hello, const caf::strong_actor_ptr&) { return hello; },
        [](const msg::Envelope&) {},
        [w](wire::outbox& mail) {
          for (auto& one : mail)
            if (one.parcel.has_paxos())
              w->sent.emplace_back(one.node, std::move(*one.parcel.mutable_paxos()));
        },
        [](const wire::enroll&) {},
        [](const wire::link_up&) {},
        [](wire::flush_atom) {},
        [](wire::tick_atom) {},
        [](wire::stop_atom) {},
    };
  }
  static wire::ticker_actor::behavior_type ticker(wire::ticker_actor::pointer) {
    return {[](const wire::arm&) {}, [](wire::tick_atom) {}};
  }
  static wire::disk_actor::behavior_type disk(wire::disk_actor::pointer self) {
    return {
        [self](const wire::load_log& what) { self->send(what.who, found_log()); },
        [self](const wire::append_log& job) {
          if (job.who)
            self->send(job.who, wire::appended{{}, job.job});
        },
        [](const wire::read_log&) {},
        [](const wire::page_log&) { return wire::log_page{}; },
        [](wire::page_atom) {},
        [](const wire::drop_log&) {},
        [](wire::commit_atom) {},
        [](wire::tick_atom) {},
        [](wire::stop_atom) {},
    };
  }
  static wire::items_actor::behavior_type items(wire::items_actor::pointer self) {
    return {
        [self](const wire::open_items& what) {
          wire::items_opened opened;
          opened.applied = opened.durable = 1;
          opened.applied_link = found_log().entries.front().link();
          self->send(what.who, std::move(opened));
        },
        [](const wire::apply_items&) {},
        [](const wire::read_items&) {},
        [](const wire::scan_items&) {},
        [](const wire::read_snapshot&) {},
        [](const wire::store_snapshot&) {},
        [](const wire::sync_items&) {},
        [](const wire::digest_items&) {},
        [](const wire::drop_items&) {},
        [](wire::cut_atom) {},
        [](wire::tick_atom) {},
        [](wire::stop_atom) {},
    };
  }

  std::unique_ptr<kit::node_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> others_;
};

TEST(Newcomer, IsSpokenToByALeaderThatFoundTheChangeInItsLog) {
  world w;
  std::set<std::string> accepts_to;
  for (int i = 0; i < 500 && accepts_to.count("n4") == 0; ++i) {
    w.pass(10'000);
    for (auto& [node, said] : w.sent)
      if (said.has_accept())
        accepts_to.insert(node);
    w.grant_everything();
  }
  EXPECT_EQ(accepts_to.count("n3"), 1u) << "it leads";
  EXPECT_EQ(accepts_to.count("n4"), 1u);
  // It is that node and that directory, though the change is not chosen yet: nobody else speaks as member 4.
  w.sent.clear();
  msg::PaxosMessage ask;
  ask.mutable_catch_up()->set_from(1);
  auto answered = [&] {
    for (auto& [node, said] : std::exchange(w.sent, {}))
      if (said.to() == 4 && said.has_chosen())
        return true;
    return false;
  };
  w.say(4, ask, "n5");
  EXPECT_FALSE(answered());
  w.say(4, ask);
  EXPECT_TRUE(answered());
}

} // namespace
} // namespace troupe::replica
