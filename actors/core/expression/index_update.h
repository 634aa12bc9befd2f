// What an update may do to the sort keys of local indexes, as far as that can be told without the item. The
// rest is told by item::check_updated_index_keys() of what the update has made.
//
// Thread: pure functions. Errors: refusals in DynamoDB's words.
#pragma once
#include "actors/core/item/local_indexes.h"
#include "messages/expression.pb.h"

namespace troupe::expression {

item::verdict check_index_update(const msg::UpdateExpression& update, const item::index_list& indexes);

} // namespace troupe::expression
