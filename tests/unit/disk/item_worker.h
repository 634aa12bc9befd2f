// An item worker over real files, on virtual time, and the replica of one group that asks it and hears its
// answers: the test.
#pragma once
#include "actors/disk/items_actor.h"
#include "actors/kit/node_config.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/storage/fixtures.h"
#include <caf/actor_system.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::disk::test {

inline constexpr std::uint64_t group = 7;
inline constexpr std::uint64_t member = 1;

class item_worker {
public:
  item_worker();
  ~item_worker();

  void run(); // until nobody has anything to do at this moment
  void pass(std::chrono::milliseconds time);
  // One message of one actor; false when there is none.
  bool step();
  void end();     // of the worker: its files are closed
  void restart(); // with what lies in them

  void open(bool create = true);
  // Puts these items, all of this many bytes, and stands at the index then.
  void put(std::uint64_t index, const std::vector<std::string>& keys, std::size_t bytes);
  // The answer to a question for a piece that another member sent to this one.
  wire::snapshot_part ask(std::uint64_t transfer, std::uint64_t chunk, std::uint64_t at_least = 0,
                          std::uint64_t resume = 0);
  // Asks until it is cut.
  wire::snapshot_part fetch(std::uint64_t transfer, std::uint64_t chunk, std::uint64_t at_least = 0);
  // The same without waiting for what comes of it.
  void send_question(std::uint64_t transfer, std::uint64_t chunk, std::uint64_t at_least = 0,
                     std::uint64_t resume = 0);
  void send_put(std::uint64_t index, const std::vector<std::string>& keys, std::size_t bytes);
  wire::snapshot_stored store(std::uint64_t transfer, const msg::SnapshotChunk& chunk);
  // What an earlier transfer has left.
  wire::snapshot_stored take_up(std::uint64_t transfer, std::uint64_t at_least = 0, bool anew = false);
  template <class Message>
  void tell(Message what) {
    caf::anon_send(items_, std::move(what));
  }
  std::string snapshot_folder() const { return directory_.path() + "/snapshots"; }
  std::size_t snapshot_files() const; // that lie there
  std::string item_path() const { return directory_.path() + "/items/" + std::to_string(group) + ".db"; }

  // What the replica heard.
  std::vector<wire::items_opened> opened;
  std::vector<wire::items_applied> applied;
  std::vector<wire::snapshot_part> parts;
  std::vector<wire::snapshot_stored> stored;
  wire::replica_actor replica;
  std::int64_t gives_per_second = 0; // of the worker that is started next; 0: no bound

private:
  static wire::replica_actor::behavior_type hears(wire::replica_actor::pointer, item_worker* worker);

  testing::temporary_directory directory_;
  std::unique_ptr<kit::node_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_;
  std::unique_ptr<nodes_test::virtual_clock> clock_;
  wire::items_actor items_;
  std::uint64_t token_ = 0;
};

} // namespace troupe::disk::test
