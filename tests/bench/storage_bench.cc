// What storage costs: CPU and time per entry appended, per item applied, per item read, on the disk it is
// pointed at. Prints a table; asserts nothing. Usage: storage_bench DIRECTORY [SECONDS]
#include "actors/core/item/value.h"
#include "config/limits.h"
#include "messages/entry_link.h"
#include "storage/item_store.h"
#include "storage/log_store.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <malloc.h>
#include <random>
#include <sys/resource.h>

namespace {

using namespace troupe;
using clock_type = std::chrono::steady_clock;

double cpu_seconds() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void must(bool ok, const char* what) {
  if (ok)
    return;
  std::fprintf(stderr, "%s failed\n", what);
  std::exit(1);
}

struct meter {
  clock_type::time_point wall = clock_type::now();
  double cpu = cpu_seconds();
  std::vector<double> latencies_us;

  double elapsed() const { return std::chrono::duration<double>(clock_type::now() - wall).count(); }
  template <class Call>
  void time(Call call) {
    auto begin = clock_type::now();
    call();
    latencies_us.push_back(std::chrono::duration<double, std::micro>(clock_type::now() - begin).count());
  }
  void print(const char* what, std::uint64_t operations) {
    double seconds = elapsed();
    double cpu_us = (cpu_seconds() - cpu) * 1e6;
    std::sort(latencies_us.begin(), latencies_us.end());
    auto at = [&](double q) {
      return latencies_us[static_cast<std::size_t>(q * static_cast<double>(latencies_us.size() - 1))];
    };
    std::printf("%-44s %10.0f/s %8.2f us CPU each | call p50 %7.0f us  p99 %7.0f us  max %8.0f us\n", what,
                static_cast<double>(operations) / seconds, cpu_us / static_cast<double>(operations), at(0.5),
                at(0.99), at(1.0));
    std::fflush(stdout);
  }
};

struct group_chain {
  std::uint64_t group = 0, last = 0, link = 0;
  std::shared_ptr<const msg::Entry> next(const std::string& payload) {
    auto e = std::make_shared<msg::Entry>();
    e->set_index(++last);
    e->mutable_ballot()->set_round(1);
    e->mutable_ballot()->set_member(1);
    e->set_kind(msg::Entry::COMMAND);
    e->set_payload(payload);
    e->set_previous_link(link);
    link = entry_link(group, *e, link);
    e->set_link(link);
    return e;
  }
};

void bench_log(const std::string& directory, std::size_t batch, std::size_t groups, double seconds) {
  std::string path = directory + "/log.db";
  for (const char* tail : {"", "-wal"})
    std::filesystem::remove(path + tail);
  auto log = std::move(*storage::log_store::open(path));
  std::vector<group_chain> chains(groups);
  for (std::size_t g = 0; g < groups; ++g) {
    chains[g].group = g + 1;
    storage::log_write w;
    w.group = g + 1;
    w.create = true;
    w.hard_state.emplace();
    must(log->append({w}).ok(), "create");
  }
  std::string payload(1100, 'x');
  meter m;
  std::uint64_t entries = 0;
  while (m.elapsed() < seconds) {
    std::vector<storage::log_write> writes(std::min(groups, batch));
    for (std::size_t i = 0; i < batch; ++i) {
      auto& w = writes[i % writes.size()];
      auto& c = chains[(entries + i) % writes.size()];
      w.group = c.group;
      w.entries.push_back(c.next(payload));
    }
    for (auto& w : writes) {
      w.hard_state.emplace();
      w.hard_state->mutable_promised()->set_round(1);
      w.hard_state->set_commit(w.entries.front()->index());
      if (std::uint64_t last = w.entries.back()->index(); last > 4096 && last % 1024 < w.entries.size())
        w.truncate_up_to = last - 4096;
    }
    m.time([&] {
      must(log->append(writes).ok(), "append");
      while (log->maintenance_due()) {
        auto more = log->maintain();
        must(more.ok(), "maintain");
        if (!*more)
          break;
      }
    });
    entries += batch;
  }
  char what[80];
  std::snprintf(what, sizeof what, "log append, batch %zu over %zu group(s)", batch, std::min(groups, batch));
  m.print(what, entries);
}

// 1 KB, as the usual loads have it.
std::string item_of_ten_attributes() {
  msg::AttributeMap item;
  for (int i = 0; i < 10; ++i) {
    auto& attribute = *item.add_attributes();
    attribute.set_name("field" + std::to_string(i));
    attribute.mutable_value()->set_s(std::string(90, 'v'));
  }
  return item::serialize(item);
}

void bench_items(const std::string& directory, std::size_t batch, std::size_t keys, double seconds) {
  std::string path = directory + "/items.db";
  for (const char* tail : {"", "-wal"})
    std::filesystem::remove(path + tail);
  storage::item_options options;
  options.create = true;
  options.group = options.member = 1;
  options.size_of = [](std::string_view, std::string_view item) -> std::uint64_t {
    return item::serialized_size(item).value_or(0);
  };
  options.from = "0"; // to "g": the keys are hexadecimal
  options.to = "g";
  auto items = std::move(*storage::item_store::open(path, options));
  std::mt19937_64 random(1);
  std::string value = item_of_ten_attributes();
  auto key_of = [&](std::uint64_t n) {
    char text[32];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(n * 0x9e3779b97f4a7c15ull));
    return std::string(text, 16);
  };
  storage::item_position at;
  auto apply = [&](const std::vector<std::string>& list) {
    storage::item_batch b;
    // Equal bytes over equal bytes would cost nothing.
    std::uint64_t fresh = random();
    for (std::size_t i = 0; i < sizeof fresh; ++i)
      value[50 + i] = static_cast<char>('a' + (fresh >> 8 * i) % 16);
    for (const auto& k : list)
      b.changes.push_back({k, value, false});
    for (std::size_t i = 0; i < list.size(); ++i) {
      auto& r = b.requests.emplace_back();
      r.mutable_id()->set_client(1);
      r.mutable_id()->set_sequence(at.index + i + 1);
      r.set_index(at.index + i + 1);
      r.set_time_ms(static_cast<std::int64_t>(at.index));
    }
    at.index += list.size();
    b.position = at;
    b.forget_requests_before_ms = static_cast<std::int64_t>(at.index) - 50'000;
    must(items->apply(b).ok(), "apply");
    while (items->maintenance_due())
      must(items->maintain().ok(), "maintain");
  };
  meter load;
  for (std::size_t n = 0; n < keys;) {
    std::vector<std::string> list;
    for (; list.size() < batch && n < keys; ++n)
      list.push_back(key_of(n));
    load.time([&] { apply(list); });
  }
  char what[80];
  std::snprintf(what, sizeof what, "item insert, batch %zu to %zu items", batch, keys);
  load.print(what, keys);

  meter update;
  std::uint64_t updated = 0;
  while (update.elapsed() < seconds) {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < batch; ++i)
      list.push_back(key_of(random() % keys));
    update.time([&] { apply(list); });
    updated += batch;
  }
  std::snprintf(what, sizeof what, "item update, batch %zu of %zu items", batch, keys);
  update.print(what, updated);

  must(items->checkpoint().ok(), "checkpoint");
  meter get;
  std::uint64_t got = 0;
  while (get.elapsed() < seconds) {
    std::string key = key_of(random() % keys);
    get.time([&] { must(items->get(key).ok(), "get"); });
    ++got;
  }
  std::snprintf(what, sizeof what, "item get of %zu items", keys);
  get.print(what, got);

  meter digest;
  digest.time([&] { must(items->digest().ok(), "digest"); });
  digest.print("item digest, per item", keys);

  meter pass;
  for (bool ended = false; !ended;)
    pass.time([&] {
      auto slice = items->audit(limits::scrub_step_bytes);
      must(slice.ok() && slice->damaged + slice->wrong_leaves == 0, "full pass");
      ended = slice->done;
    });
  pass.print("item full pass, per item", keys);
}

// A node that starts with this many replicas of a few items each.
void bench_open(const std::string& directory, std::size_t stores) {
  auto open_all = [&](bool create) {
    std::vector<std::unique_ptr<storage::item_store>> all;
    for (std::size_t i = 0; i < stores; ++i) {
      storage::item_options options;
      options.create = create;
      options.group = options.member = i + 1;
      auto store = storage::item_store::open(directory + "/" + std::to_string(i) + ".db", options);
      must(store.ok(), "open");
      if (create) {
        storage::item_batch b;
        std::string value(1024, 'v');
        b.changes.push_back({"key", value, false});
        b.position.index = 1;
        must((*store)->apply(b).ok(), "apply");
      }
      must((*store)->get("key").value().has_value(), "get");
      all.push_back(std::move(*store));
    }
    return all;
  };
  auto resident_kib = [] {
    long pages = 0;
    if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
      if (std::fscanf(f, "%*s %ld", &pages) != 1)
        pages = 0;
      std::fclose(f);
    }
    return pages * 4;
  };
  open_all(true);
  malloc_trim(0); // else what creating them left is taken again
  long before = resident_kib();
  meter m;
  std::vector<std::unique_ptr<storage::item_store>> all;
  m.time([&] { all = open_all(false); });
  m.print("item store open and get", stores);
  std::printf("%-44s %10ld KiB resident each\n", "", (resident_kib() - before) / static_cast<long>(stores));
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY [SECONDS]\n", argv[0]);
    return 2;
  }
  std::string directory = std::string(argv[1]) + "/storage_bench";
  double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  std::filesystem::create_directories(directory);
  for (std::size_t batch : {1, 8, 64})
    bench_log(directory, batch, 1, seconds);
  for (std::size_t batch : {8, 64})
    bench_log(directory, batch, 64, seconds);
  for (std::size_t batch : {64, 1024})
    bench_items(directory, batch, 100'000, seconds);
  bench_open(directory, 300);
  std::filesystem::remove_all(directory);
  return 0;
}
