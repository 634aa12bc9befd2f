// Key attributes hold no documents, and DynamoDB refuses a projection that leads into one. Which attributes
// are keys the table says, so the node's router is asked for it: of requests with such paths alone, which are
// rare.
//
// Thread: that of handlers.
#pragma once
#include "actors/gateway/backend.h"
#include "actors/gateway/call.h"
#include "messages/expression.pb.h"
#include <functional>
#include <string>
#include <vector>

namespace troupe::gateway {

struct projected_table {
  std::string table;
  msg::ProjectionExpression nested; // the paths of more than one element
};

// The paths of more than one element.
msg::ProjectionExpression nested_in(const msg::ProjectionExpression& all);

// Goes on when no path leads into a key of its table or of one of the table's indexes, and refuses the call
// otherwise. Of a table that is not there, or not known now, whoever goes on hears soon enough.
void with_scalar_keys(backend& to, const call_ptr& c, std::vector<projected_table> of,
                      std::function<void()> go_on);

} // namespace troupe::gateway
