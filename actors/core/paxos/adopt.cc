#include "actors/core/paxos/adopt.h"

namespace troupe::paxos {

namespace {

const entry_ptr* entry_at(const accepted_entries& entries, log_index index) {
  if (entries.empty() || index < entries.front()->index() || index > entries.back()->index())
    return nullptr;
  return &entries[index - entries.front()->index()];
}

} // namespace

std::vector<entry_ptr> adopt(log_index above, std::uint64_t link,
                             const std::vector<accepted_entries>& promises,
                             const struct options::mutations& mutations) {
  std::vector<entry_ptr> adopted;
  for (log_index index = above + 1;; ++index) {
    const entry_ptr* best = nullptr;
    for (const accepted_entries& entries : promises) {
      const entry_ptr* entry = entry_at(entries, index);
      if (!entry)
        continue;
      bool better = !best || before((*best)->ballot(), (*entry)->ballot());
      if (mutations.adopt_lowest_ballot)
        better = !best || before((*entry)->ballot(), (*best)->ballot());
      if (better)
        best = entry;
    }
    if (!best)
      break;
    if ((*best)->previous_link() != link && !mutations.skip_link_check)
      break;
    adopted.push_back(*best);
    link = (*best)->link();
    if ((*best)->kind() == msg::Entry::CONFIGURATION)
      break;
  }
  return adopted;
}

} // namespace troupe::paxos
