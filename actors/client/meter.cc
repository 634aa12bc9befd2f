#include "actors/client/meter.h"

namespace troupe::client {

meter::meter(std::shared_ptr<prometheus::Registry> registry, const std::string& node)
    : metrics_(std::make_shared<kit::metrics>(
          registry ? std::move(registry) : std::make_shared<prometheus::Registry>(), node)),
      attempts_total_(metrics_->counter("troupe_client_attempts_total",
                                        "Messages sent to routers; one request may need several.")),
      late_replies_total_(metrics_->counter("troupe_client_late_replies_total",
                                            "Replies that came twice or after the request was settled.")),
      in_flight_(metrics_->gauge("troupe_client_requests_in_flight", "Requests not answered yet.")),
      routers_(metrics_->gauge("troupe_client_routers", "Routers the session has a link to.")) {}

void meter::count(const msg::Parcel& request, msg::Code code) {
  ++answered_;
  if (code == msg::UNKNOWN_OUTCOME)
    ++unknown_;
  auto known = msg::Code_IsValid(code) ? code : msg::INTERNAL; // a newer router may have words we do not know
  auto operation = operation_of(request);
  auto& slot = outcomes_[operation][known];
  auto* counter = slot.load();
  if (counter == nullptr)
    slot = counter = &metrics_->counter(
        "troupe_client_requests_total", "Requests answered, by what was asked and what was said.",
        {{"operation", std::string(operation_names[operation])}, {"outcome", msg::Code_Name(known)}});
  counter->Increment();
}

void meter::answered(const finished& f, std::int64_t now_us) {
  count(f.what.request, status_of(f.reply).code());
  auto operation = operation_of(f.what.request);
  auto& slot = latencies_[operation];
  auto* histogram = slot.load();
  if (histogram == nullptr)
    slot = histogram = &metrics_->histogram(
        "troupe_client_request_seconds", "From the request's start to its answer, with all attempts.",
        kit::latency_buckets(), {{"operation", std::string(operation_names[operation])}});
  histogram->Observe(static_cast<double>(now_us - f.started_us) / 1e6);
}

void meter::refused_at_once(const msg::Parcel& request, msg::Code code) {
  count(request, code);
}

void meter::moved_on(const calls& c) {
  attempts_total_.Increment(static_cast<double>(c.attempts() - sent_));
  late_replies_total_.Increment(static_cast<double>(c.late_replies() - late_));
  sent_ = c.attempts();
  late_ = c.late_replies();
  up_ = c.routers();
  in_flight_.Set(static_cast<double>(c.size()));
  routers_.Set(static_cast<double>(c.routers()));
}

} // namespace troupe::client
