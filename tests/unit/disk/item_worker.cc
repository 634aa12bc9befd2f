#include "tests/unit/disk/item_worker.h"
#include "tests/unit/stand_in.h"
#include <caf/all.hpp>
#include <filesystem>

namespace troupe::disk::test {

item_worker::item_worker() {
  for (auto folder : {"/items", "/snapshots"})
    std::filesystem::create_directory(directory_.path() + folder);
  config_ = std::make_unique<kit::node_config>(nodes_test::on_virtual_time());
  system_ = std::make_unique<caf::actor_system>(*config_);
  scheduler_ = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  clock_ = std::make_unique<nodes_test::virtual_clock>(*scheduler_);
  replica = system_->spawn(hears, this);
  restart();
}

void item_worker::restart() {
  items_options options;
  options.directory = directory_.path();
  options.open_max = 16;
  options.clock = clock_.get();
  options.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
  if (gives_per_second > 0)
    options.gives = std::make_shared<kit::pace>(gives_per_second, clock_->now_us());
  items_ = spawn_items(*system_, std::move(options), false);
}

void item_worker::end() {
  caf::anon_send_exit(items_, caf::exit_reason::kill);
  items_ = nullptr;
  run();
}

item_worker::~item_worker() {
  end();
  caf::anon_send_exit(replica, caf::exit_reason::kill);
  run();
}

void item_worker::run() {
  while (step()) {
  }
}

bool item_worker::step() {
  return scheduler_->try_run_once();
}

void item_worker::pass(std::chrono::milliseconds time) {
  for (; time.count() > 0; time -= std::chrono::milliseconds(10)) {
    scheduler_->clock().advance_time(std::chrono::milliseconds(10));
    run();
  }
}

void item_worker::open(bool create) {
  tell(wire::open_items{group, member, create, replica});
  run();
}

void item_worker::put(std::uint64_t index, const std::vector<std::string>& keys, std::size_t bytes) {
  send_put(index, keys, bytes);
  run();
}

void item_worker::send_put(std::uint64_t index, const std::vector<std::string>& keys, std::size_t bytes) {
  wire::apply_items job;
  job.group = group;
  job.job = index;
  job.applied = index;
  job.applied_link = index * 1000;
  for (auto& key : keys) {
    auto& effect = job.effects.emplace_back();
    effect.set_key(key);
    effect.set_item(std::string(bytes, static_cast<char>('a' + index % 26)));
  }
  job.who = replica;
  tell(std::move(job));
}

void item_worker::send_question(std::uint64_t transfer, std::uint64_t chunk, std::uint64_t at_least,
                                std::uint64_t resume) {
  tell(wire::read_snapshot{group, ++token_, transfer, chunk, at_least, replica, resume, at_least});
}

// Hears the answer, and what is done behind it waits.
wire::snapshot_part item_worker::ask(std::uint64_t transfer, std::uint64_t chunk, std::uint64_t at_least,
                                     std::uint64_t resume) {
  parts.clear();
  send_question(transfer, chunk, at_least, resume);
  while (parts.empty() && step()) {
  }
  return parts.empty() ? wire::snapshot_part{} : parts.back();
}

wire::snapshot_part item_worker::fetch(std::uint64_t transfer, std::uint64_t chunk, std::uint64_t at_least) {
  auto part = ask(transfer, chunk, at_least);
  for (int tries = 0; tries < 1000 && part.being_cut; ++tries)
    part = ask(transfer, chunk, at_least);
  return part;
}

wire::snapshot_stored item_worker::take_up(std::uint64_t transfer, std::uint64_t at_least, bool anew) {
  wire::store_snapshot job;
  job.group = group;
  job.member = member;
  job.transfer = transfer;
  job.at_least = at_least;
  job.anew = anew;
  job.who = replica;
  stored.clear();
  tell(std::move(job));
  run();
  return stored.empty() ? wire::snapshot_stored{} : stored.back();
}

wire::snapshot_stored item_worker::store(std::uint64_t transfer, const msg::SnapshotChunk& chunk) {
  wire::store_snapshot job;
  job.group = group;
  job.member = member;
  job.transfer = transfer;
  job.chunk = std::make_shared<const msg::SnapshotChunk>(chunk);
  job.who = replica;
  tell(std::move(job));
  run();
  return stored.empty() ? wire::snapshot_stored{} : stored.back();
}

std::size_t item_worker::snapshot_files() const {
  std::filesystem::directory_iterator files(snapshot_folder());
  return static_cast<std::size_t>(std::distance(files, std::filesystem::directory_iterator()));
}

wire::replica_actor::behavior_type item_worker::hears(wire::replica_actor::pointer, item_worker* worker) {
  return testing::stand_in<wire::replica_actor>(
      [worker](const wire::items_opened& what) { worker->opened.push_back(what); },
      [worker](const wire::items_applied& what) { worker->applied.push_back(what); },
      [worker](const wire::snapshot_part& what) { worker->parts.push_back(what); },
      [worker](const wire::snapshot_stored& what) { worker->stored.push_back(what); });
}

} // namespace troupe::disk::test
