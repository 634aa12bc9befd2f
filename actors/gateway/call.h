// One request of the API on its way through the gateway, with the right and the duty to answer it once.
//
// Thread: one owner at a time; it moves from the server's thread to the backend's.
#pragma once
#include "actors/gateway/api/error.h"
#include "actors/gateway/api/operations.h"
#include "actors/gateway/http/server.h"
#include "actors/gateway/meter.h"
#include <chrono>
#include <memory>
#include <string>

namespace troupe::gateway {

class call {
public:
  call(http::exchange from, std::shared_ptr<meter> to);
  ~call(); // answers with an error of ours what nobody has answered

  const http::request& asked() const { return from_.asked(); }

  // What the answer will say beside its body.
  api::operation operation = api::operation::none;
  std::string content_type = "application/json";

  void answer(std::string json);
  void refuse(const api::error& why);
  // Not JSON, or without any of what an answer of the API has beside its body.
  void answer_plainly(unsigned status, std::string body, std::string_view type);

  // A field for the answer, whatever it will be.
  void add(std::string_view name, std::string_view value) { with_.add(name, value); }

private:
  void send(unsigned status, std::string body, std::string_view outcome);
  http::exchange from_;
  std::shared_ptr<meter> meter_;
  http::response with_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  bool answered_ = false;
};

using call_ptr = std::shared_ptr<call>;

// The body with its checksum; `type` may be empty.
void put_body(http::response& into, std::string body, std::string_view type);

// 52 letters and digits, as DynamoDB's are, at random.
std::string make_request_id();

} // namespace troupe::gateway
