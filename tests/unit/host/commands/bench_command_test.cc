// bench against a cluster that answers at once, or after a while.
#include "actors/host/commands/bench_run.h"
#include "tests/unit/host/commands/command_line.h"
#include <cstdio>
#include <deque>
#include <fstream>
#include <gmock/gmock.h>
#include <thread>
#include <unistd.h>

namespace troupe::commands {
namespace {

using testing::HasSubstr;

// Answers from a thread of its own, each request after the same time; or stalls all of them for a while.
class slow_session final : public client::session {
public:
  using steady = std::chrono::steady_clock;

  explicit slow_session(std::chrono::microseconds takes) : takes_(takes), worker_([this] { work(); }) {}
  ~slow_session() override {
    {
      std::lock_guard guard(lock_);
      over_ = true;
      changed_.notify_all();
    }
    worker_.join();
  }

  void submit(msg::ItemRequest request, std::chrono::milliseconds,
              std::function<void(msg::ItemReply)> done) override {
    std::lock_guard guard(lock_);
    waiting_.push_back({steady::now() + takes_, request.has_get(), std::move(done)});
    changed_.notify_all();
  }
  void submit(msg::AdminRequest, std::chrono::milliseconds,
              std::function<void(msg::AdminReply)> done) override {
    msg::AdminReply reply; // whatever is asked, the table is there
    auto& key = *reply.add_tables()->mutable_keys()->mutable_partition();
    key.set_name("pk");
    key.set_type(msg::KEY_TYPE_S);
    done(std::move(reply));
  }
  client::counts counts() const override { return {}; }
  std::vector<std::string> troubles() const override { return {}; }
  void close() override {}

  void stall_until(steady::time_point t) {
    std::lock_guard guard(lock_);
    stalled_until_ = t;
  }
  int most_at_once() const { return static_cast<int>(most_); }

private:
  struct held {
    steady::time_point due;
    bool found;
    std::function<void(msg::ItemReply)> done;
  };
  void work() {
    std::unique_lock guard(lock_);
    for (;;) {
      changed_.wait(guard, [this] { return over_ || !waiting_.empty(); });
      if (waiting_.empty())
        return;
      most_ = std::max(most_, waiting_.size());
      auto due = std::max(waiting_.front().due, stalled_until_);
      if (steady::now() < due) {
        guard.unlock();
        std::this_thread::sleep_until(due);
        guard.lock();
        continue;
      }
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      guard.unlock();
      msg::ItemReply reply;
      reply.set_found(next.found);
      next.done(std::move(reply));
      guard.lock();
    }
  }

  std::chrono::microseconds takes_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<held> waiting_;
  steady::time_point stalled_until_;
  std::size_t most_ = 0;
  bool over_ = false;
  std::thread worker_;
};

bench_settings short_run(bench::workload which) {
  bench_settings s;
  s.table = "bench";
  s.seconds = 0.3;
  s.run.load.which = which;
  s.run.load.records = 100;
  s.run.load.clients = 4;
  s.run.warm_up_seconds = 0.05;
  return s;
}

TEST(BenchRun, AClosedLoopHasAsManyRequestsUnderWayAsClients) {
  sessions through;
  auto slow = std::make_unique<slow_session>(std::chrono::milliseconds(2));
  auto* watched = slow.get();
  through.push_back(std::move(slow));
  auto result = run_bench(through, short_run(bench::workload::c));
  EXPECT_EQ(watched->most_at_once(), 4);
  auto& reads = result.measured.of(bench::operation_kind::read);
  EXPECT_GT(reads.ok, 50u) << "4 clients, 2 ms each, 0.3 s: 600 on an idle machine";
  EXPECT_LE(reads.ok, 610u);
  EXPECT_GE(reads.latency_us.min(), 2'000u);
  EXPECT_EQ(result.measured.of(bench::operation_kind::update).total(), 0u);
}

TEST(BenchRun, AnOpenLoopCountsWhatAStallMadeLate) {
  sessions through;
  auto slow = std::make_unique<slow_session>(std::chrono::microseconds(100));
  auto* watched = slow.get();
  through.push_back(std::move(slow));
  auto settings = short_run(bench::workload::c);
  settings.run.per_second = 1'000;
  settings.run.schedule = bench::arrivals::fixed;
  watched->stall_until(slow_session::steady::now() + std::chrono::milliseconds(250));
  auto result = run_bench(through, settings);
  auto& reads = result.measured.of(bench::operation_kind::read);
  EXPECT_EQ(reads.total(), 300u) << "the schedule goes on whatever the server does";
  // About 200 requests were meant to start in the 200 ms of the stall that are measured, evenly spaced.
  EXPECT_GT(reads.latency_us.percentile(50), 30'000u);
  EXPECT_GT(reads.latency_us.max(), 150'000u);
}

TEST(BenchRun, AReadModifyWriteIsBoth) {
  sessions through;
  fake_cluster cluster;
  auto& table = cluster.tables["bench"];
  table.mutable_keys()->mutable_partition()->set_name("pk");
  table.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_S);
  through.push_back(std::make_unique<fake_session>(cluster));
  bench::record_options how;
  auto status = load_records(through, "bench", how, 100, 8, [](std::uint64_t) {});
  EXPECT_EQ(status.code(), msg::OK);
  EXPECT_EQ(cluster.items["bench"].size(), 100u);
  sessions slow;
  slow.push_back(std::make_unique<slow_session>(std::chrono::milliseconds(1)));
  auto result = run_bench(slow, short_run(bench::workload::f));
  auto& both = result.measured.of(bench::operation_kind::read_modify_write);
  EXPECT_GT(both.ok, 0u);
  EXPECT_GE(both.latency_us.min(), 2'000u);
  EXPECT_GT(result.measured.of(bench::operation_kind::read).ok, 0u);
}

TEST(BenchRun, LoadingStopsAtTheFirstRefusal) {
  fake_cluster cluster;
  sessions through;
  through.push_back(std::make_unique<fake_session>(cluster));
  auto status = load_records(through, "missing", {}, 1'000, 8, [](std::uint64_t) {});
  EXPECT_EQ(status.code(), msg::TABLE_NOT_FOUND);
  EXPECT_EQ(cluster.item_requests.size(), 1u);
}

TEST(BenchRun, CpuTimeOfProcessesIsAddedUp) {
  auto own = cpu_seconds_of({getpid()});
  ASSERT_TRUE(own.has_value());
  auto twice = cpu_seconds_of({getpid(), getpid()});
  EXPECT_GE(*twice, 2 * *own);
  EXPECT_FALSE(cpu_seconds_of({getpid(), 0x7fffffff}).has_value());
}

struct Bench : CommandLine {
  // Callbacks of the fake session come at once, so a closed loop would never leave its first request.
  int run_slow(std::vector<std::string> words) {
    out.str("");
    err.str("");
    CLI::App app;
    action chosen;
    terminal t{.in = &in, .out = &out, .err = &err};
    add_client_commands(app, t, chosen, [this](client::options o) -> client::connection {
      cluster.opened_with = std::move(o);
      ++opened;
      return {std::make_unique<slow_session>(std::chrono::microseconds(500)), {}};
    });
    std::reverse(words.begin(), words.end());
    try {
      app.parse(words);
    } catch (const CLI::ParseError& e) {
      return app.exit(e, out, err) == 0 ? exit_code::ok : exit_code::usage;
    }
    return chosen();
  }
  int opened = 0;
};

TEST_F(Bench, EveryWorkloadRunsWithEveryDistributionAndGoesToTheTableAndTheFile) {
  auto csv = testing::TempDir() + "troupe_bench.csv";
  EXPECT_EQ(run_slow({"bench", "--workload", "a,insert", "--distribution", "uniform,zipfian", "--items", "20",
                      "--clients", "3", "--threads", "2", "--seconds", "0.1", "--warmup", "0", "--csv", csv}),
            exit_code::ok)
      << err.str();
  EXPECT_EQ(opened, 2);
  EXPECT_THAT(out.str(), HasSubstr("read"));
  EXPECT_THAT(out.str(), HasSubstr("update"));
  EXPECT_THAT(out.str(), HasSubstr("insert"));
  std::ifstream file(csv);
  std::string line;
  int lines = 0;
  while (std::getline(file, line))
    ++lines;
  EXPECT_EQ(lines, 1 + 2 * 3 + 2 * 1) << "a title; reads, updates and all for a; inserts";
  std::remove(csv.c_str());
}

TEST_F(Bench, AFileThatCannotBeWrittenIsAFailure) {
  EXPECT_EQ(
      run_slow({"bench", "--items", "1", "--seconds", "0.05", "--warmup", "0", "--csv", "/nowhere/x.csv"}),
      exit_code::failed);
  EXPECT_THAT(err.str(), HasSubstr("/nowhere/x.csv"));
}

TEST_F(Bench, ATableWithOtherKeysIsLeftAlone) {
  have_music();
  EXPECT_EQ(run({"bench", "--table", "music"}), exit_code::refused);
  EXPECT_THAT(err.str(), HasSubstr("--table"));
  EXPECT_TRUE(cluster.item_requests.empty());
}

TEST_F(Bench, OptionsAreCheckedBeforeAnythingIsDone) {
  for (auto words : std::vector<std::vector<std::string>>{{"bench", "--workload", "z"},
                                                          {"bench", "--distribution", "normal"},
                                                          {"bench", "--clients", "0"},
                                                          {"bench", "--seconds", "0"},
                                                          {"bench", "--rate", "-1"},
                                                          {"bench", "--size", "5"}})
    EXPECT_EQ(run(words), exit_code::usage) << words.back();
  EXPECT_TRUE(cluster.admin_requests.empty());
}

} // namespace
} // namespace troupe::commands
