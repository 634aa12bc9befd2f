#include "tests/unit/archiver/archiver_world.h"
#include "actors/kit/log.h"
#include "actors/kit/ticker_actor.h"
#include "messages/entry_link.h"
#include "storage/archive/segment.h"
#include "storage/checksum.h"
#include "tests/unit/stand_in.h"
#include <algorithm>
#include <caf/all.hpp>
#include <gtest/gtest.h>

namespace troupe::archiver {

using namespace std::chrono_literals;

namespace {

wire::disk_actor::behavior_type disk(wire::disk_actor::pointer, world::one_node* node) {
  return testing::stand_in<wire::disk_actor>([node](const wire::page_log& what) {
    wire::log_page page;
    std::uint64_t bytes = 0;
    for (auto& entry : node->log)
      if (entry.index() >= what.from && entry.index() <= what.to && (bytes == 0 || bytes < what.max_bytes)) {
        bytes += entry.payload().size() + 1;
        page.entries.push_back(entry);
      }
    return page;
  });
}

wire::items_actor::behavior_type items(wire::items_actor::pointer, world::one_node* node) {
  return testing::stand_in<wire::items_actor>([node](const wire::page_snapshot& what) {
    wire::snapshot_part page;
    page.being_cut = what.chunk == 0 && node->cuts_left-- > 0;
    if (page.being_cut)
      return page;
    auto asked = std::exchange(node->piece_asked_us, node->in->now_us());
    auto ended = what.chunk != 0 && node->in->now_us() - asked > 30'000'000;
    if (ended || static_cast<int>(what.chunk) == node->piece_refused) {
      page.result = {wire::disk_outcome::missing, "this transfer has ended"};
      return page;
    }
    node->begun += what.chunk == 0;
    if (auto called = node->at_piece)
      called();
    page.chunk.set_chunk(what.chunk);
    page.chunk.set_data(node->pieces[what.chunk]);
    page.chunk.set_checksum(storage::checksum(page.chunk.data()));
    page.chunk.set_last(what.chunk + 1 == node->pieces.size());
    page.chunk.mutable_header()->set_group(group);
    page.chunk.mutable_header()->set_index(node->standing.committed);
    return page;
  });
}

wire::peers_actor::behavior_type peers(wire::peers_actor::pointer, world::one_node* node) {
  return testing::stand_in<wire::peers_actor>([node](wire::outbox& mail) {
    for (auto& one : mail)
      node->sent.push_back(std::move(one.parcel));
  });
}

wire::replica_actor::behavior_type replica(wire::replica_actor::pointer, world::one_node* node) {
  return testing::stand_in<wire::replica_actor>(
      [node](const msg::ArchiveProgress& what) { node->told.push_back(what); },
      [node](const wire::items_rebuilt& what) { node->made.push_back(what); },
      [node](wire::standing_atom) { return node->standing; });
}

} // namespace

world::world()
    : config_(nodes_test::on_virtual_time()), system_(config_),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_) {
  kit::set_log_level(kit::level::error);
  rules.segment_bytes = 1000;
  rules.segment_age = 60'000'000;
  rules.takeover = 30'000'000;
  rules.alarm_bytes = 3000;
  rules.refuse_bytes = 6000;
}

world::~world() {
  for (auto& [name, node] : nodes_) {
    auto ended = node.fell.size();
    caf::anon_send(node.archiver, wire::stop_atom::value);
    scheduler_.run();
    EXPECT_EQ(node.fell.size(), ended) << "it was told to";
    EXPECT_TRUE(node.may_fall || node.fell.empty()) << node.fell.front();
    caf::anon_send_exit(node.replica, caf::exit_reason::kill);
    caf::anon_send_exit(node.disk, caf::exit_reason::kill);
    caf::anon_send_exit(node.items, caf::exit_reason::kill);
    caf::anon_send_exit(node.peers, caf::exit_reason::kill);
    caf::anon_send_exit(node.ticker, caf::exit_reason::kill);
  }
  scheduler_.run();
}

world::one_node& world::add(const std::string& name) {
  auto& node = nodes_[name];
  node.in = this;
  node.name = name;
  node.standing.leads = node.standing.serves = nodes_.size() == 1;
  node.disk = system_.spawn(disk, &node);
  node.items = system_.spawn(items, &node);
  node.peers = system_.spawn(peers, &node);
  node.replica = system_.spawn(replica, &node);
  node.ticker =
      system_.spawn(kit::ticker, std::cref(static_cast<const kit::clock&>(clock_)), std::int64_t{10});
  auto registry = std::make_shared<prometheus::Registry>();
  node.registry = registry.get();
  archiver_options o;
  o.node = name;
  o.cluster = "town";
  o.rules = rules;
  o.snapshots = snapshots;
  o.seed = nodes_.size();
  o.items = [&node](std::uint64_t) { return node.items; };
  o.detached = false;
  o.scratch = scratch.path();
  o.rebuilds = 1;
  o.open = [this] {
    return storage::result<std::unique_ptr<storage::object_store>>(
        std::make_unique<testing::lying_store>(shelf));
  };
  o.disk = node.disk;
  o.peers = node.peers;
  o.ticker = node.ticker;
  o.clock = &clock_;
  o.metrics = std::make_shared<kit::metrics>(registry, name);
  o.fail_stop = [&node](const std::string& why) { node.fell.push_back(why); };
  node.archiver = spawn_archiver(system_, std::move(o));
  caf::anon_send(node.archiver, wire::archive_cluster{cluster});
  caf::anon_send(node.archiver, wire::archive_group{group, table, "people", "", "m"});
  scheduler_.run();
  return node;
}

void world::say_rebuild(one_node& node, std::uint64_t whose, std::uint64_t least, std::uint64_t last) {
  caf::anon_send(node.archiver, wire::rebuild_items{whose, 1, least, last, node.replica});
}

void world::rebuild(one_node& node, std::uint64_t least, std::uint64_t last, std::uint64_t whose) {
  node.made.clear();
  say_rebuild(node, whose, least, last);
  scheduler_.run();
}

void world::commit(std::size_t count, std::size_t bytes) {
  for (std::size_t i = 0; i < count; ++i) {
    msg::Command command;
    command.set_time_ms(clock_.unix_ms());
    auto& effect = *command.add_effects();
    effect.set_key("k");
    effect.set_item(std::string(bytes, static_cast<char>('a' + history_.size() % 26)));
    auto before = history_.empty() ? 0 : history_.back().link();
    auto& entry = history_.emplace_back();
    entry.set_index(history_.size());
    entry.set_kind(msg::Entry::COMMAND);
    entry.set_payload(command.SerializeAsString());
    entry.set_previous_link(before);
    entry.set_link(entry_link(group, entry, before));
    for (auto& [name, node] : nodes_) {
      node.log.push_back(entry);
      node.standing.committed = node.standing.applied = entry.index();
      node.standing.bytes += entry.payload().size();
    }
  }
  for (auto& [name, node] : nodes_)
    tell(node);
}

void world::say(one_node& node) {
  caf::anon_send(node.archiver, wire::log_progress{group, node.replica, node.standing});
}

void world::tell(one_node& node) {
  say(node);
  scheduler_.run();
}

void world::say_forget(one_node& node, std::uint64_t whose) {
  caf::anon_send(node.archiver, wire::archive_forget{whose});
}

void world::forget(one_node& node, std::uint64_t whose) {
  say_forget(node, whose);
  scheduler_.run();
}

void world::know(one_node& node, std::uint64_t whose) {
  caf::anon_send(node.archiver, wire::archive_group{whose, table, "people", "", "m"});
  scheduler_.run();
}

void world::say_other(one_node& node, std::uint64_t whose, std::uint64_t entries, std::uint64_t bytes) {
  auto standing = node.standing;
  standing.committed = standing.applied = entries;
  standing.bytes = bytes;
  caf::anon_send(node.archiver, wire::log_progress{whose, node.replica, standing});
}

void world::end(one_node& node, caf::exit_reason why) {
  caf::anon_send_exit(node.archiver, why);
  scheduler_.run();
}

void world::restart_replica(one_node& node) {
  caf::anon_send_exit(node.replica, caf::exit_reason::kill);
  node.replica = system_.spawn(replica, &node);
  tell(node);
}

void world::run(std::chrono::milliseconds time) {
  for (auto until = clock_.now_us() + std::chrono::microseconds(time).count(); clock_.now_us() < until;) {
    scheduler_.clock().advance_time(10ms);
    scheduler_.run();
  }
}

wire::archive_view world::view(one_node& node) {
  wire::archive_view seen;
  caf::scoped_actor person(system_);
  auto asking = person->request(node.archiver, caf::infinite, wire::view_archive{group});
  scheduler_.run();
  asking.receive([&](wire::archive_view& view) { seen = std::move(view); },
                 [](const caf::error&) { ADD_FAILURE() << "no answer"; });
  return seen;
}

void world::ask(one_node& node, std::uint32_t deadline_ms) {
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_ARCHIVER);
  *parcel.mutable_from() = wire::address(msg::ROLE_ADMIN);
  parcel.set_id(3);
  parcel.set_deadline_ms(deadline_ms);
  parcel.mutable_archive_request()->set_group(group);
  wire::inbox mail;
  mail.push_back({std::make_shared<wire::peer>(wire::peer{"other", 9, 1, false}), std::move(parcel)});
  caf::anon_send(node.archiver, std::move(mail));
  scheduler_.run();
}

std::uint64_t world::archived(const one_node& node) const {
  return node.told.empty() ? 0 : node.told.back().archived();
}

std::uint64_t world::may_cut(const one_node& node) const {
  return node.told.empty() ? 0 : node.told.back().may_cut();
}

std::string world::alarm(const one_node& node) const {
  return node.told.empty() ? "" : node.told.back().alarm();
}

double world::metric(const one_node& node, const std::string& family, const std::string& label) const {
  double sum = 0;
  for (auto& one : node.registry->Collect())
    if (one.name == family)
      for (auto& m : one.metric) {
        auto wanted = label.empty() ||
                      std::any_of(m.label.begin(), m.label.end(), [&](auto& l) { return l.value == label; });
        if (wanted)
          sum += one.type == prometheus::MetricType::Counter ? m.counter.value : m.gauge.value;
      }
  return sum;
}

std::vector<std::string> world::segments() const {
  std::vector<std::string> names;
  for (auto& [name, bytes] : shelf->objects)
    names.push_back(name);
  return names;
}

std::vector<archive::snapshot_id> world::archived_snapshots() const {
  std::vector<archive::snapshot_id> found;
  for (auto& [name, bytes] : shelf->objects)
    if (auto one = archive::read_snapshot_name(archive::folder_of({cluster, table, group}), name))
      found.push_back(*one);
  return found;
}

std::string world::whole(std::uint64_t last) const {
  auto folder = archive::folder_of({cluster, table, group});
  std::map<std::uint64_t, std::uint64_t> links;
  for (auto& [name, bytes] : shelf->objects) {
    if (!archive::read_segment_name(folder, name))
      return name + " is no segment of the group";
    auto segment = storage::read_segment(bytes, name);
    if (!segment)
      continue; // spoilt: another has its entries, or they are missing below
    auto& m = segment->manifest;
    if (m.cluster() != "town" || m.table() != "people" || m.to() != "m")
      return name + " does not say whose it is";
    for (auto& entry : segment->entries)
      links[entry.index()] = entry.link();
  }
  for (std::uint64_t i = 1; i <= last; ++i)
    if (!links.contains(i) || links[i] != history_[i - 1].link())
      return "entry " + std::to_string(i) + " is missing or another";
  return {};
}

} // namespace troupe::archiver
