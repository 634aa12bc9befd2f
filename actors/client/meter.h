// What a session counts: for counts() always, for Prometheus when the program gave it a registry.
//
// Thread: any.
#pragma once
#include "actors/client/calls.h"
#include "actors/kit/metrics.h"
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace troupe::client {

class meter {
public:
  // `node` labels the series. Without a registry of the program's, one of its own is made.
  meter(std::shared_ptr<prometheus::Registry> registry, const std::string& node);

  void answered(const finished& f, std::int64_t now_us);
  void refused_at_once(const msg::Parcel& request, msg::Code code);
  void moved_on(const calls& c); // after each event

  std::uint64_t answered() const { return answered_; }
  std::uint64_t unknown() const { return unknown_; }
  std::uint64_t attempts() const { return sent_; }
  std::uint64_t routers() const { return up_; }
  kit::metrics_ptr handles() const { return metrics_; }

private:
  void count(const msg::Parcel& request, msg::Code code);

  // Made once and found again without a lock: a request is not to pay for looking labels up.
  static constexpr std::size_t codes = msg::Code_ARRAYSIZE;
  std::array<std::array<std::atomic<prometheus::Counter*>, codes>, operation_names.size()> outcomes_{};
  std::array<std::atomic<prometheus::Histogram*>, operation_names.size()> latencies_{};

  kit::metrics_ptr metrics_;
  prometheus::Counter& attempts_total_;
  prometheus::Counter& late_replies_total_;
  prometheus::Gauge& in_flight_;
  prometheus::Gauge& routers_;
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> unknown_{0};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> up_{0};
  std::uint64_t late_ = 0;
};

} // namespace troupe::client
