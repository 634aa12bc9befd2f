// What every actor system of ours starts from.
#include "actors/kit/node_config.h"
#include <caf/all.hpp>
#include <gtest/gtest.h>
#include <set>

namespace troupe::kit {
namespace {

// Sessions of one program are actor systems of one process. With one id for two of them a node would take
// them for one, and send one what belongs to the other.
TEST(node_config, gives_every_actor_system_of_a_process_an_id_of_its_own) {
  constexpr std::size_t count = 100;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) {
    node_config_options how;
    how.threads = 1;
    node_config config(how);
    caf::actor_system system{config};
    ids.insert(caf::to_string(system.node()));
  }
  EXPECT_EQ(ids.size(), count);
}

} // namespace
} // namespace troupe::kit
