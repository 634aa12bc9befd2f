// The protocol of DynamoDB's API: what a request must be before any operation looks at it, and who is asked
// then.
//
// The order of checks is DynamoDB's: method and content type, JSON, operation, signature, and then the
// operation's own (actors/gateway/api).
//
// Thread: any; it keeps nothing of a request.
#pragma once
#include "actors/gateway/auth/sigv4.h"
#include "actors/gateway/backend.h"
#include "actors/gateway/call.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe::gateway {

struct service_options {
  std::shared_ptr<gateway::backend> backend;
  std::shared_ptr<gateway::meter> meter;
  std::shared_ptr<const auth::verifier> verifier; // null: everybody is believed
  std::function<std::int64_t()> unix_seconds;     // for signatures
  std::size_t body_bytes = 16u << 20;             // of a body that was packed
};

class service : public std::enable_shared_from_this<service> {
public:
  explicit service(service_options options);

  void take(http::exchange request);
  // The body of what the HTTP server refuses by itself.
  static void shape_refusal(http::refusal why, http::response& out);

  gateway::backend& backend() const { return *options_.backend; }

private:
  bool answer_browser(const http::request& asked, call& to) const;
  bool answer_plain(const http::request& asked, call& to) const;
  std::optional<api::error> check_signature(const http::request& asked) const;

  const service_options options_;
};

} // namespace troupe::gateway
