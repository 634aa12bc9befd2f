#include "actors/gateway/call.h"
#include <random>
#include <utility>
#include <zlib.h>

namespace troupe::gateway {

std::string make_request_id() {
  constexpr char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
  constexpr int length = 52;
  constexpr int per_draw = 12; // of five bits each
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::string out;
  out.reserve(length);
  std::uint64_t bits = 0;
  for (int i = 0; i < length; ++i) {
    if (i % per_draw == 0)
      bits = random();
    out += letters[bits & 31];
    bits >>= 5;
  }
  return out;
}

void put_body(http::response& into, std::string body, std::string_view type) {
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  into.add("x-amz-crc32", std::to_string(sum));
  if (!type.empty())
    into.add("Content-Type", type);
  into.body = std::move(body);
}

call::call(http::exchange from, std::shared_ptr<meter> to) : from_(std::move(from)), meter_(std::move(to)) {
  with_.add("x-amzn-RequestId", make_request_id());
}

call::~call() {
  if (!answered_)
    refuse(api::internal());
}

void call::answer(std::string json) {
  send(200, std::move(json), "ok");
}

void call::refuse(const api::error& why) {
  send(why.status, why.body(), why.name());
}

void call::send(unsigned status, std::string body, std::string_view outcome) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  meter_->answered(operation, outcome, took.count());
  answer_plainly(status, std::move(body), content_type);
}

void call::answer_plainly(unsigned status, std::string body, std::string_view type) {
  if (std::exchange(answered_, true))
    return;
  put_body(with_, std::move(body), type);
  with_.status = status;
  from_.answer(std::move(with_));
}

} // namespace troupe::gateway
