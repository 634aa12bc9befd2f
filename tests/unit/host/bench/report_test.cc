// What people and programs get to see of a run.
#include "actors/host/bench/report.h"
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace troupe::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> split(const std::string& line, char at) {
  std::vector<std::string> parts;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, at);)
    parts.push_back(part);
  return parts;
}

run_result small_run() {
  run_result run;
  run.settings.target = "troupe";
  run.settings.load.clients = 64;
  run.seconds = 2;
  for (std::uint64_t i = 1; i <= 1000; ++i)
    run.measured.count(operation_kind::read, ending::ok, i);
  for (int i = 0; i < 500; ++i)
    run.measured.count(operation_kind::update, ending::ok, 2000);
  run.measured.count(operation_kind::update, ending::rejected, 1);
  run.measured.count(operation_kind::update, ending::failed, 1);
  run.measured.count(operation_kind::read, ending::unknown, 5'000'000);
  run.server_cpu_seconds = 0.15;
  return run;
}

TEST(Report, RefusalsAndTimeoutsDoNotCountAsAnswers) {
  const run_result run = small_run();
  const tally all = run.measured.all();
  EXPECT_EQ(all.answered(), 1500u);
  EXPECT_EQ(all.total(), 1503u);
  EXPECT_EQ(all.latency_us.count(), 1500u);
  EXPECT_EQ(all.latency_us.max(), 2000u);
}

TEST(Report, MeasurementsOfThreadsAddUp) {
  measurements sum;
  sum.merge(small_run().measured);
  sum.merge(small_run().measured);
  EXPECT_EQ(sum.of(operation_kind::read).ok, 2000u);
  EXPECT_EQ(sum.of(operation_kind::update).rejected, 2u);
  EXPECT_EQ(sum.all().total(), 3006u);
}

TEST(Report, TheTableHasALinePerOperationAndOneForAll) {
  const std::string text = summary({small_run()});
  std::vector<std::string> lines = split(text, '\n');
  ASSERT_EQ(lines.size(), 4u) << text;
  EXPECT_THAT(lines[0], HasSubstr("ops/s"));
  EXPECT_THAT(lines[1], HasSubstr("read "));
  EXPECT_THAT(lines[1], HasSubstr("500 us")) << "half of the reads took that";
  EXPECT_THAT(lines[2], HasSubstr("2.00 ms"));
  EXPECT_THAT(lines[3], HasSubstr("all "));
  EXPECT_THAT(lines[3], HasSubstr("750")) << "1,500 answers in 2 s";
  EXPECT_THAT(lines[3], HasSubstr("100.0 us")) << "of CPU for each";
  for (const std::string& line : lines)
    EXPECT_EQ(line.find_last_not_of(' ') + 1, line.size());
}

TEST(Report, ARunOfOneKindHasOneLine) {
  run_result run;
  run.settings.load.which = workload::c;
  run.seconds = 1;
  run.measured.count(operation_kind::read, ending::missing, 10);
  EXPECT_EQ(split(summary({run}), '\n').size(), 2u);
}

TEST(Report, ARunWithoutAnyAnswerIsShownToo) {
  run_result run;
  run.seconds = 1;
  run.measured.count(operation_kind::read, ending::unknown, 0);
  EXPECT_THAT(summary({run}), HasSubstr("-"));
  EXPECT_EQ(split(summary({run_result{}}), '\n').size(), 2u) << "nothing was asked at all";
}

TEST(Report, CsvLinesHaveTheHeadersColumns) {
  std::ostringstream out;
  out << csv_header();
  run_result run = small_run();
  csv(out, run);
  run.settings.per_second = 1000;
  csv(out, run);
  const std::vector<std::string> lines = split(out.str(), '\n');
  ASSERT_EQ(lines.size(), 7u);
  const std::vector<std::string> header = split(lines[0], ',');
  for (const std::string& line : lines)
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), static_cast<std::ptrdiff_t>(header.size()) - 1)
        << line;
  const auto column = [&](const char* name, const std::string& line) {
    const auto at = std::find(header.begin(), header.end(), name);
    return split(line, ',').at(static_cast<std::size_t>(at - header.begin()));
  };
  EXPECT_EQ(column("operation", lines[1]), "read");
  EXPECT_EQ(column("p99_us", lines[1]), "990");
  EXPECT_EQ(column("unknown", lines[1]), "1");
  EXPECT_EQ(column("loop", lines[3]), "closed");
  EXPECT_EQ(column("server_cpu_us_per_operation", lines[3]), "100.00");
  EXPECT_EQ(column("loop", lines[6]), "poisson");
  EXPECT_EQ(column("target_per_second", lines[6]), "1000.0");
}

TEST(Report, TimesHaveThreeDigits) {
  EXPECT_THAT((std::vector<std::string>{people_time(0), people_time(999), people_time(1000),
                                        people_time(12'345), people_time(99'960), people_time(999'499),
                                        people_time(999'500), people_time(61'000'000)}),
              ElementsAre("0 us", "999 us", "1.00 ms", "12.3 ms", "100 ms", "999 ms", "1.00 s", "61.0 s"));
}

} // namespace
} // namespace troupe::bench
