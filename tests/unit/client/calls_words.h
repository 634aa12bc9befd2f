// What the tests of a session's decisions have in common: quick options, and requests of each kind.
#pragma once
#include "actors/client/calls.h"
#include <chrono>
#include <cstdint>

namespace troupe::client {

inline constexpr std::int64_t ms = 1'000;

inline calls_options quick() {
  calls_options o;
  o.client_id = 77;
  o.seed = 1;
  o.capacity = 100;
  o.retry.first = std::chrono::milliseconds(10);
  o.retry.longest = std::chrono::milliseconds(80);
  o.retry.patience = std::chrono::milliseconds(1'000);
  return o;
}

inline msg::Parcel put_request() {
  msg::Parcel request;
  request.mutable_item_request()->set_table("t");
  request.mutable_item_request()->mutable_put()->set_item("i");
  return request;
}
inline msg::Parcel update_request() {
  msg::Parcel request;
  request.mutable_item_request()->set_table("t");
  request.mutable_item_request()->mutable_update()->set_key("k");
  return request;
}
inline msg::Parcel get_request() {
  msg::Parcel request;
  request.mutable_item_request()->set_table("t");
  request.mutable_item_request()->mutable_get()->set_key("k");
  return request;
}
inline msg::Parcel create_request() {
  msg::Parcel request;
  request.mutable_admin_request()->mutable_create_table()->set_name("t");
  return request;
}

} // namespace troupe::client
