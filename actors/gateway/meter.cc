#include "actors/gateway/meter.h"

namespace troupe::gateway {

namespace {

std::string name_of(api::operation what) {
  for (const auto& known : api::all_operations)
    if (known.which == what && what != api::operation::none)
      return std::string(known.name);
  return "other";
}

} // namespace

meter::meter(kit::metrics_ptr metrics)
    : metrics_(std::move(metrics)),
      connections_(metrics_->gauge("troupe_http_connections", "Connections of HTTP clients that are open.")) {
  for (std::size_t i = 0; i < http::refusals; ++i)
    refused_[i] =
        &metrics_->counter("troupe_http_refused_total",
                           "HTTP requests and connections that the server itself refused or gave up, by why.",
                           {{"reason", std::string(http::name_of(static_cast<http::refusal>(i)))}});
}

void meter::answered(api::operation what, std::string_view outcome, double seconds) {
  const auto slot = static_cast<std::size_t>(what);
  const bool ok = outcome == "ok";
  auto* counter = ok ? ok_[slot].load() : nullptr;
  if (counter == nullptr)
    counter = &metrics_->counter("troupe_api_requests_total",
                                 "Requests of the DynamoDB API answered, by operation and by what was said.",
                                 {{"operation", name_of(what)}, {"outcome", std::string(outcome)}});
  if (ok)
    ok_[slot] = counter;
  counter->Increment();
  auto* histogram = latency_[slot].load();
  if (histogram == nullptr)
    latency_[slot] = histogram = &metrics_->histogram(
        "troupe_api_request_seconds", "From a request's last byte to its answer, by operation.",
        kit::latency_buckets(), {{"operation", name_of(what)}});
  histogram->Observe(seconds);
}

void meter::connections(std::size_t now) {
  connections_.Set(static_cast<double>(now));
}

void meter::refused(http::refusal why) {
  refused_[static_cast<std::size_t>(why)]->Increment();
}

} // namespace troupe::gateway
