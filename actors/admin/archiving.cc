// What the admin asks on account of backups and of tables that are made from others: the leaders of their
// partitions for the index that holds everything acknowledged so far, and their archivers to have the logs
// archived up to there.
#include "actors/admin/admin_state.h"
#include "messages/status.h"
#include <algorithm>
#include <caf/all.hpp>
#include <limits>

namespace troupe::admin {

namespace {

constexpr std::size_t heads_at_once = 128; // of all questions; the others are asked as these are answered
constexpr std::int64_t head_again_us = 100'000;
constexpr std::int64_t ask_archivers_every_us = 50'000;

} // namespace

// A strong read of whatever lies at the start of a partition is answered with the index it reflects, and
// everything that was acknowledged before it was asked for is at or below. A leader that refuses is asked
// again after a while.
void admin_state::settle_heads(wish& of, const std::vector<std::uint64_t>& groups) {
  for (auto group : groups) {
    const auto* leader = nodes.server_of(group);
    if (asked.size() >= heads_at_once)
      return;
    auto& ask_us = of.ask_us[group];
    if (!leader || now() < ask_us)
      continue;
    ask_us = std::numeric_limits<std::int64_t>::max(); // it is answered, or expires
    msg::ReplicaRequest request;
    request.mutable_read()->set_key(records.partition(group)->from());
    ask(*leader, group, std::move(request), [this, group, id = of.id](const msg::ReplicaReply& answer) {
      auto it = std::find_if(wishes.begin(), wishes.end(), [&](const auto& one) { return one.id == id; });
      if (it == wishes.end())
        return; // its time was up
      if (!is_ok(answer.status())) {
        it->ask_us[group] = now() + head_again_us;
        return;
      }
      it->heads[group] = answer.index();
      it->ask_us.erase(group);
      if (it->ask_us.empty())
        it->look_us = 0; // all that were asked have answered
    });
  }
}

// Again and again, until everything that is waited for is archived.
void admin_state::ask_archivers() {
  if (now() < archiving_us)
    return;
  archiving_us = now() + ask_archivers_every_us;
  auto wanted = wanted_of_archive(records);
  if (wanted.empty())
    return archived.clear();
  for (auto& [group, up_to] : wanted) {
    if (const auto* said = nodes.newest_of(group))
      archived.note(group, said->archive().archived());
    const auto* leader = nodes.server_of(group);
    if (asked_archivers.full())
      return;
    if (!leader || archived.holds(group, up_to) || !archived.ask(group, now()))
      continue;
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_ARCHIVER);
    *parcel.mutable_from() = wire::address(msg::ROLE_ADMIN);
    parcel.set_id(asked_archivers.add(group, now() + 2 * limits::archiving_wait_ms * 1000));
    parcel.set_deadline_ms(limits::archiving_wait_ms);
    parcel.mutable_archive_request()->set_group(group);
    post(*leader, std::move(parcel));
  }
}

void admin_state::on_archiver(std::uint64_t group, const msg::Parcel& answer) {
  if (answer.has_archive_reply() && is_ok(answer.archive_reply().status()))
    archived.note(group, answer.archive_reply().archived());
  archived.ask_again(group, now());
}

} // namespace troupe::admin
