// What the node's scrubber asks of a replica: marks in the log, log entries put back, and to be replaced when
// its items are found wrong.
#include "actors/kit/log.h"
#include "actors/replica/replica_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::replica {

// Brings the items to exactly this index, whatever is applied next: what has been applied and not flushed
// goes now, or right behind the flush that is under way. Nobody waits for it. Two marks before the end of one
// flush are more than anybody needs: the second is not kept here, and its comparison does without this
// member.
void replica_state::mark(const msg::ScrubMark& what) {
  if (!keeps_items() || incoming || condemned || reopens || marked_flush)
    return;
  const bool behind = items.flushing();
  if (behind)
    marked_requests = requests.take_new();
  else
    for (auto& r : requests.take_new())
      unflushed_requests.push_back(std::move(r));
  auto job = take_flush();
  job.mark = true;
  job.mark_leaves.assign(what.leaves().begin(), what.leaves().end());
  if (behind)
    marked_flush = std::move(job);
  else
    send_flush(std::move(job));
}

wire::scrub_view replica_state::view() const {
  wire::scrub_view v;
  v.running = core && now_in == phase::running;
  if (!v.running)
    return v;
  v.holds_items = keeps_items() && !condemned;
  v.serves = core->serving(now()) && !condemned;
  v.epoch = core->configuration().epoch();
  for (auto& m : core->configuration().members()) {
    if (m.kind() == msg::STORAGE_REPLICA)
      v.storage.push_back({m.id(), m.node()});
    if (m.id() == core->leader())
      v.leader_node = m.node();
  }
  return v;
}

wire::mark_proposed replica_state::on_propose_mark(const wire::propose_mark& what) {
  wire::mark_proposed answer;
  answer.leads = core && now_in == phase::running && core->role() == paxos::role::leader;
  if (!answer.leads)
    return answer;
  auto command = command_for({});
  command.clear_id();
  command.mutable_mark()->mutable_leaves()->Assign(what.leaves.begin(), what.leaves.end());
  answer.index = core->propose(command.SerializeAsString(), now()).value_or(0);
  drain();
  return answer;
}

// --- the log -----------------------------------------------------------------------------------------------

void replica_state::on_mend(const wire::mend_log& what) {
  if (!core || what.damaged.empty() || now_in != phase::running || !options.mender)
    return;
  mending = what.damaged;
  ask_for_chosen(mending.front());
  send_out();
}

// Whether they fit is for the log to say (storage::log_store::mend); whether it helped, for the scrubber to
// see.
void replica_state::mend_from(const msg::PaxosMessage& message) {
  wire::mend_entries job;
  job.group = options.group;
  for (auto& entry : message.chosen().entries()) {
    if (mending.empty() || entry.index() > mending.front())
      break;
    if (entry.index() != mending.front())
      continue;
    if (!job.entries.empty() && job.entries.back()->index() + 1 != entry.index()) {
      self->send(options.mender, job);
      job.entries.clear();
    }
    job.entries.push_back(std::make_shared<const msg::Entry>(entry));
    mending.erase(mending.begin());
  }
  if (job.entries.empty())
    return;
  self->send(options.mender, std::move(job));
  if (!mending.empty())
    ask_for_chosen(mending.front());
}

// --- the items ---------------------------------------------------------------------------------------------

bool replica_state::on_condemn(const wire::condemn& what) {
  if (!core || now_in != phase::running)
    return false;
  if (!holds_items || condemned)
    return true; // with items_lost it has them, and may answer with them again one day
  if (!what.compared) {
    // Nobody counts on what a log replica has fetched: it fetches it again, and votes on meanwhile.
    condemned = kind() == msg::LOG_REPLICA && core->role() != paxos::role::leader;
    if (condemned)
      drain();
    else
      must_be_replaced(what.why);
    return true;
  }
  // Members that were found wrong one after the other may not go one after the other: the second one's
  // rebuild could come from the first. Under one configuration either one is outvoted by two others, or a
  // reference has found all that are wrong at once.
  if (what.epoch != configuration().epoch())
    return true;
  // One that was built anew since it was compared is another copy, and innocent. While a file may be taking
  // the place of this one nobody can tell which it will be.
  if (what.lineage == 0 || lineage == 0 || reopens || (incoming && incoming->storing))
    return false;
  if (what.lineage != lineage)
    return true;
  condemned = true;
  must_be_replaced(what.why);
  turn_readers_away();
  drain();
  return true;
}

// Somebody else leads first. Then the file goes into quarantine, and the member opens again without items and
// votes on, as a log replica does, until it has been replaced; and one that is a log replica, until it has
// fetched others.
void replica_state::leave_items() {
  if (!holds_items || reopens || now_in != phase::running)
    return;
  if (core->role() == paxos::role::leader) {
    core->hand_over(0, now());
    return;
  }
  if (items.flushing() || incoming)
    return;
  kit::log(kit::level::warning, options.node, "replica",
           "group " + std::to_string(options.group) + ": leaves its items, which are wrong");
  self->send(options.items, wire::drop_items{options.group, true});
  reopens = true;
}

} // namespace troupe::replica
