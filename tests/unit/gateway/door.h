// A gateway on a free port, over a fake cluster, with a client at its door.
#pragma once
#include "actors/gateway/http/server.h"
#include "actors/gateway/service.h"
#include "tests/unit/gateway/fake_backend.h"
#include "tests/unit/gateway/http/raw_client.h"
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace troupe::gateway::test {

using http::test::answer;
using http::test::raw_client;

class door {
public:
  explicit door(std::shared_ptr<const auth::verifier> verifier = nullptr, std::int64_t now = 0) {
    service_options o;
    o.backend = cluster;
    o.meter = meter;
    o.verifier = std::move(verifier);
    o.unix_seconds = [now] { return now; };
    o.body_bytes = 1u << 20;
    auto service = std::make_shared<gateway::service>(std::move(o));
    auto started = http::server::start(
        {.body_bytes = 1u << 20, .linger = std::chrono::milliseconds(100)},
        [service](http::exchange e) { service->take(std::move(e)); }, service::shape_refusal, meter.get());
    EXPECT_EQ(started.trouble, "");
    server = std::move(started.running);
  }

  // Sends bytes and reads one answer.
  answer send(const std::string& bytes) {
    raw_client c(server->port());
    EXPECT_TRUE(c.send(bytes));
    auto a = c.read_answer();
    EXPECT_TRUE(a) << bytes;
    return a.value_or(answer{});
  }

  static std::string bytes_of(const std::string& operation, const std::string& body,
                              const std::string& more = {}) {
    return "POST / HTTP/1.1\r\nHost: db.example:8000\r\nContent-Type: application/x-amz-json-1.0\r\n"
           "X-Amz-Target: DynamoDB_20120810." +
           operation + "\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  answer ask(const std::string& operation, const std::string& body, const std::string& more = {}) {
    return send(bytes_of(operation, body, more));
  }

  // Status and body, which is what most tests are about.
  std::string said(const std::string& operation, const std::string& body) {
    const auto a = ask(operation, body);
    return std::to_string(a.status) + " " + a.body;
  }

  std::string metrics() const { return prometheus::TextSerializer().Serialize(registry->Collect()); }

  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::shared_ptr<gateway::meter> meter =
      std::make_shared<gateway::meter>(std::make_shared<kit::metrics>(registry, "n1"));
  std::shared_ptr<fake_backend> cluster = std::make_shared<fake_backend>();
  std::unique_ptr<http::server> server;
};

inline const std::string validation =
    R"(400 {"__type":"com.amazon.coral.validate#ValidationException","message":")";
inline const std::string dynamodb = R"(400 {"__type":"com.amazonaws.dynamodb.v20120810#)";

} // namespace troupe::gateway::test
