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

// The writer over a real file, on virtual time, and the replica of group 7 that hears its answers: the test.
struct log_writer {
  testing::temporary_directory directory;
  kit::node_config config{nodes_test::on_virtual_time()};
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  nodes_test::virtual_clock clock{scheduler};
  wire::disk_actor writer;
  wire::replica_actor replica;
  std::optional<wire::log_loaded> loaded;
  std::vector<wire::disk_result> answers;

  log_writer() {
    auto log = storage::log_store::open(directory.path() + "/log.db");
    EXPECT_TRUE(log.ok());
    disk_options options;
    options.log = std::move(*log);
    options.directory = directory.path();
    options.clock = &clock;
    options.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
    writer = spawn_disk(system, std::move(options), false);
    replica = system.spawn([this]() -> wire::replica_actor::behavior_type {
      return testing::stand_in<wire::replica_actor>(
          [this](const wire::log_loaded& what) { loaded = what; },
          [this](const wire::appended& what) { answers.push_back(what.result); });
    });
  }
  ~log_writer() {
    caf::anon_send_exit(writer, caf::exit_reason::kill);
    caf::anon_send_exit(replica, caf::exit_reason::kill);
    scheduler.run();
  }
  void create() {
    wire::append_log job;
    job.group = 7;
    job.create = true;
    job.hard_state.emplace();
    job.who = replica;
    caf::anon_send(writer, std::move(job));
    scheduler.run();
  }
  void append(std::uint64_t group) {
    auto entry = std::make_shared<msg::Entry>();
    entry->set_index(1);
    entry->set_link(entry_link(group, *entry, 0));
    wire::append_log job;
    job.group = group;
    job.entries.push_back(std::move(entry));
    job.who = replica;
    caf::anon_send(writer, std::move(job));
  }
};

// A replica opens its log again right behind an append that nobody waits for.
TEST(LogWriter, LoadsWhatItWasGivenBefore) {
  log_writer w;
  w.create();
  w.append(7);
  caf::anon_send(w.writer, wire::load_log{7, w.replica});
  w.scheduler.run();
  ASSERT_TRUE(w.loaded);
  EXPECT_EQ(w.loaded->entries.size(), 1u);
}

TEST(LogWriter, MakesALogOnceAndWritesToNoneThatWasNotMade) {
  log_writer w;
  w.create();
  w.create();
  w.append(8);
  w.scheduler.run();
  ASSERT_EQ(w.answers.size(), 3u);
  EXPECT_TRUE(w.answers[0].ok());
  EXPECT_EQ(w.answers[1].outcome, wire::disk_outcome::exists);
  EXPECT_EQ(w.answers[2].outcome, wire::disk_outcome::missing);
}

} // namespace
} // namespace troupe::disk
