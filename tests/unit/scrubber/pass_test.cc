// A full pass ends, whatever happens: with all that was read, or with what stood in its way.
#include "actors/kit/log.h"
#include "tests/unit/scrubber/proof_world.h"
#include <gmock/gmock.h>

namespace troupe::scrubber {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct Pass : ::testing::Test {
  world w;
  Pass() { w.start(); }
};

TEST_F(Pass, EndsWhenAllHasBeenRead) {
  w.read();
  w.run(1s);
  EXPECT_EQ(w.counted("troupe_scrub_passes_total"), 1);
  EXPECT_EQ(w.counted("troupe_scrub_passes_failed_total"), 0);
  EXPECT_GT(w.report().pass_ms(), 0);
  EXPECT_EQ(w.report().findings(), 0u);
}

TEST_F(Pass, FetchesWhatCannotBeReadAndSaysWhenItCan) {
  w.unreadable = {7};
  w.read();
  w.run(3s);
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "log"), 1);
  EXPECT_EQ(w.counted("troupe_scrub_passes_total"), 0) << "it is not over";
  w.unreadable.clear();
  w.run(1s);
  EXPECT_EQ(w.counted("troupe_scrub_repairs_total", "log"), 1);
  EXPECT_EQ(w.counted("troupe_scrub_passes_total"), 1);
}

// Whoever has the entries is silent, for as long as anybody can tell.
TEST_F(Pass, EndsThoughNobodyGivesWhatCannotBeRead) {
  w.unreadable = {7, 8};
  w.read();
  w.run(15s);
  EXPECT_EQ(w.counted("troupe_scrub_passes_total"), 1);
  EXPECT_GT(w.report().pass_ms(), 0) << "everything else has been read";
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "log"), 2);
  EXPECT_THAT(w.report().finding(), HasSubstr("2 entries, the first is 7 of its log can still not be read"));
  EXPECT_EQ(w.report().repairs(), 0u);
  const auto read = w.log_reads;
  w.run(60s);
  EXPECT_EQ(w.log_reads, read) << "its turn comes again, and not at once";
}

TEST_F(Pass, OverAReplicaThatDoesNotRunIsTriedAgainAndCounted) {
  w.runs = false;
  kit::set_log_level(kit::level::warning);
  ::testing::internal::CaptureStderr();
  w.read();
  for (int i = 0; i < 100 && w.counted("troupe_scrub_passes_failed_total") == 0; ++i)
    w.run(50ms);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "it may be starting";
  ::testing::internal::CaptureStderr();
  w.run(10s);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("could not be read in full"));
  EXPECT_GE(w.counted("troupe_scrub_passes_failed_total"), 5);
  EXPECT_LE(w.counted("troupe_scrub_passes_failed_total"), 20);
  EXPECT_EQ(w.counted("troupe_scrub_passes_total"), 0);
  EXPECT_GE(w.counted("troupe_scrub_oldest_pass_seconds"), 8);
  w.runs = true;
  w.run(2s);
  EXPECT_EQ(w.counted("troupe_scrub_passes_total"), 1);
}

// A member that never answers: nothing is found, and for how long that has been so is known.
TEST_F(Pass, WhereMembersAreNeverComparedThatIsCountedSinceTheGroupIsLedHere) {
  for (std::uint64_t member : {1, 2, 3})
    w.voices["n" + std::to_string(member)] = {member, {}, 100 + member, {}};
  w.voices["n3"].mute = true;
  w.compare();
  w.run(60s);
  EXPECT_GE(w.counted("troupe_scrub_comparisons_total", "none"), 2);
  EXPECT_GE(w.counted("troupe_scrub_oldest_comparison_seconds"), 58);
}

} // namespace
} // namespace troupe::scrubber
