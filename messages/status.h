// Short ways to make and ask a Status. The codes and what they promise: messages/status.proto.
#pragma once
#include "messages/status.pb.h"
#include <string>
#include <utility>

namespace troupe {

inline msg::Status make_status(msg::Code code, std::string message = {}) {
  msg::Status status;
  status.set_code(code);
  status.set_message(std::move(message));
  return status;
}

inline bool is_ok(const msg::Status& status) {
  return status.code() == msg::OK;
}

} // namespace troupe
