// What the gateway counts, for Prometheus.
//
// Thread: any.
#pragma once
#include "actors/gateway/api/operations.h"
#include "actors/gateway/http/server.h"
#include "actors/kit/metrics.h"
#include <array>
#include <atomic>
#include <string_view>

namespace troupe::gateway {

class meter final : public http::observer {
public:
  explicit meter(kit::metrics_ptr metrics);

  // `outcome` is "ok" or the name of DynamoDB's error. Not of the client's making: labels must stay few.
  void answered(api::operation what, std::string_view outcome, double seconds);
  void connections(std::size_t now) override;
  void refused(http::refusal why) override;

private:
  kit::metrics_ptr metrics_;
  prometheus::Gauge& connections_;
  std::array<prometheus::Counter*, http::refusals> refused_{};
  // Found without looking labels up, as these are what nearly all requests need.
  std::array<std::atomic<prometheus::Counter*>, api::operation_count + 1> ok_{};
  std::array<std::atomic<prometheus::Histogram*>, api::operation_count + 1> latency_{};
};

} // namespace troupe::gateway
