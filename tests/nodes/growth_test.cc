// A log replica fetches the items of a large partition that is written to meanwhile: three replicas with
// their disks and item workers, over real files, on virtual time. The roads between them are the test.
#include "actors/disk/disk_actor.h"
#include "actors/disk/items_actor.h"
#include "actors/kit/node_config.h"
#include "actors/kit/ticker_actor.h"
#include "actors/replica/replica_actor.h"
#include "storage/meta_store.h"
#include "tests/nodes/directory.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/stand_in.h"
#include <caf/all.hpp>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <map>

namespace troupe::nodes_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::uint64_t group = 7;

class three_replicas {
public:
  three_replicas()
      : config_(on_virtual_time()), system_(config_),
        scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_),
        root_(fresh_directory()) {
    configuration_.set_epoch(1);
    for (std::uint64_t id : {1, 2, 3}) {
      auto& member = *configuration_.add_members();
      member.set_id(id);
      member.set_node(name_of(id));
      member.set_disk(id);
      member.set_kind(id == 3 ? msg::LOG_REPLICA : msg::STORAGE_REPLICA);
    }
    for (std::uint64_t id : {1, 2, 3})
      boot(id);
    scheduler_.run();
  }

  ~three_replicas() {
    for (auto& [name, node] : nodes_) {
      for (auto& one : node.actors)
        caf::anon_send_exit(one, caf::exit_reason::kill);
      node = {};
    }
    scheduler_.run();
    std::filesystem::remove_all(root_);
  }

  void pass(milliseconds time) {
    for (; time.count() > 0; time -= 10ms) {
      scheduler_.clock().advance_time(10ms);
      scheduler_.run();
    }
  }

  // Puts an item through member 1, which leads.
  void put(const std::string& key, std::size_t bytes) {
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, group);
    *parcel.mutable_from() = wire::address(msg::ROLE_ROUTER);
    parcel.set_id(++asked_);
    auto& mutation = *parcel.mutable_replica_request()->mutable_write()->add_mutations();
    mutation.set_key(key);
    mutation.set_item(std::string(bytes, 'x'));
    deliver("n1", "a router", 0, std::move(parcel));
    scheduler_.run();
  }

  void grow() { caf::anon_send(nodes_["n3"].replica, wire::grow_atom::value); }

  msg::ReplicaReport report(std::uint64_t member) {
    msg::ReplicaReport report;
    caf::scoped_actor asker(system_);
    auto asking = asker->request(nodes_[name_of(member)].replica, caf::infinite, wire::report_atom::value);
    scheduler_.run();
    asking.receive([&](msg::ReplicaReport& what) { report = std::move(what); }, [](caf::error&) {});
    return report;
  }

  std::map<msg::Code, int> answers; // of writes

private:
  struct one_node {
    std::unique_ptr<storage::meta_store> meta;
    wire::replica_actor replica;
    std::vector<caf::actor> actors;
  };

  static std::string name_of(std::uint64_t member) { return "n" + std::to_string(member); }

  void boot(std::uint64_t id) {
    auto name = name_of(id);
    auto& node = nodes_[name];
    auto directory = root_ + "/" + name;
    auto meta = storage::meta_store::open(directory, "c", name);
    ASSERT_TRUE(meta.ok()) << meta.error().text;
    node.meta = std::move(*meta);
    auto log = storage::log_store::open(node.meta->log_path());
    ASSERT_TRUE(log.ok()) << log.error().text;
    auto metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), name);
    disk::disk_options writer;
    writer.log = std::move(*log);
    writer.directory = directory;
    writer.clock = &clock_;
    writer.metrics = metrics;
    disk::items_options items;
    items.directory = directory;
    items.open_max = 16;
    items.clock = &clock_;
    items.metrics = metrics;
    replica::replica_options o;
    o.group = group;
    o.member = id;
    o.kind = configuration_.members(static_cast<int>(id) - 1).kind();
    o.fresh = true;
    o.configuration = configuration_;
    o.preferred_leader = id == 1;
    o.node = name;
    o.seed = id;
    o.inflight = 64;
    o.peers = system_.spawn(roads, this, name, id);
    o.ticker =
        system_.spawn(kit::ticker, std::cref(static_cast<const kit::clock&>(clock_)), std::int64_t{10});
    o.disk = disk::spawn_disk(system_, std::move(writer), false);
    o.items = disk::spawn_items(system_, std::move(items), false);
    o.clock = &clock_;
    o.metrics = metrics;
    node.actors = {caf::actor_cast<caf::actor>(o.peers), caf::actor_cast<caf::actor>(o.ticker),
                   caf::actor_cast<caf::actor>(o.disk), caf::actor_cast<caf::actor>(o.items)};
    node.replica = replica::spawn_replica(system_, std::move(o));
    node.actors.push_back(caf::actor_cast<caf::actor>(node.replica));
  }

  void deliver(const std::string& to, const std::string& from, std::uint64_t disk, msg::Parcel parcel) {
    wire::inbox mail;
    mail.push_back({std::make_shared<wire::peer>(wire::peer{from, disk, 1, false}), std::move(parcel)});
    caf::anon_send(nodes_[to].replica, std::move(mail));
  }

  static wire::peers_actor::behavior_type roads(wire::peers_actor::pointer, three_replicas* world,
                                                std::string name, std::uint64_t id) {
    return testing::stand_in<wire::peers_actor>([=](wire::outbox& mail) {
      for (auto& one : mail)
        if (one.parcel.has_replica_reply())
          ++world->answers[one.parcel.replica_reply().status().code()];
        else
          world->deliver(one.node, name, id, std::move(one.parcel));
    });
  }

  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  virtual_clock clock_;
  std::string root_;
  msg::Configuration configuration_;
  std::map<std::string, one_node> nodes_;
  std::uint64_t asked_ = 0;
};

TEST(Growth, EndsWhateverThePartitionsSizeAndWhileItIsWrittenTo) {
  three_replicas world;
  world.pass(3s);
  ASSERT_TRUE(world.report(1).serving());
  constexpr std::uint64_t large = 200;
  for (std::uint64_t i = 0; i < large; ++i) {
    world.put("large " + std::to_string(i), 400'000); // 80 MB
    world.pass(10ms);
  }
  world.pass(3s);
  ASSERT_EQ(world.answers[msg::OK], static_cast<int>(large));
  ASSERT_EQ(world.report(2).items(), large);

  world.grow();
  std::uint64_t small = 0;
  auto grown = false;
  for (; small < 300 && !grown; ++small) { // 30 seconds
    world.put("small " + std::to_string(small), 100);
    world.pass(100ms);
    grown = world.report(3).grown();
  }
  ASSERT_TRUE(grown);
  EXPECT_EQ(world.answers[msg::OK], static_cast<int>(large + small)) << "nobody had to wait for it";
  world.pass(3s);
  EXPECT_EQ(world.report(3).items(), large + small);
  EXPECT_EQ(world.report(3).applied(), world.report(1).applied());
}

} // namespace
} // namespace troupe::nodes_test
