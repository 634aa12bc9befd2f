#include "actors/host/exposer.h"
#include "actors/host/process.h"
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <exception>
#include <fstream>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace troupe::host {

namespace {

constexpr std::size_t server_threads = 2; // one scrape at a time, and one that hangs

prometheus::MetricFamily family(const char* name, const char* help, prometheus::MetricType type,
                                double value) {
  prometheus::MetricFamily result;
  result.name = name;
  result.help = help;
  result.type = type;
  auto& metric = result.metric.emplace_back();
  metric.counter.value = value;
  metric.gauge.value = value;
  return result;
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

double open_files() {
  auto* directory = opendir("/proc/self/fd");
  if (!directory)
    return 0;
  double count = -1; // the one we look through
  while (const auto* entry = readdir(directory))
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

double most_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

// What /proc/self/stat says of the process as a whole; see proc(5).
struct proc_stat {
  double threads = 0;
  double started = 0; // Unix time, seconds
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

proc_stat read_proc_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  proc_stat result;
  auto after_name = text.rfind(')'); // the name may hold anything
  if (after_name == std::string::npos)
    return result;
  std::istringstream fields(text.substr(after_name + 1));
  std::string skipped;
  double start_ticks = 0;
  for (int field = 3; field <= 24 && fields; ++field) {
    if (field == 20)
      fields >> result.threads;
    else if (field == 22)
      fields >> start_ticks;
    else if (field == 23)
      fields >> result.virtual_bytes;
    else if (field == 24)
      fields >> result.resident_bytes;
    else
      fields >> skipped;
  }
  result.resident_bytes *= static_cast<double>(sysconf(_SC_PAGESIZE));
  timespec up{};
  timespec wall{};
  clock_gettime(CLOCK_BOOTTIME, &up);
  clock_gettime(CLOCK_REALTIME, &wall);
  auto boot = static_cast<double>(wall.tv_sec - up.tv_sec);
  result.started = boot + start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  return result;
}

class process_collector final : public prometheus::Collectable {
public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    using prometheus::MetricType;
    auto stat = read_proc_stat();
    return {
        family("process_cpu_seconds_total", "User and system CPU time spent in seconds.", MetricType::Counter,
               cpu_seconds()),
        family("process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge,
               stat.resident_bytes),
        family("process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge,
               stat.virtual_bytes),
        family("process_open_fds", "Number of open file descriptors.", MetricType::Gauge, open_files()),
        family("process_max_fds", "Maximum number of open file descriptors.", MetricType::Gauge,
               most_files()),
        family("process_threads", "Number of threads.", MetricType::Gauge, stat.threads),
        family("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
               MetricType::Gauge, stat.started),
    };
  }
};

} // namespace

std::shared_ptr<prometheus::Collectable> process_metrics() {
  return std::make_shared<process_collector>();
}

exposer::exposer(const std::string& host, std::uint16_t port, std::shared_ptr<prometheus::Registry> registry)
    : registry_(std::move(registry)), process_(process_metrics()) {
  prometheus::BuildGauge()
      .Name("troupe_build_info")
      .Help("1; the label says which build this is.")
      .Register(*registry_)
      .Add({{"version", version()}})
      .Set(1);
  try {
    server_ = std::make_unique<prometheus::Exposer>(host + ":" + std::to_string(port), server_threads);
    server_->RegisterCollectable(registry_);
    server_->RegisterCollectable(process_);
  } catch (const std::exception&) { // its text tells of its own internals only
    trouble_ =
        "cannot serve metrics on " + host + ":" + std::to_string(port) + ": the port is in use or forbidden";
  }
}

exposer::~exposer() = default;

} // namespace troupe::host
