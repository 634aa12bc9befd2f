// A rate that is kept whatever the pieces are, and by all who share it.
#include "actors/kit/token_bucket.h"
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace troupe::kit {
namespace {

// What passes from `from_us` on within the time, by somebody who asks again as soon as he is told to.
std::uint64_t passed(token_bucket& bucket, std::uint64_t piece, std::int64_t from_us, std::int64_t for_us) {
  std::uint64_t bytes = 0;
  for (auto t = from_us; t < from_us + for_us;) {
    auto wait = bucket.admit(piece, t);
    EXPECT_GE(wait, 0);
    bytes += wait == 0 ? piece : 0;
    t += wait;
  }
  return bytes;
}

TEST(TokenBucket, KeepsTheRateWhateverThePieces) {
  for (std::uint64_t piece : {1'000ull, 100'000ull, 900'000ull}) {
    token_bucket bucket(1'000'000, 5);
    auto bytes = passed(bucket, piece, 5, 10'000'000);
    EXPECT_GE(bytes, 10'000'000u) << piece;
    EXPECT_LE(bytes, 10'250'000u + piece) << piece;
  }
}

TEST(TokenBucket, SavesUpAQuarterOfASecondAndNoMore) {
  token_bucket bucket(1'000'000, 0);
  EXPECT_EQ(bucket.admit(10'000'000, 0), 0);
  EXPECT_EQ(bucket.admit(1, 0), 9'750'001) << "what was taken ahead is owed";
  EXPECT_EQ(bucket.admit(1, 3'600'000'000), 0);
  auto at_once = passed(bucket, 1'000, 3'600'000'000, 1);
  EXPECT_LE(at_once, 251'000u) << "after an idle hour";
}

TEST(TokenBucket, AClockThatStandsStillOrGoesBackGivesNothing) {
  token_bucket bucket(1'000'000, 1'000'000);
  EXPECT_EQ(bucket.admit(500'000, 1'000'000), 0);
  EXPECT_GT(bucket.admit(1, 0), 0);
  EXPECT_GT(bucket.admit(1, 1'000'000), 0);
}

TEST(Pace, IsOneForAll) {
  pace shared(1'000'000, 0);
  std::vector<std::thread> all;
  std::vector<std::uint64_t> took(4);
  for (auto& one : took)
    all.emplace_back([&shared, &one] {
      for (std::int64_t t = 0; t < 2'000'000; t += 1'000)
        one += shared.admit(1'000, t) == 0 ? 1'000 : 0;
    });
  for (auto& one : all)
    one.join();
  std::uint64_t bytes = 0;
  for (auto one : took)
    bytes += one;
  EXPECT_LE(bytes, 2'251'000u);
  EXPECT_GE(bytes, 1'000'000u);
}

} // namespace
} // namespace troupe::kit
