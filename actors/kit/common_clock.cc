#include "actors/kit/common_clock.h"
#include <algorithm>
#include <vector>

namespace troupe::kit {

namespace {

constexpr std::int64_t differ_ms = 1'000; // clocks that NTP keeps are within some milliseconds
constexpr std::int64_t window_us = 2'000'000;
constexpr std::int64_t remembered_us = 10'000'000; // after that a node's word is too old
constexpr std::size_t clocks_min = 3;              // of two that differ nobody knows which is wrong

} // namespace

void common_clock::heard(const std::string& node, std::int64_t sent_ms) {
  const auto now = own_.now_us();
  const auto difference = sent_ms - now / 1000;
  std::lock_guard hold(lock_);
  auto& one = others_[node];
  const auto window = now / window_us;
  if (one.heard_us == 0 || now - one.heard_us > remembered_us) {
    one.newest = one.before = difference;
  } else if (one.window != window) {
    one.before = one.newest;
    one.newest = difference;
  } else {
    one.newest = std::max(one.newest, difference);
  }
  one.window = window;
  one.heard_us = now;
  std::erase_if(others_, [&](const auto& it) { return now - it.second.heard_us > remembered_us; });
  std::vector<std::int64_t> all{own_.unix_ms() - now / 1000};
  for (auto& [name, it] : others_)
    all.push_back(std::max(it.newest, it.before));
  if (all.size() < clocks_min) {
    until_us_ = 0;
    return;
  }
  auto middle = all.begin() + static_cast<std::ptrdiff_t>((all.size() - 1) / 2);
  std::nth_element(all.begin(), middle, all.end());
  middle_ = *middle;
  until_us_ = now + remembered_us;
}

std::int64_t common_clock::off_ms() const {
  const auto now = own_.now_us();
  if (now >= until_us_)
    return 0;
  const auto off = own_.unix_ms() - (now / 1000 + middle_);
  return off > differ_ms || off < -differ_ms ? off : 0;
}

std::int64_t common_clock::unix_ms() const {
  return own_.unix_ms() - off_ms();
}

} // namespace troupe::kit
