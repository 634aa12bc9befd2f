#include "actors/host/bench/report.h"
#include <algorithm>
#include <cstdio>
#include <ostream>

namespace troupe::bench {
namespace {

constexpr double percentiles[] = {50, 90, 95, 99, 99.9, 99.99};

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

// A line of the table: the kind of operation, or all of them.
struct line {
  std::string operation;
  tally counted;
};

std::vector<line> lines_of(const run_result& run) {
  std::vector<line> lines;
  for (int i = 0; i < operation_kinds; ++i) {
    const auto kind = static_cast<operation_kind>(i);
    if (run.measured.of(kind).total() > 0)
      lines.push_back({name_of(kind), run.measured.of(kind)});
  }
  if (lines.size() != 1)
    lines.push_back({"all", run.measured.all()});
  return lines;
}

double rate(const tally& counted, double seconds) {
  return seconds > 0 ? static_cast<double>(counted.answered()) / seconds : 0;
}

std::string loop_of(const run_settings& settings) {
  return settings.per_second ? format("%.0f/s %s", *settings.per_second, name_of(settings.schedule))
                             : "closed";
}

std::optional<double> cpu_us_per_operation(const run_result& run) {
  const std::uint64_t answered = run.measured.all().answered();
  if (!run.server_cpu_seconds || answered == 0)
    return std::nullopt;
  return *run.server_cpu_seconds * 1e6 / static_cast<double>(answered);
}

// Columns as wide as their widest cell, numbers to the right.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string built;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      built += (i > 0 ? "  " : "") + (i < left_columns ? row[i] + space : space + row[i]);
    }
    built.erase(built.find_last_not_of(' ') + 1);
    text += built + "\n";
  }
  return text;
}

} // namespace

void tally::count(ending how, std::uint64_t us) {
  switch (how) {
  case ending::ok:
    ++ok;
    latency_us.record(us);
    break;
  case ending::missing:
    ++missing;
    latency_us.record(us);
    break;
  case ending::rejected:
    ++rejected;
    break;
  case ending::failed:
    ++failed;
    break;
  case ending::unknown:
    ++unknown;
    break;
  }
}

void tally::merge(const tally& other) {
  latency_us.merge(other.latency_us);
  ok += other.ok;
  missing += other.missing;
  rejected += other.rejected;
  failed += other.failed;
  unknown += other.unknown;
}

void measurements::merge(const measurements& other) {
  for (std::size_t i = 0; i < tallies_.size(); ++i)
    tallies_[i].merge(other.tallies_[i]);
}

tally measurements::all() const {
  tally sum;
  for (const tally& one : tallies_)
    sum.merge(one);
  return sum;
}

std::string people_time(std::uint64_t us) {
  const auto value = static_cast<double>(us);
  const auto three_digits = [](double number, const char* unit) {
    return format(number < 9.995 ? "%.2f %s" : number < 99.95 ? "%.1f %s" : "%.0f %s", number, unit);
  };
  if (us < 1000)
    return format("%llu us", static_cast<unsigned long long>(us));
  return value < 999'500 ? three_digits(value / 1e3, "ms") : three_digits(value / 1e6, "s");
}

std::string summary(const std::vector<run_result>& runs) {
  std::vector<std::vector<std::string>> rows = {{"target", "load", "keys", "loop", "operation", "clients",
                                                 "ops/s", "p50", "p90", "p99", "p99.9", "max", "CPU/op",
                                                 "refused", "failed", "unknown"}};
  for (const run_result& run : runs) {
    const run_settings& settings = run.settings;
    for (const line& one : lines_of(run)) {
      const hdr_histogram& latency = one.counted.latency_us;
      const auto at = [&](double percent) {
        return latency.count() == 0 ? "-" : people_time(latency.percentile(percent));
      };
      // CPU is measured for the run and not for each kind of operation.
      const bool whole = one.counted.total() == run.measured.all().total();
      const auto cpu = cpu_us_per_operation(run);
      rows.push_back({settings.target, name_of(settings.load.which), name_of(settings.load.keys),
                      loop_of(settings), one.operation, std::to_string(settings.load.clients),
                      format("%.0f", rate(one.counted, run.seconds)), at(50), at(90), at(99), at(99.9),
                      latency.count() == 0 ? "-" : people_time(latency.max()),
                      whole && cpu ? format("%.1f us", *cpu) : "-", std::to_string(one.counted.rejected),
                      std::to_string(one.counted.failed), std::to_string(one.counted.unknown)});
    }
  }
  return table(rows, 5);
}

std::string csv_header() {
  std::string text = "target,workload,keys,loop,target_per_second,operation,clients,records,seed,seconds,"
                     "ok,missing,rejected,failed,unknown,per_second,min_us,mean_us";
  for (double percent : percentiles)
    text += format(",p%g_us", percent);
  return text + ",max_us,clipped,server_cpu_us_per_operation\n";
}

void csv(std::ostream& out, const run_result& run) {
  const run_settings& settings = run.settings;
  for (const line& one : lines_of(run)) {
    const tally& counted = one.counted;
    const hdr_histogram& latency = counted.latency_us;
    out << settings.target << ',' << name_of(settings.load.which) << ',' << name_of(settings.load.keys) << ','
        << (settings.per_second ? name_of(settings.schedule) : "closed") << ','
        << (settings.per_second ? format("%.1f", *settings.per_second) : "") << ',' << one.operation << ','
        << settings.load.clients << ',' << settings.load.records << ',' << settings.load.seed << ','
        << format("%.3f", run.seconds) << ',' << counted.ok << ',' << counted.missing << ','
        << counted.rejected << ',' << counted.failed << ',' << counted.unknown << ','
        << format("%.1f", rate(counted, run.seconds)) << ',' << latency.min() << ','
        << format("%.1f", latency.mean());
    for (double percent : percentiles)
      out << ',' << latency.percentile(percent);
    out << ',' << latency.max() << ',' << latency.clipped() << ',';
    const auto cpu = cpu_us_per_operation(run);
    if (cpu && counted.total() == run.measured.all().total())
      out << format("%.2f", *cpu);
    out << '\n';
  }
}

} // namespace troupe::bench
