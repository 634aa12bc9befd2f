// How item files are told by which rules to keep the entries of local indexes: storage knows records,
// core/item knows what entries items have, and here they meet.
#pragma once
#include "messages/table_options.pb.h"
#include "storage/item_store.h"

namespace troupe::disk {

// No rules when there are no indexes.
storage::entry_rules entry_rules_of(const msg::LocalIndexes& indexes);

} // namespace troupe::disk
