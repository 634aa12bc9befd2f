// Metric handles, made once per node and shared by its actors. prometheus-cpp's counters, gauges and
// histograms are atomic; a handle stays valid as long as the registry. docs/metrics.md lists every family,
// and a test holds that list against this file's code.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <string>

namespace troupe::kit {

// Buckets for latencies in seconds: 50 us to 10 s, about a factor 2 apart.
const prometheus::Histogram::BucketBoundaries& latency_buckets();
// Buckets for counts: 1 to 4096 in powers of 2.
const prometheus::Histogram::BucketBoundaries& size_buckets();

class metrics {
public:
  // Labels every series with the node, so that a process that hosts several (troupe dev) can be scraped once.
  explicit metrics(std::shared_ptr<prometheus::Registry> registry, std::string node);

  prometheus::Counter& counter(const std::string& name, const std::string& help,
                               const std::map<std::string, std::string>& labels = {});
  prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                           const std::map<std::string, std::string>& labels = {});
  prometheus::Histogram& histogram(const std::string& name, const std::string& help,
                                   const prometheus::Histogram::BucketBoundaries& buckets,
                                   const std::map<std::string, std::string>& labels = {});

  const std::string& node() const { return node_; }
  prometheus::Registry& registry() { return *registry_; }

private:
  std::map<std::string, std::string> with_node(std::map<std::string, std::string> labels) const;
  std::shared_ptr<prometheus::Registry> registry_;
  std::string node_;
};

using metrics_ptr = std::shared_ptr<metrics>;

} // namespace troupe::kit
