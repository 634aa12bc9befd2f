#include "actors/scrubber/paced_store.h"
#include <algorithm>
#include <thread>

namespace troupe::scrubber {

using storage::result;

namespace {

constexpr std::chrono::microseconds nap{50'000}; // between two looks at whether it was cancelled

storage::error stopping() {
  return {storage::code::io, "this node stops"};
}

} // namespace

result<std::string> paced_store::after_a_pause(result<std::string> bytes) {
  if (!bytes)
    return bytes;
  bytes_read_ += bytes->size();
  for (std::chrono::microseconds left(pace_.wait_us(bytes->size())); left.count() > 0 && !stopped();
       left -= nap)
    std::this_thread::sleep_for(std::min(left, nap));
  return bytes;
}

result<storage::put_outcome> paced_store::put(const std::string& name, std::string_view bytes) {
  return behind_.put(name, bytes);
}

result<std::string> paced_store::get(const std::string& name, std::uint64_t max_bytes) {
  return stopped() ? stopping() : after_a_pause(behind_.get(name, max_bytes));
}

result<std::string> paced_store::get_range(const std::string& name, std::uint64_t offset, std::size_t count) {
  return stopped() ? stopping() : after_a_pause(behind_.get_range(name, offset, count));
}

result<storage::object_page> paced_store::list(const std::string& prefix, const std::string& after,
                                               std::size_t max) {
  return stopped() ? stopping() : behind_.list(prefix, after, max);
}

result<std::uint64_t> paced_store::head(const std::string& name) {
  return behind_.head(name);
}

result<void> paced_store::remove(const std::string& name) {
  return behind_.remove(name);
}

} // namespace troupe::scrubber
