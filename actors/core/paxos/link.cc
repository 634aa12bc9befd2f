#include "actors/core/paxos/group.h"
#include "messages/entry_link.h"

namespace troupe::paxos {

std::uint64_t link_of(std::uint64_t group, const msg::Entry& entry, std::uint64_t previous) {
  return entry_link(group, entry, previous);
}

} // namespace troupe::paxos
