// How a table's options are changed: read what they are, make what they shall be, and ask for the exchange.
// When somebody else was quicker, begin again, a few times.
//
// Thread: that of handlers.
#pragma once
#include "actors/gateway/backend.h"
#include "actors/gateway/call.h"
#include <functional>
#include <optional>
#include <string>

namespace troupe::gateway {

struct option_change {
  std::string table;
  // Makes the new options, or refuses.
  std::function<api::trouble(const msg::TableRecord&, msg::TableOptions&)> make;
  // Answers with the table as it is now; `before`: the description that the change was made from.
  std::function<void(call&, const msg::TableRecord&, const msg::AdminReply& before)> done;
  api::error absent; // when there is no such table
  std::optional<api::error>
      unsupported; // when the cluster cannot do what is wanted; nothing: the usual words
};

void change_options(backend& to, const call_ptr& c, option_change what);

} // namespace troupe::gateway
