#include "tests/sim/checkers/coverage.h"
#include <algorithm>

namespace troupe::sim {
namespace {

log_index durable_index(const machine& m) {
  const bool holds = m.resident != 0 && m.storage->durable_items() != nullptr;
  return holds ? m.storage->durable_items()->index() : 0;
}

bool is_storage(const msg::Configuration& c, member_id id) {
  return std::any_of(c.members().begin(), c.members().end(),
                     [id](const auto& m) { return m.id() == id && m.kind() == msg::STORAGE_REPLICA; });
}

} // namespace

void coverage::truncated(member_id m, log_index up_to) {
  const machine* own = cluster_.of(m);
  if (own == nullptr)
    return;
  if (!own->log_only) {
    if (durable_index(*own) < up_to)
      find("m" + std::to_string(m) + " deleted log entries up to " + std::to_string(up_to) +
           ", but its durable items end at " + std::to_string(durable_index(*own)));
    return;
  }
  // Who joined later was given it, or a snapshot, by those who voted then; who has left needs it no more.
  for (const auto& member : truth_.governing(up_to).members()) {
    const machine* other = cluster_.of(member.id());
    if (other == nullptr || member.kind() != msg::STORAGE_REPLICA ||
        !is_storage(truth_.newest(), member.id()))
      continue;
    if (durable_index(*other) < up_to && !other->storage->durably_holds(up_to, truth_.link_at(up_to)))
      return find("m" + std::to_string(m) + ", a log replica, deleted log entries up to " +
                  std::to_string(up_to) + ", which m" + std::to_string(member.id()) + " does not hold yet");
  }
}

void coverage::opened(const member& m) {
  if (m.has_items() && m.applied() + 1 < m.group().first_index())
    find("m" + std::to_string(m.id()) + " opens with items up to " + std::to_string(m.applied()) +
         " and a log from " + std::to_string(m.group().first_index()));
}

void coverage::check_whole() {
  log_index in_items = cluster_.how().archive ? cluster_.store().reaches() : 0;
  for (const auto& m : cluster_.machines())
    in_items = std::max(in_items, durable_index(m));
  for (log_index i = in_items + 1; i <= truth_.length(); ++i) {
    bool held = false;
    for (const auto& m : cluster_.machines())
      held = held || (m.resident != 0 && m.storage->durably_holds(i, truth_.link_at(i)));
    if (!held)
      return find("no disk holds entry " + std::to_string(i) + " any more, though it was chosen");
  }
}

} // namespace troupe::sim
