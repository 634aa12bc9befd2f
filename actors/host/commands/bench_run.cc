#include "actors/host/commands/bench_run.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <queue>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace troupe::commands {

namespace {

using steady = std::chrono::steady_clock;

bench::ending ending_of(const msg::ItemReply& reply, bool is_read) {
  switch (reply.status().code()) {
  case msg::OK:
    return is_read && !reply.found() ? bench::ending::missing : bench::ending::ok;
  case msg::OVERLOADED:
    return bench::ending::rejected;
  case msg::UNKNOWN_OUTCOME:
    return bench::ending::unknown;
  default:
    return bench::ending::failed;
  }
}

msg::ItemRequest read_of(const std::string& table, const bench::record_options& how, std::uint64_t record) {
  msg::AttributeMap key;
  bench::make_key(how, record, key);
  msg::ItemRequest request;
  request.set_table(table);
  request.mutable_get()->set_key(key.SerializeAsString());
  return request;
}

msg::ItemRequest write_of(const std::string& table, const bench::record_options& how, std::uint64_t record,
                          std::uint64_t version) {
  msg::AttributeMap item;
  bench::make_record(how, record, version, item);
  msg::ItemRequest request;
  request.set_table(table);
  request.mutable_put()->set_item(item.SerializeAsString());
  return request;
}

// Nanoseconds from the beginning of the run.
struct run_clock {
  steady::time_point begin;
  std::int64_t measure_from = 0;
  std::int64_t end = 0;
  std::int64_t now() const { return std::chrono::nanoseconds(steady::now() - begin).count(); }
};

// The clients of one session. What they measured is touched by the session's thread alone until all is
// answered.
class lane {
public:
  lane(client::session& through, const bench_settings& settings, const run_clock& time, std::uint32_t first,
       std::uint32_t step)
      : through_(through), settings_(settings), time_(time) {
    const auto& load = settings.run.load;
    for (auto number = first; number < load.clients; number += step) {
      clients_.push_back(std::make_unique<one_client>(bench::operation_stream(load, number)));
      if (settings.run.per_second)
        clients_.back()->pace.emplace(settings.run.schedule, *settings.run.per_second, load.clients, number,
                                      load.seed);
    }
  }

  bool empty() const { return clients_.empty(); }

  void start_closed_loop() {
    open_ = clients_.size();
    for (auto& one : clients_)
      next_in_closed_loop(*one);
  }

  // Returns when the schedule has come to its end; answers may still be on their way.
  void run_open_loop() {
    using entry = std::pair<std::int64_t, std::size_t>;
    std::priority_queue<entry, std::vector<entry>, std::greater<>> due;
    for (std::size_t i = 0; i < clients_.size(); ++i)
      due.emplace(clients_[i]->pace->next(), i);
    while (!due.empty() && due.top().first < time_.end) {
      auto [intended, i] = due.top();
      due.pop();
      due.emplace(clients_[i]->pace->next(), i);
      std::this_thread::sleep_until(time_.begin + std::chrono::nanoseconds(intended));
      {
        std::lock_guard guard(lock_);
        ++open_;
      }
      auto operation = clients_[i]->stream.next();
      perform(operation, [this, kind = operation.kind, at = intended](bench::ending how) {
        if (at >= time_.measure_from)
          measured_.count(kind, how, microseconds_since(at));
        done();
      });
    }
  }

  void wait() {
    std::unique_lock guard(lock_);
    all_done_.wait(guard, [this] { return open_ == 0; });
  }

  const bench::measurements& measured() const { return measured_; }

private:
  struct one_client {
    explicit one_client(bench::operation_stream s) : stream(std::move(s)) {}
    bench::operation_stream stream;
    std::optional<bench::pacer> pace;
  };
  using ended = std::function<void(bench::ending)>;

  void next_in_closed_loop(one_client& one) {
    auto operation = one.stream.next();
    auto start = time_.now();
    perform(operation, [this, &one, kind = operation.kind, start](bench::ending how) {
      auto now = time_.now();
      if (now >= time_.measure_from && now < time_.end)
        measured_.count(kind, how,
                        static_cast<std::uint64_t>(std::max<std::int64_t>(now - start, 0)) / 1'000);
      if (now < time_.end)
        next_in_closed_loop(one);
      else
        done();
    });
  }

  void perform(const bench::operation& operation, ended then) {
    using kind = bench::operation_kind;
    auto record = operation.record;
    if (operation.kind == kind::read)
      return read(record, std::move(then));
    if (operation.kind != kind::read_modify_write)
      return write(record, std::move(then));
    read(record, [this, record, then = std::move(then)](bench::ending how) {
      if (how == bench::ending::ok)
        write(record, then);
      else
        then(how);
    });
  }

  void read(std::uint64_t record, ended then) {
    through_.submit(read_of(settings_.table, settings_.run.record, record), {},
                    [then = std::move(then)](const msg::ItemReply& reply) { then(ending_of(reply, true)); });
  }

  void write(std::uint64_t record, ended then) {
    through_.submit(write_of(settings_.table, settings_.run.record, record, ++version_), {},
                    [then = std::move(then)](const msg::ItemReply& reply) { then(ending_of(reply, false)); });
  }

  // Under the lock to its end: once wait() has seen the last one, the lane may be gone.
  void done() {
    std::lock_guard guard(lock_);
    if (--open_ == 0)
      all_done_.notify_all();
  }

  std::uint64_t microseconds_since(std::int64_t start) const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time_.now() - start, 0)) / 1'000;
  }

  client::session& through_;
  const bench_settings& settings_;
  const run_clock& time_;
  std::vector<std::unique_ptr<one_client>> clients_;
  bench::measurements measured_;
  std::atomic<std::uint64_t> version_{0};
  std::size_t open_ = 0; // closed loop: clients that go on; open loop: requests under way
  std::mutex lock_;
  std::condition_variable all_done_;
};

} // namespace

bench::run_result run_bench(const sessions& through, const bench_settings& settings) {
  run_clock time;
  auto nanoseconds = [](double seconds) { return static_cast<std::int64_t>(seconds * 1e9); };
  time.measure_from = nanoseconds(settings.run.warm_up_seconds);
  time.end = time.measure_from + nanoseconds(settings.seconds);
  time.begin = steady::now();

  std::vector<std::unique_ptr<lane>> lanes;
  for (std::size_t i = 0; i < through.size(); ++i)
    lanes.push_back(std::make_unique<lane>(*through[i], settings, time, static_cast<std::uint32_t>(i),
                                           static_cast<std::uint32_t>(through.size())));
  std::vector<std::thread> pacers;
  for (auto& one : lanes) {
    if (settings.run.per_second)
      pacers.emplace_back([&one] { one->run_open_loop(); });
    else
      one->start_closed_loop();
  }
  std::this_thread::sleep_until(time.begin + std::chrono::nanoseconds(time.measure_from));
  auto before = cpu_seconds_of(settings.server_pids);
  std::this_thread::sleep_until(time.begin + std::chrono::nanoseconds(time.end));
  auto after = cpu_seconds_of(settings.server_pids);

  bench::run_result result;
  result.settings = settings.run;
  result.seconds = settings.seconds;
  if (!settings.server_pids.empty() && before && after)
    result.server_cpu_seconds = *after - *before;
  for (auto& thread : pacers)
    thread.join();
  for (auto& one : lanes) {
    one->wait();
    result.measured.merge(one->measured());
  }
  return result;
}

msg::Status load_records(const sessions& through, const std::string& table, const bench::record_options& how,
                         std::uint64_t records, std::size_t at_once,
                         const std::function<void(std::uint64_t)>& progress) {
  struct state {
    std::mutex lock;
    std::condition_variable changed;
    std::size_t open = 0;
    std::uint64_t done = 0;
    msg::Status trouble;
  } s;
  constexpr std::uint64_t report_every = 1'000;
  std::unique_lock guard(s.lock);
  for (std::uint64_t record = 0; record < records && s.trouble.code() == msg::OK; ++record) {
    s.changed.wait(guard, [&] { return s.open < at_once; });
    if (s.trouble.code() != msg::OK)
      break;
    ++s.open;
    auto done = s.done;
    guard.unlock();
    if (record % report_every == 0)
      progress(done);
    through[record % through.size()]->submit(
        write_of(table, how, record, 0), {}, [&s](const msg::ItemReply& reply) {
          std::lock_guard held(s.lock);
          --s.open;
          ++s.done;
          if (reply.status().code() != msg::OK && s.trouble.code() == msg::OK)
            s.trouble = reply.status();
          s.changed.notify_one();
        });
    guard.lock();
  }
  s.changed.wait(guard, [&] { return s.open == 0; });
  return s.trouble;
}

std::optional<double> cpu_seconds_of(const std::vector<int>& pids) {
  double ticks = 0;
  for (auto pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(file, line) || line.rfind(')') == std::string::npos)
      return std::nullopt;
    std::istringstream fields(line.substr(line.rfind(')') + 1)); // the name before it may hold anything
    std::string skipped;
    for (int field = 3; field < 14; ++field) // proc(5): utime is field 14, stime 15
      fields >> skipped;
    double user = 0;
    double system = 0;
    if (!(fields >> user >> system))
      return std::nullopt;
    ticks += user + system;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

} // namespace troupe::commands
