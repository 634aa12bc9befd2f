// So many bytes a second, and no more: for work that may take its time, so that what cannot wait is not
// disturbed.
//
// A bucket fills at the rate, up to a quarter of a second's worth, and whoever finds anything in it may go on
// with a piece of any size: the rest is owed. So pieces that are larger than the bucket pass, too, and over a
// second or more the rate is kept.
#pragma once
#include <algorithm>
#include <cstdint>
#include <mutex>

namespace troupe::kit {

// Pure. Times are microseconds on one clock.
class token_bucket {
public:
  // `per_second` is larger than 0.
  token_bucket(std::int64_t per_second, std::int64_t now_us)
      : rate_(static_cast<double>(per_second) / 1e6), most_(static_cast<double>(per_second) / 4),
        level_(most_), last_us_(now_us) {}

  // 0: the bytes have been taken. Else nothing was, and it is to be asked again in so many microseconds.
  std::int64_t admit(std::uint64_t bytes, std::int64_t now_us) {
    level_ =
        std::min(most_, level_ + rate_ * static_cast<double>(std::max<std::int64_t>(now_us - last_us_, 0)));
    last_us_ = std::max(last_us_, now_us);
    if (level_ <= 0)
      return static_cast<std::int64_t>(-level_ / rate_) + 1;
    level_ -= static_cast<double>(bytes);
    return 0;
  }

private:
  double rate_; // bytes in a microsecond
  double most_;
  double level_; // below 0: owed
  std::int64_t last_us_;
};

// One bucket for all who share it. Any thread.
class pace {
public:
  pace(std::int64_t per_second, std::int64_t now_us) : bucket_(per_second, now_us) {}

  std::int64_t admit(std::uint64_t bytes, std::int64_t now_us) {
    std::lock_guard lock(mutex_);
    return bucket_.admit(bytes, now_us);
  }

private:
  std::mutex mutex_;
  token_bucket bucket_;
};

} // namespace troupe::kit
