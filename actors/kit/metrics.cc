#include "actors/kit/metrics.h"

namespace troupe::kit {

const prometheus::Histogram::BucketBoundaries& latency_buckets() {
  static const prometheus::Histogram::BucketBoundaries bounds{0.00005, 0.0001, 0.0002, 0.0004, 0.0008, 0.0015,
                                                              0.003,   0.006,  0.012,  0.025,  0.05,   0.1,
                                                              0.25,    0.5,    1,      2.5,    5,      10};
  return bounds;
}

const prometheus::Histogram::BucketBoundaries& size_buckets() {
  static const prometheus::Histogram::BucketBoundaries bounds{1,   2,   4,   8,    16,   32,  64,
                                                              128, 256, 512, 1024, 2048, 4096};
  return bounds;
}

metrics::metrics(std::shared_ptr<prometheus::Registry> registry, std::string node)
    : registry_(std::move(registry)), node_(std::move(node)) {}

std::map<std::string, std::string> metrics::with_node(std::map<std::string, std::string> labels) const {
  labels.emplace("node", node_);
  return labels;
}

// prometheus-cpp hands out the existing family or series when it is asked for the same one again.
prometheus::Counter& metrics::counter(const std::string& name, const std::string& help,
                                      const std::map<std::string, std::string>& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(with_node(labels));
}

prometheus::Gauge& metrics::gauge(const std::string& name, const std::string& help,
                                  const std::map<std::string, std::string>& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(with_node(labels));
}

prometheus::Histogram& metrics::histogram(const std::string& name, const std::string& help,
                                          const prometheus::Histogram::BucketBoundaries& buckets,
                                          const std::map<std::string, std::string>& labels) {
  return prometheus::BuildHistogram()
      .Name(name)
      .Help(help)
      .Register(*registry_)
      .Add(with_node(labels), buckets);
}

} // namespace troupe::kit
