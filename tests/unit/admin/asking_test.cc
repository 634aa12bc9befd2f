// An admin on virtual time that leads the metadata and is asked for backups: what it asks others for, when,
// and when again. The nodes, the metadata group's replica and the leaders of partitions are made up.
#include "actors/admin/admin_actor.h"
#include "actors/admin/records.h"
#include "actors/kit/log.h"
#include "actors/kit/node_config.h"
#include "messages/status.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/admin/metadata_world.h"
#include "tests/unit/stand_in.h"
#include <caf/all.hpp>
#include <deque>
#include <gtest/gtest.h>
#include <optional>

namespace troupe::admin {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> all{"n1", "n2", "n3"};

class asked_world {
public:
  explicit asked_world(bool archive = true)
      : config_(nodes_test::on_virtual_time()), system_(config_),
        scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_) {
    kit::set_log_level(kit::level::error);
    peers_ = system_.spawn(stand_in_peers, this);
    admin_options o;
    o.node = "n1";
    o.storage_nodes = o.metadata_nodes = all;
    o.heal.archive = archive;
    o.seed = 5;
    o.peers = peers_;
    o.clock = &clock_;
    o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
    admin_ = spawn_admin(system_, std::move(o));
    run(5s);
    msg::AdminRequest wish;
    wish.mutable_create_table()->set_name("music");
    wish.mutable_create_table()->set_partitions(2);
    *wish.mutable_create_table()->mutable_keys() = string_key("id");
    EXPECT_EQ(ask(wish, 5s).status().code(), msg::OK);
  }
  ~asked_world() {
    caf::anon_send(admin_, wire::stop_atom::value);
    scheduler_.run();
    caf::anon_send_exit(peers_, caf::exit_reason::kill);
    scheduler_.run();
  }

  void run(std::chrono::milliseconds time) {
    for (auto until = clock_.now_us() + std::chrono::microseconds(time).count(); clock_.now_us() < until;) {
      if (clock_.now_us() >= report_us_) {
        report_us_ = clock_.now_us() + 500'000;
        report();
      }
      if (later_ && clock_.now_us() >= later_us_)
        std::exchange(later_, nullptr)();
      scheduler_.clock().advance_time(10ms);
      scheduler_.run();
    }
  }
  // All members say so of the archive with their next report, which comes at once.
  void hear(msg::ArchiveProgress::Reach what) {
    reach = what;
    for (auto& [node, replicas] : replicas_)
      for (auto& [group, replica] : replicas)
        replica.mutable_archive()->set_reach(what);
    report();
  }
  void after(std::chrono::milliseconds time, std::function<void()> what) {
    later_us_ = clock_.now_us() + std::chrono::microseconds(time).count();
    later_ = std::move(what);
  }
  // Its answer, which must come within that time.
  msg::AdminReply ask(msg::AdminRequest request, std::chrono::milliseconds within) {
    answers_.clear();
    deliver("router", parcel_of(std::move(request)));
    for (auto until = clock_.now_us() + std::chrono::microseconds(within).count();
         answers_.empty() && clock_.now_us() < until;)
      run(10ms);
    EXPECT_EQ(answers_.size(), 1u) << "within " << within.count() << " ms";
    return answers_.empty() ? msg::AdminReply() : answers_.front();
  }
  msg::AdminReply back_up(std::chrono::milliseconds within) { return ask(a_backup(), within); }
  static msg::AdminRequest a_backup() {
    msg::AdminRequest wish;
    wish.mutable_create_backup()->set_table("music");
    wish.mutable_create_backup()->set_name("nightly");
    return wish;
  }
  // So many of these come together; what is answered at once.
  std::vector<msg::AdminReply> ask_at_once(const msg::AdminRequest& request, int often) {
    answers_.clear();
    wire::inbox mail;
    for (int i = 0; i < often; ++i)
      mail.push_back({peer_of("router"), parcel_of(request)});
    caf::anon_send(admin_, std::move(mail));
    scheduler_.run();
    return answers_;
  }
  // What is answered at once to who wants the newest.
  std::optional<msg::MapReply> ask_for_map() {
    map_.reset();
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_ADMIN);
    *parcel.mutable_from() = wire::address(msg::ROLE_ROUTER);
    parcel.set_id(++ids_);
    parcel.mutable_map_request()->set_strong(true);
    deliver("router", std::move(parcel));
    return map_;
  }
  bool available(std::uint64_t backup) {
    msg::AdminRequest look;
    look.mutable_describe_backup()->set_id(backup);
    auto told = ask(std::move(look), 2s);
    return told.backups_size() == 1 && told.backups(0).available();
  }

  // --- what the leaders and archivers of partitions say
  msg::ArchiveProgress::Reach reach = msg::ArchiveProgress::WHOLE;
  msg::Code heads_say = msg::OK;    // and that their logs end with entry 40
  bool archivers_say = true;        // that all of it is archived
  bool group_answers = true;        // the metadata's
  std::deque<msg::Code> writes_say; // it refuses so many writes so

  // --- how often they were asked
  int heads_asked = 0;
  int archivers_asked = 0;

private:
  static wire::peers_actor::behavior_type stand_in_peers(wire::peers_actor::pointer self, asked_world* w) {
    return testing::stand_in<wire::peers_actor>([self, w](wire::outbox& mail) {
      for (auto& one : mail)
        if (auto reply = w->answer(one))
          self->send(w->admin_, wire::inbox{{w->peer_of(one.node), std::move(*reply)}});
    });
  }

  msg::Parcel parcel_of(msg::AdminRequest request) {
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_ADMIN);
    *parcel.mutable_from() = wire::address(msg::ROLE_ROUTER);
    parcel.set_id(++ids_);
    parcel.set_deadline_ms(30'000);
    request.mutable_id()->set_client(1);
    request.mutable_id()->set_sequence(ids_);
    *parcel.mutable_admin_request() = std::move(request);
    return parcel;
  }
  static std::uint64_t disk_of(const std::string& node) { return 1000 + node.back(); }
  std::shared_ptr<wire::peer> peer_of(const std::string& node) const {
    auto who = std::make_shared<wire::peer>();
    who->node = node;
    who->disk = disk_of(node);
    who->run = 1;
    return who;
  }
  void deliver(const std::string& from, msg::Parcel parcel) {
    caf::anon_send(admin_, wire::inbox{{peer_of(from), std::move(parcel)}});
    scheduler_.run();
  }

  void report() {
    for (const auto& node : all) {
      msg::Parcel parcel;
      *parcel.mutable_to() = wire::address(msg::ROLE_ADMIN);
      *parcel.mutable_from() = wire::address(msg::ROLE_AGENT);
      parcel.set_id(++ids_);
      auto& said = *parcel.mutable_node_report();
      said.set_node(node);
      said.set_zone(node);
      said.set_disk(disk_of(node));
      said.set_run(1);
      said.set_sequence(++sequences_[node]);
      said.set_storage(true);
      said.set_disk_free_bytes(1ull << 40);
      said.set_meta_version(versions_[node]);
      for (const auto& [group, replica] : replicas_[node])
        *said.add_replicas() = replica;
      deliver(node, std::move(parcel));
    }
  }
  // A group's first member leads.
  void obey(const std::string& node, const msg::NodeOrders& orders) {
    if (orders.status().code() != msg::OK)
      return;
    versions_[node] = std::max(versions_[node], orders.version());
    for (const auto& partition : orders.partitions()) {
      auto& replica = replicas_[node][partition.group()];
      replica.set_group(partition.group());
      replica.set_epoch(1);
      replica.mutable_archive()->set_reach(reach);
      const auto leads = partition.configuration().members(0).node() == node;
      replica.set_leads(leads);
      replica.set_serving(leads);
    }
  }

  std::optional<msg::Parcel> answer(const wire::outgoing& one) {
    const auto& asked = one.parcel;
    if (asked.has_admin_reply()) {
      answers_.push_back(asked.admin_reply());
      return std::nullopt;
    }
    if (asked.has_map_reply()) {
      map_ = asked.map_reply();
      return std::nullopt;
    }
    if (asked.has_node_orders()) {
      obey(one.node, asked.node_orders());
      return std::nullopt;
    }
    auto reply = wire::reply_to(asked);
    if (asked.has_archive_request()) {
      ++archivers_asked;
      auto& body = *reply.mutable_archive_reply();
      *body.mutable_status() = make_status(archivers_say ? msg::OK : msg::UNAVAILABLE);
      body.set_archived(archivers_say ? 40 : 0);
    } else if (asked.to().group() != wire::metadata_group) {
      if (++heads_asked > 10'000)
        return std::nullopt; // or this would never end
      *reply.mutable_replica_reply()->mutable_status() = make_status(heads_say);
      reply.mutable_replica_reply()->set_index(40);
    } else if (!group_answers) {
      return std::nullopt;
    } else {
      *reply.mutable_replica_reply() = metadata(asked.replica_request());
    }
    return reply;
  }
  // What the metadata group's replica beside the admin answers.
  msg::ReplicaReply metadata(const msg::ReplicaRequest& request) {
    msg::ReplicaReply body;
    if (request.has_write() && !writes_say.empty()) {
      *body.mutable_status() = make_status(writes_say.front());
      writes_say.pop_front();
      return body;
    }
    if (request.has_write()) {
      if (!durable_.write(request.write()))
        *body.mutable_status() = make_status(msg::CONDITION_FAILED);
      return body;
    }
    for (const auto& row : durable_.rows())
      if (request.has_scan()) {
        *body.add_records() = row;
      } else if (row.key() == request.read().key()) {
        body.set_found(true);
        body.set_item(row.item());
      }
    return body;
  }

  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  nodes_test::virtual_clock clock_;
  store durable_;
  wire::peers_actor peers_;
  admin_actor admin_;
  std::uint64_t ids_ = 0;
  std::int64_t report_us_ = 0;
  std::int64_t later_us_ = 0;
  std::function<void()> later_;
  std::map<std::string, std::uint64_t> sequences_;
  std::map<std::string, std::uint64_t> versions_;
  std::map<std::string, std::map<std::uint64_t, msg::ReplicaReport>> replicas_;
  std::vector<msg::AdminReply> answers_;
  std::optional<msg::MapReply> map_;
};

TEST(AnAdminThatIsAskedForABackup, AsksEveryLeaderOnceAndTheirArchiversUntilAllIsArchived) {
  asked_world w;
  w.archivers_say = false;
  auto made = w.back_up(1s);
  ASSERT_EQ(made.status().code(), msg::OK) << made.status().message();
  EXPECT_EQ(w.heads_asked, 2);
  w.run(5s);
  EXPECT_FALSE(w.available(made.backups(0).id()));
  EXPECT_GE(w.archivers_asked, 2 * 10);
  EXPECT_LE(w.archivers_asked, 2 * 20) << "each of the two three times a second";
  w.archivers_say = true;
  w.run(1s);
  EXPECT_TRUE(w.available(made.backups(0).id()));
}

TEST(AnAdminThatIsAskedForABackup, AsksALeaderThatRefusesAgainAfterAWhile) {
  asked_world w;
  w.heads_say = msg::MOVED;
  w.after(2s, [&] { w.heads_say = msg::OK; });
  auto made = w.back_up(5s);
  EXPECT_EQ(made.status().code(), msg::OK) << made.status().message();
  EXPECT_GE(w.heads_asked, 2 * 10) << "ten times a second";
  EXPECT_LE(w.heads_asked, 2 * 25);
}

// Clients are told to slow down, and not to try another node: there is one metadata leader.
TEST(AnAdminThatIsAskedForABackup, RefusesWhatIsTooMuchOnAccountOfTheMetadata) {
  asked_world w;
  w.heads_say = msg::MOVED;
  EXPECT_TRUE(w.ask_at_once(asked_world::a_backup(), 1'024).empty()) << "they wait";
  auto refused = w.ask_at_once(asked_world::a_backup(), 1);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].status().code(), msg::OVERLOADED);
  EXPECT_EQ(refused[0].status().overloaded(), msg::Status::METADATA);
  auto before = w.heads_asked;
  w.run(10s);
  EXPECT_GE(w.heads_asked - before, 2 * 100) << "they are asked for again";
}

// Its archiver has not looked yet, or has found a hole that a snapshot is about to bridge.
TEST(AnAdminThatIsAskedForABackup, PromisesNothingBeforeTheArchiveCanKeepIt) {
  asked_world w;
  w.hear(msg::ArchiveProgress::UNSEEN);
  w.after(2s, [&] { w.hear(msg::ArchiveProgress::WHOLE); });
  auto made = w.back_up(5s);
  EXPECT_EQ(made.status().code(), msg::OK) << made.status().message();
  EXPECT_EQ(w.heads_asked, 2) << "not before it was seen to be whole";
  w.hear(msg::ArchiveProgress::GAP);
  EXPECT_EQ(w.back_up(1s).status().code(), msg::UNSUPPORTED);
}

TEST(AnAdminThatIsAskedForABackup, SaysWhatItHasWaitedForWhenTheTimeIsUp) {
  asked_world w;
  w.hear(msg::ArchiveProgress::UNSEEN);
  auto refused = w.back_up(30s);
  EXPECT_EQ(refused.status().code(), msg::UNAVAILABLE);
  EXPECT_NE(refused.status().message().find("the archive"), std::string::npos) << refused.status().message();
  w.hear(msg::ArchiveProgress::WHOLE);
  w.heads_say = msg::MOVED;
  refused = w.back_up(30s);
  EXPECT_EQ(refused.status().code(), msg::UNAVAILABLE);
  EXPECT_NE(refused.status().message().find("a leader"), std::string::npos) << refused.status().message();
}

// Who is told MOVED asks whom the answer names, at once: of a leader that names itself, for ever.
TEST(AnAdminThatLeads, DoesNotSendWhoAsksForTheMapToItselfWhenItHasTooManyQuestions) {
  asked_world w;
  w.group_answers = false;
  msg::AdminRequest look;
  look.mutable_list_tables();
  w.ask_at_once(look, 1); // is on its way to the group
  EXPECT_TRUE(w.ask_at_once(look, 1'024).empty());
  auto map = w.ask_for_map();
  ASSERT_TRUE(map);
  EXPECT_EQ(map->status().code(), msg::OVERLOADED);
  EXPECT_EQ(map->status().overloaded(), msg::Status::METADATA);
}

// Of the first attempt nobody knows what became of it, so whoever leads now cannot just be asked again.
TEST(AnAdminThatLeads, SaysThatTheOutcomeIsNotKnownThoughALaterAttemptHadNone) {
  asked_world w;
  w.writes_say = {msg::UNKNOWN_OUTCOME, msg::MOVED};
  msg::AdminRequest wish;
  wish.mutable_delete_table()->set_name("music");
  EXPECT_EQ(w.ask(wish, 2s).status().code(), msg::UNKNOWN_OUTCOME);
  EXPECT_TRUE(w.writes_say.empty());
}

TEST(AnAdminThatIsAskedForABackup, AsksNobodyForWhatItRefusesAnyway) {
  asked_world w(false);
  EXPECT_EQ(w.back_up(1s).status().code(), msg::UNSUPPORTED);
  EXPECT_EQ(w.heads_asked, 0);
}

} // namespace
} // namespace troupe::admin
