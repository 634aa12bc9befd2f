// Tells CAF the names of the messages that cross a process boundary.
#pragma once

namespace caf {
class actor_system_config;
}

namespace troupe::wire {

void register_messages(caf::actor_system_config& config);

} // namespace troupe::wire
