// Pages of a local index: entries of the item file, with those of the overlay's items in place of theirs.
//
// An item that the overlay has applied speaks for itself: whatever entries the file has of it are of a
// version before, and are passed over. As with items, the overlay is looked at when the file has answered.
#include "actors/replica/replica_state.h"
#include <algorithm>

namespace troupe::replica {

void replica_state::drop_overlaid(std::uint32_t index, std::vector<msg::Record>& stored) const {
  std::erase_if(stored, [&](const msg::Record& record) {
    return items.applied(indexes->item_key(index, record.key())) != nullptr;
  });
}

// What the entry of an applied item shows.
std::string replica_state::shown(const msg::ReplicaRequest::Scan& scan, const overlay::version& item) const {
  auto& projection = indexes->projection(scan.index());
  if (scan.whole() || projection.all())
    return item.item;
  return projection.apply(item.item).value_or(std::string());
}

} // namespace troupe::replica
