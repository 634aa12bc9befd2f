// One partition, from the question whether its member here leads to the last item.
#include "actors/kit/log.h"
#include "actors/restorer/restorer_state.h"
#include "messages/status.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::restorer {

namespace {

constexpr auto replica_answers_within = std::chrono::seconds(2);
constexpr std::int64_t look_again_us = 250'000; // at a member that does not lead
constexpr std::int64_t metadata_answers_us = 2'000'000;
constexpr std::int64_t write_answers_us = 5'000'000;
constexpr int unanswered_max = 50;               // of one batch
constexpr std::int64_t write_again_us = 200'000; // after a refusal that may pass; doubles
constexpr int write_doublings = 5;
constexpr std::int64_t patience_us = 60'000'000;  // with one that takes nothing, while others wait
constexpr std::int64_t set_aside_us = 30'000'000; // and then it is left alone; doubles
constexpr int set_aside_doublings = 7;            // an hour
constexpr int lacks_max = 20; // about ten minutes: a listing may be behind, a copy may be made good
constexpr std::int64_t catch_up_us = 200'000;
constexpr std::uint64_t batch_bytes = 256 * 1024;
constexpr std::size_t batch_items = 500;
constexpr std::uint64_t page_bytes = 4u << 20; // of items in memory
constexpr std::int64_t fail_again_us = 1'000'000;
constexpr int fail_doublings = 5;

std::uint64_t bytes_of(const std::pair<std::string, std::string>& item) {
  return item.first.size() + item.second.size();
}

// The partition is there and led, and takes nothing now: too much is under way, its log is not archived, the
// disk is full. What was rebuilt is kept meanwhile, however long it lasts: to rebuild it and to write it all
// anew would not make it easier for anybody. Unless another one could be worked on: see wait().
bool may_pass(msg::Code code) {
  return code == msg::OVERLOADED || code == msg::UNAVAILABLE || code == msg::STORAGE_FULL ||
         code == msg::UNKNOWN_OUTCOME;
}

// What is in the way of this one is in the way of those behind it as well.
bool concerns_all(const msg::Status& refusal) {
  return refusal.code() == msg::STORAGE_FULL ||
         (refusal.code() == msg::OVERLOADED && refusal.overloaded() == msg::Status::NODE);
}

} // namespace

void restorer_state::ask_replica() {
  auto turn = now_at->turn;
  self->request(mine().about.replica, replica_answers_within, wire::report_atom::value)
      .then(
          [this, turn](const msg::ReplicaReport& report) {
            if (current(turn))
              on_standing(report);
          },
          [this, turn](const caf::error&) {
            if (current(turn))
              leave(look_again_us);
          });
}

void restorer_state::on_standing(const msg::ReplicaReport& report) {
  if (!report.leads() || !report.serving())
    return leave(look_again_us);
  now_at->ballot = report.ballot();
  ask_metadata();
}

// The metadata's leader, or whoever may know it. It looks at its newest records once it has been asked: when
// nothing is said to be done then, no client has written anything in this leadership or before.
void restorer_state::ask_metadata() {
  const auto& nodes = options.metadata_nodes;
  if (nodes.empty() || now_at->asked_nodes > 2 * nodes.size())
    return leave(look_again_us);
  auto to = metadata_leader.empty() ? nodes[now_at->asked_nodes % nodes.size()] : metadata_leader;
  ++now_at->asked_nodes;
  msg::AdminRequest request;
  request.mutable_describe_table()->set_name(mine().about.table);
  ask_admin(to, std::move(request), work::phase::checking);
}

void restorer_state::ask_admin(const std::string& node, msg::AdminRequest request, work::phase at) {
  now_at->at = at;
  now_at->asked_node = node;
  now_at->question = ++next_id;
  now_at->due_us = now() + metadata_answers_us;
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_ADMIN);
  *parcel.mutable_from() = wire::address(msg::ROLE_RESTORER);
  parcel.set_id(now_at->question);
  parcel.set_deadline_ms(metadata_answers_us / 1000);
  *parcel.mutable_admin_request() = std::move(request);
  post(node, std::move(parcel));
}

void restorer_state::on_metadata(const msg::Parcel& answer) {
  const auto& reply = answer.admin_reply();
  auto code = answer.has_admin_reply() ? reply.status().code() : msg::UNAVAILABLE;
  metadata_leader = code == msg::MOVED ? reply.moved().leader_node() : "";
  if (code == msg::MOVED || code == msg::UNAVAILABLE)
    return ask_metadata();
  auto leaves = reply.tables_size() > 0 && reply.tables(0).state() == msg::TABLE_DELETING;
  if (code == msg::TABLE_NOT_FOUND || leaves) {
    mine().done = true; // its replica here is about to be dropped
    return leave(0);
  }
  if (code != msg::OK)
    return leave(look_again_us);
  auto it = std::find_if(reply.partitions().begin(), reply.partitions().end(),
                         [&](const auto& one) { return one.group() == now_at->group; });
  if (it == reply.partitions().end() || it->restore().done()) {
    mine().done = true;
    return leave(0);
  }
  if (mine().lacks >= lacks_max && reply.tables_size() > 0)
    return give_up(reply.tables(0).id());
  kit::log(kit::level::info, options.node, "restorer",
           "group " + std::to_string(now_at->group) + " of table " + mine().about.table +
               " is given the items that group " + std::to_string(it->restore().group()) + " had");
  now_at->at = work::phase::rebuilding;
  rebuild_job job;
  job.what = rebuild_job::kind::begin;
  job.whose = {mine().about.cluster, it->restore().table_id(), it->restore().group()};
  job.last = it->restore().last();
  job.time_ms = it->restore().time_ms();
  ask_worker(std::move(job));
}

// The archive does not hold what this partition had, and nobody else does: there will never be such a table.
// Whoever asked for it sees that when it is gone, and why is in the log.
void restorer_state::give_up(std::uint64_t table_id) {
  const auto& one = mine();
  kit::log(kit::level::error, options.node, "restorer",
           "table " + one.about.table + " cannot be restored, and is deleted: " + one.lacks_what);
  msg::AdminRequest request;
  auto& gone = *request.mutable_delete_table();
  gone.set_name(one.about.table);
  gone.set_unrestorable(table_id);
  gone.set_why(one.lacks_what);
  ask_admin(now_at->asked_node, std::move(request), work::phase::giving_up);
}

// Whether the table is gone is seen the next time.
void restorer_state::on_given_up(const msg::Parcel& answer) {
  auto agreed = answer.has_admin_reply() && answer.admin_reply().status().code() == msg::OK;
  leave(agreed ? look_again_us : fail_again_us << fail_doublings);
}

void restorer_state::ask_worker(rebuild_job job) {
  auto turn = now_at->turn;
  self->request(worker, caf::infinite, std::move(job))
      .then(
          [this, turn](rebuild_done& done) {
            if (current(turn))
              on_worker(done);
          },
          [this, turn](const caf::error& why) {
            if (current(turn))
              failed(self->home_system().render(why));
          });
}

void restorer_state::on_worker(rebuild_done& done) {
  if (done.lacking) {
    ++mine().lacks;
    mine().lacks_what = done.trouble;
  }
  if (!done.trouble.empty())
    return failed(done.trouble);
  if (now_at->at == work::phase::rebuilding && !done.whole) {
    rebuild_job job;
    job.what = rebuild_job::kind::step;
    return ask_worker(std::move(job));
  }
  if (now_at->at == work::phase::reading) {
    for (auto& item : done.items)
      now_at->items.push_back(std::move(item));
    now_at->more = done.more;
    if (!now_at->items.empty())
      now_at->read_from = now_at->items.back().first + '\0';
  }
  go_on();
}

void restorer_state::go_on() {
  if (!now_at->items.empty() || !now_at->more)
    return write();
  now_at->at = work::phase::reading;
  rebuild_job job;
  job.what = rebuild_job::kind::page;
  job.from = now_at->read_from;
  job.bytes = page_bytes;
  ask_worker(std::move(job));
}

// The next batch; behind the last one, a write of nothing, which says that everything is there.
void restorer_state::write() {
  auto& w = *now_at;
  if (++w.unanswered > unanswered_max)
    return failed("the partition answers no writes");
  msg::Parcel parcel;
  auto& write = *parcel.mutable_replica_request()->mutable_write();
  w.at = w.items.empty() ? work::phase::closing : work::phase::writing;
  w.writing = 0;
  w.bytes = 0;
  for (const auto& item : w.items) {
    if (w.writing == batch_items || (w.writing > 0 && w.bytes + bytes_of(item) > batch_bytes))
      break;
    auto& mutation = *write.add_mutations();
    mutation.set_key(item.first);
    mutation.set_item(item.second);
    ++w.writing;
    w.bytes += bytes_of(item);
  }
  write.set_in_round(w.ballot.round());
  write.set_in_member(w.ballot.member());
  w.question = ++next_id;
  w.due_us = now() + write_answers_us;
  *parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, w.group);
  *parcel.mutable_from() = wire::address(msg::ROLE_RESTORER);
  parcel.set_id(w.question);
  parcel.set_deadline_ms(write_answers_us / 1000);
  post(options.node, std::move(parcel));
}

void restorer_state::on_written(const msg::ReplicaReply& reply) {
  auto& w = *now_at;
  auto code = reply.status().code();
  w.unanswered = 0;
  if (code == msg::MOVED)
    return leave(look_again_us); // who leads now begins anew
  if (may_pass(code))
    return wait(reply.status());
  if (code != msg::OK)
    return failed(msg::Code_Name(code) + " " + reply.status().message());
  w.refusals = 0;
  mine().set_aside = 0;
  if (w.at == work::phase::closing)
    return finished();
  meter->items.Increment(static_cast<double>(w.writing));
  meter->bytes.Increment(static_cast<double>(w.bytes));
  w.written += w.writing;
  w.written_bytes += w.bytes;
  w.items.erase(w.items.begin(), w.items.begin() + static_cast<std::ptrdiff_t>(w.writing));
  // Ticks are coarse: what they made it wait for too long may be made up for at once.
  w.pace_us = std::max(w.pace_us, now() - catch_up_us) +
              static_cast<std::int64_t>(w.bytes * 1'000'000 / options.bytes_per_second);
  if (w.pace_us <= now())
    return go_on();
  w.write_us = w.pace_us;
}

void restorer_state::wait(const msg::Status& refusal) {
  auto& w = *now_at;
  w.write_us = now() + (write_again_us << std::min(w.refusals, write_doublings));
  if (w.refusals == 0)
    w.look_for_others_us = now() + patience_us;
  if (++w.refusals == write_doublings)
    kit::log(kit::level::warning, options.node, "restorer",
             "group " + std::to_string(w.group) + " of table " + mine().about.table +
                 " takes no items now, and is waited for: " + msg::Code_Name(refusal.code()) + " " +
                 refusal.message());
  if (now() < w.look_for_others_us || concerns_all(refusal))
    return;
  w.look_for_others_us = now() + patience_us;
  look_for_others();
}

// A member of another partition that leads could be worked on, where this one takes nothing.
void restorer_state::look_for_others() {
  auto turn = now_at->turn;
  for (auto& [group, one] : charges)
    if (group != now_at->group && is_due(one))
      self->request(one.about.replica, replica_answers_within, wire::report_atom::value)
          .then(
              [this, turn](const msg::ReplicaReport& report) {
                if (current(turn) && now_at->refusals > 0 && report.leads() && report.serving())
                  set_aside();
              },
              [](const caf::error&) {});
}

void restorer_state::set_aside() {
  auto& one = mine();
  kit::log(kit::level::warning, options.node, "restorer",
           "group " + std::to_string(now_at->group) + " of table " + one.about.table +
               " still takes no items, and is begun anew after others");
  leave(set_aside_us << std::min(one.set_aside++, set_aside_doublings));
}

void restorer_state::finished() {
  meter->restored.Increment();
  kit::log(kit::level::info, options.node, "restorer",
           "group " + std::to_string(now_at->group) + " of table " + mine().about.table + " has all its " +
               std::to_string(now_at->written) + " items");
  mine().done = true;
  mine().failures = 0;
  leave(0);
}

void restorer_state::leave(std::int64_t again_in_us) {
  if (auto it = charges.find(now_at->group); it != charges.end())
    it->second.again_us = now() + again_in_us;
  auto used = now_at->at > work::phase::giving_up;
  now_at.reset();
  if (!used)
    return;
  rebuild_job job;
  job.what = rebuild_job::kind::end;
  self->request(worker, caf::infinite, std::move(job))
      .then([](const rebuild_done&) {}, [](const caf::error&) {});
}

void restorer_state::failed(const std::string& why) {
  meter->failures.Increment();
  auto& one = mine();
  auto wait_us = fail_again_us << std::min(one.failures++, fail_doublings);
  kit::log(kit::level::warning, options.node, "restorer",
           "group " + std::to_string(now_at->group) + " of table " + one.about.table +
               " is not restored, and is begun anew in " + std::to_string(wait_us / 1'000'000) +
               " s: " + why);
  leave(wait_us);
}

void restorer_state::post(const std::string& node, msg::Parcel parcel) {
  wire::outbox out;
  out.push_back({node, std::move(parcel)});
  self->send(options.peers, std::move(out));
}

} // namespace troupe::restorer
