// How a table's options are changed: read what they are, make what they shall be, and ask for the exchange.
// When somebody else was quicker, begin again, a few times.
//
// Thread: that of handlers.
#pragma once
#include "actors/gateway/backend.h"
#include "actors/gateway/call.h"
#include <functional>
#include <string>

namespace troupe::gateway {

struct option_change {
  std::string table;
  // Makes the new options of those that it is given, or refuses. `before`: a description of the table a
  // moment ago; its time is the metadata leader's, who judges by it.
  std::function<api::trouble(const msg::AdminReply& before, msg::TableOptions&)> make;
  // Answers with the table as it is now; `before`: the description that the change was made from.
  std::function<void(call&, const msg::TableRecord&, const msg::AdminReply& before)> done;
  api::error absent; // when there is no such table
  // When the cluster cannot do what is wanted, and says why; null: the usual words.
  std::function<api::error(const std::string& why)> unsupported;
};

void change_options(backend& to, const call_ptr& c, option_change what);

} // namespace troupe::gateway
