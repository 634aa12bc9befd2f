#include "actors/router/meter.h"
#include "actors/kit/mailbox.h"
#include "config/limits.h"

namespace troupe::router {

namespace {

std::string lower_name(msg::Code code) {
  auto name = msg::Code_Name(code);
  for (auto& c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

} // namespace

meters::meters(kit::metrics_ptr m)
    : metrics(std::move(m)),
      inflight(metrics->gauge("troupe_router_inflight", "Requests this router has not answered yet.")),
      map_version(metrics->gauge("troupe_router_map_version", "Version of the partition map in use.")),
      map_age_seconds(
          metrics->gauge("troupe_router_map_age_seconds", "Since the map was last known to be the newest.")),
      repeats(metrics->counter("troupe_router_repeats_total", "Attempts beyond a request's first.")),
      followed(metrics->counter("troupe_router_moved_total", "Answers that named another leader.")),
      map_fetches(metrics->counter("troupe_router_map_fetches_total", "Questions for the partition map.")),
      mailbox(kit::mailbox_depth(*metrics, "router")) {}

const std::string& meters::label_of(const std::string& table) {
  static const std::string other = "other";
  auto it = labels_.find(table);
  if (it != labels_.end())
    return it->second;
  if (labels_.size() >= limits::labelled_tables)
    return other;
  return labels_.emplace(table, table).first->second;
}

void meters::done(const std::string& operation, const std::string& table, msg::Code outcome, double seconds,
                  int attempts) {
  auto& label = label_of(table);
  auto& counter = requests_[{operation, label, outcome}];
  if (!counter)
    counter =
        &metrics->counter("troupe_requests_total", "Requests answered by this router.",
                          {{"operation", operation}, {"table", label}, {"outcome", lower_name(outcome)}});
  counter->Increment();
  auto& histogram = seconds_[operation];
  if (!histogram)
    histogram =
        &metrics->histogram("troupe_request_seconds", "From a request's arrival at the router to its answer.",
                            kit::latency_buckets(), {{"operation", operation}});
  histogram->Observe(seconds);
  if (attempts > 1)
    repeats.Increment(attempts - 1);
}

} // namespace troupe::router
