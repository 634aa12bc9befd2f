// The router's metric handles. Tables are labelled up to a bound, so that their number does not become the
// number of series; the rest share the label "other".
#pragma once
#include "actors/kit/metrics.h"
#include "messages/status.pb.h"
#include <map>
#include <string>
#include <tuple>

namespace troupe::router {

struct meters {
  explicit meters(kit::metrics_ptr m);

  // operation: put, delete, get, query, admin.
  void done(const std::string& operation, const std::string& table, msg::Code outcome, double seconds,
            int attempts);

  kit::metrics_ptr metrics;
  prometheus::Gauge& inflight;
  prometheus::Gauge& map_version;
  prometheus::Gauge& map_age_seconds;
  prometheus::Counter& repeats;
  prometheus::Counter& followed;
  prometheus::Counter& map_fetches;
  prometheus::Histogram& mailbox;

private:
  const std::string& label_of(const std::string& table);
  std::map<std::string, std::string> labels_;
  std::map<std::tuple<std::string, std::string, int>, prometheus::Counter*> requests_;
  std::map<std::string, prometheus::Histogram*> seconds_;
};

} // namespace troupe::router
