#include "actors/wire/glue.h"
#include "actors/wire/register.h"
#include "messages/rpc.pb.h"
#include <caf/actor_system_config.hpp>

namespace troupe::wire {

std::atomic<std::uint64_t>& broken_messages() {
  static std::atomic<std::uint64_t> count{0};
  return count;
}

void register_messages(caf::actor_system_config& config) {
  config.add_message_type<msg::Hello>(msg::Hello::descriptor()->full_name());
  config.add_message_type<msg::Envelope>(msg::Envelope::descriptor()->full_name());
}

} // namespace troupe::wire
