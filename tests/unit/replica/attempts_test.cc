// A replica by itself, on virtual time, that leads a group of one. The item worker beside it is the test: it
// decides when a read of the store is answered, which is when attempts of one request can overtake each
// other.
#include "actors/core/expression/parse.h"
#include "actors/core/expression/placeholders.h"
#include "actors/core/item/value.h"
#include "actors/kit/node_config.h"
#include "actors/replica/replica_actor.h"
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <deque>
#include <gtest/gtest.h>
#include <optional>

namespace troupe::replica {
namespace {

class still_clock final : public kit::clock {
public:
  std::int64_t now_us() const override { return 1'000'000'000; }
  std::int64_t unix_ms() const override { return 1'000'000; }
};

class world {
public:
  world() {
    kit::node_config_options how;
    how.network = false;
    how.virtual_time = true;
    config_ = std::make_unique<kit::node_config>(how);
    system_ = std::make_unique<caf::actor_system>(*config_);
    replica_options o;
    o.group = 7;
    o.member = 1;
    o.fresh = true;
    o.preferred_leader = true;
    o.configuration.set_epoch(1);
    auto& self = *o.configuration.add_members();
    self.set_id(1);
    self.set_node("n1");
    o.node = "n1";
    o.inflight = 100;
    o.peers = system_->spawn(peers, this);
    o.ticker = system_->spawn(ticker);
    o.disk = system_->spawn(disk, this);
    o.items = system_->spawn(items, this);
    o.clock = &clock_;
    o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
    others_ = {caf::actor_cast<caf::actor>(o.peers), caf::actor_cast<caf::actor>(o.ticker),
               caf::actor_cast<caf::actor>(o.disk), caf::actor_cast<caf::actor>(o.items)};
    replica_ = spawn_replica(*system_, std::move(o));
    run();
  }

  ~world() {
    caf::anon_send_exit(replica_, caf::exit_reason::kill);
    for (auto& one : others_)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    reads.clear();
    run();
  }

  void run() { dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler()).run(); }

  // An attempt of the request with this sequence: count the item's visits up by one.
  void count_up(std::uint64_t sequence, bool repeated) {
    std::vector<std::pair<std::string, msg::Value>> values(1);
    values[0].first = ":one";
    values[0].second.set_n("1");
    auto use = expression::placeholders::make({}, std::move(values));
    auto update = expression::parse_update("ADD visits :one", *use);
    ASSERT_TRUE(update);
    msg::ReplicaRequest::Mutation mutation;
    *mutation.mutable_update() = std::move(*update);
    ask(sequence, repeated, std::move(mutation));
  }

  // An attempt of a request with this one mutation.
  void ask(std::uint64_t sequence, bool repeated, msg::ReplicaRequest::Mutation mutation) {
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, 7);
    *parcel.mutable_from() = wire::address(msg::ROLE_ROUTER);
    parcel.set_id(++asked_);
    auto& request = *parcel.mutable_replica_request();
    request.mutable_id()->set_client(5);
    request.mutable_id()->set_sequence(sequence);
    request.mutable_id()->set_repeated(repeated);
    mutation.set_key("key");
    *request.mutable_write()->add_mutations() = std::move(mutation);
    wire::inbox mail;
    mail.push_back({std::make_shared<wire::peer>(wire::peer{"n2", 1, 1, false}), std::move(parcel)});
    caf::anon_send(replica_, std::move(mail));
    run();
  }

  // What the store has under any key it was asked for; nothing: nothing.
  void answer_reads(const std::optional<std::string>& item = std::nullopt) {
    for (auto& asked : std::exchange(reads, {})) {
      wire::items_read found;
      for (auto& one : asked.reads)
        found.items.push_back({{}, one.token, item.has_value(), item.value_or("")});
      caf::anon_send(asked.who, std::move(found));
    }
    run();
  }

  std::deque<wire::read_items> reads;     // not answered yet
  std::vector<msg::Command> commands;     // that went into the log
  std::vector<msg::ReplicaReply> answers; // to the router

private:
  static wire::peers_actor::behavior_type peers(wire::peers_actor::pointer, world* w) {
    return {
        [](const msg::Hello& hello, const caf::strong_actor_ptr&) { return hello; },
        [](const msg::Envelope&) {},
        [w](wire::outbox& mail) {
          for (auto& one : mail)
            w->answers.push_back(std::move(*one.parcel.mutable_replica_reply()));
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
  static wire::disk_actor::behavior_type disk(wire::disk_actor::pointer self, world* w) {
    return {
        [](const wire::load_log&) {},
        [self, w](const wire::append_log& job) {
          for (auto& entry : job.entries)
            if (entry->kind() == msg::Entry::COMMAND)
              w->commands.emplace_back().ParseFromString(entry->payload());
          if (job.who)
            self->send(job.who, wire::appended{{}, job.job});
        },
        [](const wire::read_log&) {},
        [](const wire::drop_log&) {},
        [](wire::commit_atom) {},
        [](wire::tick_atom) {},
        [](wire::stop_atom) {},
    };
  }
  static wire::items_actor::behavior_type items(wire::items_actor::pointer self, world* w) {
    return {
        [self](const wire::open_items& what) { self->send(what.who, wire::items_opened{}); },
        [](const wire::apply_items&) {},
        [w](const wire::read_items& what) { w->reads.push_back(what); },
        [](const wire::scan_items&) {},
        [](const wire::read_snapshot&) {},
        [](const wire::store_snapshot&) {},
        [](const wire::sync_items&) {},
        [](const wire::digest_items&) {},
        [](const wire::drop_items&) {},
        [](wire::tick_atom) {},
        [](wire::stop_atom) {},
    };
  }

  still_clock clock_;
  std::unique_ptr<kit::node_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> others_;
  wire::replica_actor replica_;
  std::uint64_t asked_ = 0;
};

TEST(Attempts, OfOneRequestThatWaitForTheSameItemTakeEffectOnce) {
  world w;
  w.count_up(1, false);
  w.count_up(1, true); // it was slow: the router asks again
  ASSERT_EQ(w.reads.size(), 2u) << "both wait for the store";
  w.answer_reads();
  ASSERT_EQ(w.commands.size(), 1u);
  auto item = item::parse_item(w.commands[0].effects(0).item());
  ASSERT_TRUE(item);
  EXPECT_EQ(item->attributes(0).value().n(), "1");
  ASSERT_EQ(w.answers.size(), 2u) << "and both are answered";
  EXPECT_EQ(w.answers[0].status().code(), msg::OK);
  EXPECT_EQ(w.answers[1].status().code(), msg::OK);
}

TEST(Attempts, OfDifferentRequestsEachTakeEffect) {
  world w;
  w.count_up(1, false);
  w.count_up(2, false);
  w.answer_reads();
  ASSERT_EQ(w.commands.size(), 2u);
  auto item = item::parse_item(w.commands[1].effects(0).item());
  ASSERT_TRUE(item);
  EXPECT_EQ(item->attributes(0).value().n(), "2") << "the second sees what the first proposed";
}

std::string item_with(const std::string& name, msg::Value value) {
  msg::AttributeMap item;
  auto& one = *item.add_attributes();
  one.set_name(name);
  *one.mutable_value() = std::move(value);
  return item::serialize(item);
}

msg::Value text(const std::string& what) {
  msg::Value value;
  value.set_s(what);
  return value;
}

// Counting up what is no number is a mistake, whatever the condition beside it says, and stays one.
TEST(Attempts, OfARefusedUpdateHearTheSameRefusal) {
  world w;
  w.count_up(1, true); // an earlier attempt may be on its way: the refusal is remembered
  w.answer_reads(item_with("visits", text("many")));
  ASSERT_EQ(w.answers.size(), 1u);
  ASSERT_EQ(w.answers[0].status().code(), msg::VALIDATION);
  ASSERT_EQ(w.commands.size(), 1u);
  EXPECT_TRUE(w.commands[0].refused());
  EXPECT_EQ(w.commands[0].refused_with(), msg::VALIDATION);

  msg::ReplicaRequest::Mutation again; // with a condition, which held
  auto& clause = *again.mutable_condition()->add_clauses();
  clause.set_test(msg::Condition::Clause::EXISTS);
  clause.set_attribute("visits");
  again.mutable_update();
  w.ask(1, true, std::move(again));
  ASSERT_EQ(w.answers.size(), 2u);
  EXPECT_EQ(w.answers[1].status().code(), msg::VALIDATION);
}

TEST(Attempts, OfAPutThatAskedForSizesAloneAreAnsweredWithoutThem) {
  world w;
  auto stored = item_with("text", text("eight by"));
  msg::ReplicaRequest::Mutation put;
  put.set_item(stored);
  put.set_tell_bytes(true);
  w.ask(1, false, put);
  w.answer_reads(stored);
  ASSERT_EQ(w.answers.size(), 1u);
  EXPECT_EQ(w.answers[0].status().code(), msg::OK);
  EXPECT_EQ(w.answers[0].old_bytes(), 12u) << "name and value";
  EXPECT_FALSE(w.answers[0].found()) << "the item itself stays where it is";

  w.ask(1, true, put);
  ASSERT_EQ(w.answers.size(), 2u);
  EXPECT_EQ(w.answers[1].status().code(), msg::OK);
  EXPECT_FALSE(w.answers[1].forgotten());
  EXPECT_EQ(w.answers[1].old_bytes(), 0u);
  EXPECT_EQ(w.commands.size(), 1u);

  put.set_return_old(true);
  w.ask(1, true, put);
  EXPECT_TRUE(w.answers.back().forgotten()) << "the old item is gone, and was asked for";
}

TEST(Attempts, OfAPutThatIsRefusedTellTheItemOnlyWhenAsked) {
  world w;
  msg::ReplicaRequest::Mutation put;
  put.set_item(item_with("text", text("new")));
  auto& clause = *put.mutable_condition()->add_clauses();
  clause.set_test(msg::Condition::Clause::NOT_EXISTS);
  clause.set_attribute("text");
  put.set_return_old_on_refusal(true);
  w.ask(1, false, put);
  w.answer_reads(item_with("text", text("old")));
  ASSERT_EQ(w.answers.size(), 1u);
  EXPECT_EQ(w.answers[0].status().code(), msg::CONDITION_FAILED);
  EXPECT_EQ(w.answers[0].item(), item_with("text", text("old")));
}

} // namespace
} // namespace troupe::replica
