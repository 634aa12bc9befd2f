// The actor that writes the node's log.
#include "actors/disk/disk_actor.h"
#include "actors/kit/node_config.h"
#include "messages/entry_link.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/stand_in.h"
#include "tests/unit/storage/fixtures.h"
#include <caf/all.hpp>

namespace troupe::disk {
namespace {

// A replica opens its log again right behind an append that nobody waits for.
TEST(LogWriter, LoadsWhatItWasGivenBefore) {
  testing::temporary_directory directory;
  kit::node_config config(nodes_test::on_virtual_time());
  caf::actor_system system(config);
  auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  nodes_test::virtual_clock clock(scheduler);
  auto log = storage::log_store::open(directory.path() + "/log.db");
  ASSERT_TRUE(log.ok());
  disk_options options;
  options.log = std::move(*log);
  options.directory = directory.path();
  options.clock = &clock;
  options.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
  auto writer = spawn_disk(system, std::move(options), false);
  std::optional<wire::log_loaded> loaded;
  auto replica = system.spawn([&loaded]() -> wire::replica_actor::behavior_type {
    return testing::stand_in<wire::replica_actor>([&loaded](const wire::log_loaded& what) { loaded = what; });
  });
  wire::append_log create;
  create.group = 7;
  create.create = true;
  create.hard_state.emplace();
  caf::anon_send(writer, std::move(create));
  scheduler.run();
  auto entry = std::make_shared<msg::Entry>();
  entry->set_index(1);
  entry->set_link(entry_link(7, *entry, 0));
  wire::append_log append;
  append.group = 7;
  append.entries.push_back(std::move(entry));
  caf::anon_send(writer, std::move(append));
  caf::anon_send(writer, wire::load_log{7, replica});
  scheduler.run();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->entries.size(), 1u);
  caf::anon_send_exit(writer, caf::exit_reason::kill);
  caf::anon_send_exit(replica, caf::exit_reason::kill);
  scheduler.run();
}

} // namespace
} // namespace troupe::disk
