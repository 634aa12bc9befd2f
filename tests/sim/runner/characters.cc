// The kinds of runs there are, and how a seed chooses one. Each character stresses one thing and has a little
// of everything else; "everything" has a lot of it all.
#include "tests/sim/runner/run.h"
#include <stdexcept>

namespace troupe::sim {
namespace {

constexpr auto storage = msg::STORAGE_REPLICA;
constexpr auto log_only = msg::LOG_REPLICA;

void three(settings& s) {
  s.members = {storage, storage, storage};
}

void calm(settings& s, dice&) {
  s.fault_time = 8 * second;
  s.faults.hand_over = 3 * second;
}

void flaky(settings& s, dice& d) {
  s.links.drop = static_cast<unsigned>(d.between(5, 150));
  s.links.duplicate = static_cast<unsigned>(d.between(0, 100));
  s.links.spike = static_cast<unsigned>(d.between(0, 60));
  s.links.spike_max = d.between(10, 1'500) * millisecond;
  s.links.delay_mean = d.between(100, 8'000);
  s.faults.partition = 6 * second;
  s.faults.isolate = 6 * second;
  s.faults.one_way = 5 * second;
  s.faults.cut_link = 5 * second;
  s.faults.slow_link = 4 * second;
}

void crashy(settings& s, dice& d) {
  s.faults.crash = d.between(1'500, 5'000) * millisecond;
  s.faults.crash_all = 12 * second;
  s.faults.down_mean = d.between(100, 3'000) * millisecond;
  s.disks.sync_mean = d.between(200, 6'000);
  s.disks.slow = 20;
  s.disks.slow_max = 300 * millisecond;
  s.faults.stall_disk = 8 * second;
  s.slow_apply = static_cast<unsigned>(d.between(0, 300));
}

void clocky(settings& s, dice& d) {
  s.clock_ppm = 15'000; // two clocks part by up to 3 %: inside the drift bound of 50 ms in 1.5 s
  s.faults.pause = 3 * second;
  s.faults.isolate = 4 * second;
  s.faults.hand_over = 8 * second;
  s.faults.crash = 8 * second;
  s.tick_lateness = d.between(1, 40) * millisecond;
}

void membership(settings& s, dice& d) {
  s.faults.membership = d.between(2'000, 5'000) * millisecond;
  s.faults.crash = 6 * second;
  s.faults.isolate = 8 * second;
  s.faults.lose_disk = 8 * second;
  s.faults.hand_over = 8 * second;
  s.links.drop = static_cast<unsigned>(d.between(0, 40));
}

void log_replica(settings& s, dice& d) {
  s.members = {storage, storage, log_only};
  crashy(s, d);
  s.faults.isolate = 5 * second;
  s.faults.lose_disk = 10 * second;
  s.faults.membership = 12 * second;
}

void five(settings& s, dice& d) {
  s.members = {storage, storage, storage, storage, storage};
  flaky(s, d);
  s.faults.crash = 4 * second;
  s.faults.pause = 6 * second;
  s.faults.membership = 10 * second;
}

void lagging(settings& s, dice& d) { // long absences, short logs: snapshots
  s.keep_bytes = static_cast<std::uint64_t>(d.between(0, 1'500));
  s.housekeeping = 120 * millisecond;
  s.think_mean = 40 * millisecond;
  s.faults.crash = 4 * second;
  s.faults.isolate = 4 * second;
  s.faults.cut_mean = 4 * second;
  s.faults.down_mean = 4 * second;
  s.faults.lose_disk = 10 * second;
  s.links.drop = static_cast<unsigned>(d.between(0, 60));
  if (d.coin())
    s.members = {storage, storage, log_only};
}

void drowsy(settings& s, dice& d) { // mostly quiet: members rest, and are woken by whatever befalls them
  s.clients = static_cast<unsigned>(d.between(2, 4));
  s.keys = static_cast<unsigned>(d.between(1, 2));
  s.think_mean = d.between(50, 500) * millisecond;
  s.reads = static_cast<unsigned>(d.between(70, 90)); // reads do not wake a group
  s.clock_ppm = 15'000;
  s.links.drop = static_cast<unsigned>(d.between(0, 60));
  s.links.duplicate = static_cast<unsigned>(d.between(0, 60));
  s.links.spike = static_cast<unsigned>(d.between(0, 40));
  s.links.spike_max = d.between(10, 2'000) * millisecond;
  s.faults.pause = 4 * second;
  s.faults.isolate = 4 * second;
  s.faults.one_way = 6 * second;
  s.faults.crash = 6 * second;
  s.faults.hand_over = 8 * second;
  s.faults.campaign = 6 * second;
  s.faults.membership = 9 * second;
  s.faults.down_mean = d.between(100, 3'000) * millisecond;
  if (d.below(4) == 0)
    s.members = {storage, storage, log_only};
}

void everything(settings& s, dice& d) {
  flaky(s, d);
  s.links.drop /= 3;
  crashy(s, d);
  s.clock_ppm = 15'000;
  s.faults.pause = 8 * second;
  s.faults.membership = 6 * second;
  s.faults.lose_disk = 8 * second;
  s.faults.hand_over = 8 * second;
  s.faults.campaign = 6 * second;
  s.keep_bytes = static_cast<std::uint64_t>(d.between(0, 3'000));
  if (d.below(3) == 0)
    s.members = {storage, storage, log_only};
}

// Elections over long tails of entries that some have and others have not: slow disks, many small messages,
// and leaders that fail as soon as they are elected.
void tails(settings& s, dice& d) {
  s.clients = static_cast<unsigned>(d.between(5, 10));
  s.keys = static_cast<unsigned>(d.between(4, 12));
  s.think_mean = d.between(2, 20) * millisecond;
  s.links.delay_mean = d.between(300, 6'000);
  s.links.drop = static_cast<unsigned>(d.between(0, 30));
  s.disks.sync_mean = d.between(1'000, 25'000);
  s.options.bounds.append_entries = static_cast<std::size_t>(d.between(1, 3));
  s.faults.strike = 600;
  s.faults.strike_within = d.between(5, 60) * millisecond;
  s.faults.down_mean = d.between(50, 800) * millisecond;
  s.faults.crash = d.between(800, 3'000) * millisecond;
  s.faults.crash_all = 8 * second;
  s.faults.isolate = 3 * second;
  s.faults.cut_mean = 500 * millisecond;
  if (d.below(4) == 0)
    s.members = {storage, storage, storage, storage, storage};
  else if (d.below(3) == 0)
    s.members = {storage, storage, log_only};
}

// Links that are dead while the machines at both ends are fine, and voters that restart in between.
void gray(settings& s, dice& d) {
  s.faults.cut_link = d.between(500, 2'000) * millisecond;
  s.faults.one_way = 3 * second;
  s.faults.cut_mean = d.between(1'000, 4'000) * millisecond;
  s.faults.crash = d.between(400, 1'500) * millisecond;
  s.faults.down_mean = 30 * millisecond;
  s.clock_ppm = 15'000;
}

// An archive whose store lies, and members that are quick to look into it.
void archived(settings& s, dice& d) {
  s.archive = true;
  s.archive_rules.segment_bytes = static_cast<std::uint64_t>(d.between(200, 4'000));
  s.archive_rules.segment_age = d.between(50, 1'000) * millisecond;
  s.archive_rules.takeover = 500 * millisecond;
  s.archive_rules.look_again = 200 * millisecond;
  s.archive_rules.retry_first = 20 * millisecond;
  s.archive_rules.retry_most = 500 * millisecond;
  s.archive_snapshots.least_bytes = static_cast<std::uint64_t>(d.between(1'000, 20'000));
  s.archive_snapshots.stagger = 500 * millisecond;
  s.archive_snapshots.leader_waits = 2 * second;
  s.archive_snapshots.retry_first = 100 * millisecond;
  s.archive_snapshots.retry_most = second;
  s.store.away = static_cast<unsigned>(d.between(0, 30));
  s.store.away_max = 5 * second;
  s.store.lost = static_cast<unsigned>(d.between(0, 150));
  s.store.partial = static_cast<unsigned>(d.between(0, 100));
  s.store.spoiled = static_cast<unsigned>(d.between(0, 100));
  s.store.unsure = static_cast<unsigned>(d.between(0, 100));
  s.store.garbled = static_cast<unsigned>(d.between(0, 50));
  s.store.list_lag = d.between(0, 2'000) * millisecond;
}

// Members with items are lost faster than log replicas grow, until only logs are left, and the archive.
void bereft(settings& s, dice& d) {
  archived(s, d);
  s.spare_machines = 4;
  s.options.lease = 300 * millisecond;
  s.options.heartbeat = 60 * millisecond;
  s.options.election_jitter = 60 * millisecond;
  s.options.drift = 10 * millisecond;
  s.keep_bytes = static_cast<std::uint64_t>(d.between(0, 2'000));
  s.housekeeping = 120 * millisecond;
  s.chunk_bytes = static_cast<std::size_t>(d.between(5, 60));
  s.faults.lose_disk = d.between(300, 1'500) * millisecond;
  s.faults.crash = d.between(2'000, 8'000) * millisecond;
  s.faults.down_mean = d.between(50, 1'000) * millisecond;
  s.faults.isolate = 5 * second;
  s.faults.cut_link = 5 * second;
  s.links.drop = static_cast<unsigned>(d.between(0, 60));
}

// Items that change where they lie, and the scrub that finds them; drawn only when it is asked for.
void rotting(settings& s, dice& d) {
  if (d.coin()) {
    archived(s, d);
    s.faults.rot_archive = d.between(2'000, 10'000) * millisecond;
  }
  s.scrub = d.between(500, 1'500) * millisecond;
  s.keep_bytes = static_cast<std::uint64_t>(d.between(0, 2'000));
  s.housekeeping = 120 * millisecond;
  s.faults.rot = d.between(3'000, 6'000) * millisecond;
  s.faults.crash = 9 * second;
  s.faults.hand_over = 6 * second;
  s.faults.isolate = 5 * second;
  s.faults.cut_mean = 800 * millisecond;
  s.faults.down_mean = 500 * millisecond;
  s.links.drop = static_cast<unsigned>(d.between(0, 30));
}

struct character {
  const char* name;
  unsigned weight;
  void (*shape)(settings&, dice&);
};

constexpr character characters[] = {
    {"calm", 1, calm},
    {"flaky", 4, flaky},
    {"crashy", 4, crashy},
    {"clocky", 3, clocky},
    {"membership", 4, membership},
    {"log-replica", 4, log_replica},
    {"five", 2, five},
    {"lagging", 3, lagging},
    {"everything", 5, everything},
    {"tails", 4, tails},
    {"gray", 3, gray},
    {"drowsy", 4, drowsy},
    {"bereft", 4, bereft},
    {"rotting", 0, rotting},
};

settings make(std::uint64_t seed, const character& c, dice& d) {
  settings s;
  s.seed = seed;
  s.character = c.name;
  three(s);
  s.options.strict_reads = d.below(4) == 0;
  s.clock_ppm = d.between(0, 200);
  s.clients = static_cast<unsigned>(d.between(2, 4));
  s.keys = static_cast<unsigned>(d.between(1, 5));
  s.think_mean = d.between(40, 250) * millisecond;
  s.speaks_while_writing = d.below(4) != 0;
  if (d.coin()) { // bounds that production does not reach in a minute
    s.options.bounds.append_entries = static_cast<std::size_t>(d.between(1, 20));
    s.options.bounds.follower_window_bytes = static_cast<std::size_t>(d.between(300, 5'000));
    s.options.bounds.promise_entries = static_cast<std::size_t>(d.between(4, 60));
    s.options.bounds.inflight_entries = s.options.bounds.promise_entries / 2;
    s.options.bounds.cached_entry_bytes = static_cast<std::size_t>(d.between(500, 10'000));
  }
  c.shape(s, d);
  if (d.below(3) == 0) { // everything to do with leaders happens five times as often
    s.options.lease = 300 * millisecond;
    s.options.heartbeat = 60 * millisecond;
    s.options.election_jitter = 60 * millisecond;
    s.options.drift = 10 * millisecond;
    s.fault_time = s.fault_time / 2;
  }
  if (c.shape != tails && c.shape != drowsy &&
      d.below(3) == 0) { // busy: many entries in flight at a time, for a shorter while
    s.clients = static_cast<unsigned>(d.between(5, 10));
    s.keys = static_cast<unsigned>(d.between(3, 12));
    s.think_mean = d.between(2, 30) * millisecond;
    s.links.delay_mean += d.between(0, 4'000);
    s.disks.sync_mean += d.between(0, 4'000);
    s.fault_time = s.fault_time * 2 / 3;
    if (s.keep_bytes < 100'000) // less is written while a snapshot travels and until the leader hears of it
      s.keep_bytes += 100'000;
  }
  return s;
}

} // namespace

settings draw(std::uint64_t seed) {
  dice d(seed ^ 0x7461'6c65'6e74ULL); // not the stream of the run itself
  unsigned all = 0;
  for (const auto& c : characters)
    all += c.weight;
  auto roll = d.below(all);
  for (const auto& c : characters) {
    if (roll < c.weight)
      return make(seed, c, d);
    roll -= c.weight;
  }
  throw std::logic_error("no character was drawn");
}

settings draw(std::uint64_t seed, const std::string& name) {
  dice d(seed ^ 0x7461'6c65'6e74ULL);
  for (const auto& c : characters)
    if (c.name == name)
      return make(seed, c, d);
  throw std::invalid_argument("there is no character " + name);
}

std::vector<std::string> character_names() {
  std::vector<std::string> names;
  for (const auto& c : characters)
    names.emplace_back(c.name);
  return names;
}

} // namespace troupe::sim
