#include "tests/unit/scrubber/proof_world.h"
#include "actors/kit/log.h"
#include "storage/archive/segment.h"
#include "tests/unit/history/archived.h"
#include "tests/unit/stand_in.h"
#include <caf/all.hpp>

namespace troupe::scrubber {

using testing::stand_in;

namespace {

constexpr std::uint64_t own_member = 2;

} // namespace

world::world()
    : config_(nodes_test::on_virtual_time()), system_(config_),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_) {
  kit::set_log_level(kit::level::error);
}

world::~world() {
  if (scrubber_)
    caf::anon_send(scrubber_, wire::stop_atom::value);
  scheduler_.run();
  for (const auto& part : {caf::actor_cast<caf::actor>(peers_), caf::actor_cast<caf::actor>(disk_),
                           caf::actor_cast<caf::actor>(archiver_), caf::actor_cast<caf::actor>(replica_),
                           caf::actor_cast<caf::actor>(items_)})
    if (part)
      caf::anon_send_exit(part, caf::exit_reason::kill);
  scheduler_.run();
}

void world::write(int entries, const std::string& value) {
  for (int i = 0; i < entries; ++i) {
    const auto number = std::to_string(log.size() % 7 == 6 ? 1 : log.size());
    msg::Command command;
    command.set_time_ms(1'000'000 + static_cast<std::int64_t>(log.size()));
    auto& effect = *command.add_effects();
    effect.set_key(std::string(1, static_cast<char>('a' + log.size() % 20)) + number);
    effect.set_item(value + std::to_string(log.size()));
    log.push_back(*made_.next(command.SerializeAsString(), 3));
  }
}

void world::archive(std::uint64_t first, std::uint64_t last, std::uint32_t copy) {
  auto bytes =
      storage::write_segment(testing::about(whose), {log.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                                     log.begin() + static_cast<std::ptrdiff_t>(last)});
  ASSERT_TRUE(bytes) << bytes.error().text;
  ASSERT_TRUE(store->put(archive::segment_name(archive::folder_of(whose), {first, last, copy}), *bytes));
  archived = std::max(archived, last);
}

void world::archive_snapshot(storage::item_store& of) {
  testing::archive_snapshot(*store, whose, of, where.file("snapshot" + std::to_string(++files_)));
}

std::string world::segment(std::uint64_t first, std::uint64_t last, std::uint32_t copy) const {
  return where.file("archive/" + archive::segment_name(archive::folder_of(whose), {first, last, copy}));
}

std::unique_ptr<storage::item_store> world::items_at(std::uint64_t index, const std::string& wrong) {
  storage::item_options options;
  options.group = whose.group;
  options.member = own_member;
  options.create = true;
  auto items = storage::item_store::open(where.file("items" + std::to_string(++files_)), options);
  EXPECT_TRUE(items);
  for (std::uint64_t i = 0; i < index; ++i) {
    msg::Command command;
    EXPECT_TRUE(command.ParseFromString(log[i].payload()));
    storage::item_batch batch;
    batch.position.index = log[i].index();
    batch.position.link = log[i].link();
    batch.position.time_ms = command.time_ms();
    for (const auto& effect : command.effects())
      batch.changes.push_back({effect.key(), !wrong.empty() && i == 0 ? wrong : effect.item(), false});
    EXPECT_TRUE((*items)->apply(batch));
  }
  return std::move(*items);
}

scrub::leaf_list world::leaves_at(std::uint64_t index, const std::string& wrong) {
  const auto digests = *items_at(index, wrong)->digests();
  scrub::leaf_list leaves;
  for (const auto& one : digests)
    leaves.push_back({one.sum, one.items});
  return leaves;
}

std::string world::verify() const {
  history::survey all(*store, history::survey_depth::bytes);
  auto found = all.next();
  if (!found || !*found)
    return "nothing can be read";
  return (*found)->whole() ? "" : (*found)->findings.front();
}

void world::start(std::uint64_t base) {
  base_ = base;
  peers_ = system_.spawn([this](wire::peers_actor::pointer) {
    return stand_in<wire::peers_actor>([this](wire::outbox& mail) {
      for (auto& one : mail) {
        answer(one);
        sent.push_back(std::move(one));
      }
    });
  });
  disk_ = system_.spawn([this](wire::scrubbed_disk_actor::pointer) {
    return stand_in<wire::scrubbed_disk_actor>(
        [this](const wire::page_log& what) {
          wire::log_page page;
          if (what.from <= base_)
            page.result = {wire::disk_outcome::missing, "the log begins later"};
          for (std::uint64_t i = what.from; page.result.ok() && i <= what.to && i <= log.size(); ++i)
            if (page.entries.size() < 3) // small pages
              page.entries.push_back(log[i - 1]);
          return page;
        },
        [this](const wire::check_log&) {
          ++log_reads;
          wire::log_checked answer;
          answer.damaged = unreadable;
          return answer;
        });
  });
  archiver_ = system_.spawn([this](wire::scrubbed_archiver_actor::pointer) {
    return stand_in<wire::scrubbed_archiver_actor>(
        [this](const wire::view_archive&) {
          return wire::archive_view{true, testing::about(whose), archived};
        },
        [this](const wire::want_snapshot& what) { wanted.push_back(what.index); });
  });
  replica_ = system_.spawn([this](wire::scrubbed_replica_actor::pointer) {
    return stand_in<wire::scrubbed_replica_actor>(
        [this](wire::standing_atom) {
          wire::log_standing standing;
          standing.base = base_;
          standing.committed = log.size();
          return standing;
        },
        [this](wire::scrub_view_atom) {
          wire::scrub_view view{runs, true, !voices.empty(), 5, {}, "n2"};
          for (const auto& [node, one] : voices)
            view.storage.push_back({one.member, node});
          return view;
        },
        [this](const wire::propose_mark&) {
          return wire::mark_proposed{true, log.size()};
        },
        [this](const wire::condemn& what) {
          condemned.push_back(what);
          return condemnable;
        },
        [this](const wire::mend_log&) { ++mends; },
        [this](const msg::ScrubReport& report) { reports.push_back(report); });
  });
  items_ = system_.spawn([this](wire::scrubbed_items_actor::pointer) {
    return stand_in<wire::scrubbed_items_actor>(
        [this](const wire::read_mark&) {
          msg::ScrubReply reply;
          reply.set_state(msg::ScrubReply::GONE);
          return reply;
        },
        [](const wire::audit_items&) {
          wire::items_audited answer;
          answer.done = true;
          return answer;
        });
  });
  scrubber_options options;
  options.node = "n2";
  options.scrub.enabled = false; // nothing but what is asked of it
  options.peers = peers_;
  options.disk = disk_;
  options.items = [this](std::uint64_t) { return items_; };
  options.archiver = archiver_;
  options.archive.open = [this]() -> storage::result<std::unique_ptr<storage::object_store>> {
    return std::unique_ptr<storage::object_store>(storage::directory_store::at(where.file("archive")));
  };
  options.archive.scratch = where.file("scrub");
  options.archive.room.kept = free_bytes_min;
  options.scrub.archive_bytes_per_second = std::int64_t{1} << 50;
  options.piece_bytes = 300;
  options.detached = false;
  options.clock = &clock_;
  options.metrics = std::make_shared<kit::metrics>(registry_, "n2");
  scrubber_ = spawn_scrubber(system_, std::move(options));
  caf::anon_send(scrubber_, resident_started{whose.group, own_member, "people", replica_});
  scheduler_.run();
}

// For the scrubbers of other nodes, and of its own.
void world::answer(const wire::outgoing& asked) {
  if (!asked.parcel.has_scrub_request())
    return;
  const auto& request = asked.parcel.scrub_request();
  const bool made_up = voices.contains(asked.node);
  if (made_up ? voices.at(asked.node).mute : request.op_case() != msg::ScrubRequest::kCondemn)
    return;
  voice silent;
  auto& one = made_up ? voices.at(asked.node) : silent;
  auto parcel = wire::reply_to(asked.parcel);
  auto& reply = *parcel.mutable_scrub_reply();
  switch (request.op_case()) {
  case msg::ScrubRequest::kReadMark:
    reply.set_lineage(one.lineage);
    for (const auto& leaf : one.leaves) {
      reply.add_sums(leaf.sum);
      reply.add_items(leaf.items);
    }
    for (const auto& copy : one.remembers) {
      reply.add_agreed(copy.member);
      reply.add_agreed_lineages(copy.lineage);
    }
    break;
  case msg::ScrubRequest::kAgreed:
    one.remembers.clear();
    for (int i = 0; i < request.agreed().members_size(); ++i)
      one.remembers.push_back({request.agreed().members(i), request.agreed().lineages(i)});
    return;
  case msg::ScrubRequest::kCondemn:
    if (one.deaf)
      return;
    reply.set_state(one.hears);
    break;
  default:
    return;
  }
  wire::inbox mail;
  mail.push_back({std::make_shared<wire::peer>(wire::peer{asked.node, 9, 1, false}), std::move(parcel)});
  caf::anon_send(scrubber_, std::move(mail));
}

void world::deliver(msg::ScrubRequest request) {
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_SCRUBBER);
  *parcel.mutable_from() = wire::address(msg::ROLE_SCRUBBER);
  parcel.set_id(77);
  request.set_group(whose.group);
  *parcel.mutable_scrub_request() = std::move(request);
  wire::inbox mail;
  mail.push_back({std::make_shared<wire::peer>(wire::peer{"n1", 9, 1, false}), std::move(parcel)});
  caf::anon_send(scrubber_, std::move(mail));
  scheduler_.run();
}

void world::order(std::uint64_t index, std::vector<scrub::leaf_list> members, bool arbitrate) {
  msg::ScrubRequest request;
  auto& wish = *request.mutable_prove();
  wish.set_index(index);
  wish.set_epoch(5);
  wish.set_arbitrate(arbitrate);
  for (const auto& leaves : members) {
    auto& member = *wish.add_members();
    member.set_member(static_cast<std::uint64_t>(wish.members_size()));
    member.set_node("n" + std::to_string(wish.members_size()));
    for (const auto& leaf : leaves) {
      member.add_sums(leaf.sum);
      member.add_items(leaf.items);
    }
  }
  deliver(std::move(request));
}

void world::compare() {
  msg::ScrubRequest request;
  request.mutable_compare();
  deliver(std::move(request));
  run(std::chrono::seconds(2));
}

void world::read() {
  msg::ScrubRequest request;
  request.mutable_pass();
  deliver(std::move(request));
}

void world::condemn(std::uint64_t of_lineage) {
  msg::ScrubRequest request;
  auto& sentence = *request.mutable_condemn();
  sentence.set_member(own_member);
  sentence.set_epoch(5);
  sentence.set_lineage(of_lineage);
  sentence.set_why("the others agree");
  deliver(std::move(request));
}

void world::run(std::chrono::milliseconds time) {
  for (auto until = clock_.now_us() + std::chrono::microseconds(time).count(); clock_.now_us() < until;) {
    scheduler_.clock().advance_time(std::chrono::milliseconds(50));
    scheduler_.run();
  }
}

double world::counted(const std::string& family, const std::string& label) const {
  double sum = 0;
  for (const auto& one : registry_->Collect())
    for (const auto& metric : one.metric) {
      bool counts = label.empty();
      for (const auto& known : metric.label)
        counts = counts || known.value == label;
      if (one.name == family && counts)
        sum += metric.counter.value + metric.gauge.value;
    }
  return sum;
}

std::vector<const msg::ScrubRequest*> world::told(msg::ScrubRequest::OpCase what) const {
  std::vector<const msg::ScrubRequest*> found;
  for (const auto& one : sent)
    if (one.parcel.has_scrub_request() && one.parcel.scrub_request().op_case() == what)
      found.push_back(&one.parcel.scrub_request());
  return found;
}

} // namespace troupe::scrubber
