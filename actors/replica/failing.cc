// Files that refuse what they are given. One that is full is waited for. One that fails for long, or is
// damaged, costs the member its place: it votes on while it can, and leads no more. A failure may pass, and
// then so does what it cost: whoever waits to be replaced because nobody else was sound either must not wait
// for ever.
#include "actors/kit/log.h"
#include "actors/replica/replica_state.h"
#include <caf/all.hpp>

namespace troupe::replica {

namespace {

constexpr std::int64_t full_retry_us = 250'000;
// A disk that fails for so long, and is not just full, is given up: another one takes the member's place.
constexpr std::int64_t disk_patience_us = 10'000'000;
constexpr std::int64_t probe_every_us = 1'000'000;

} // namespace

// Nothing was kept and nothing is acknowledged. Stop leading, and try the same bytes again when there may be
// room. (A failed sync never gets here: the disk actor ends the process.)
void replica_state::log_refused(const wire::disk_result& why) {
  auto t = now();
  if (disk_refuses.empty()) {
    kit::log(kit::level::error, "replica",
             "group " + std::to_string(options.group) + ": the disk refuses writes: " + why.text);
    disk_refuses_us = t;
  }
  disk_refuses = why.text;
  disk_full = why.outcome == wire::disk_outcome::full;
  if (disk_full)
    disk_refuses_us = t; // somebody may make room
  else if (t - disk_refuses_us > disk_patience_us)
    fails_for_long(log_failing, "its log: " + why.text);
  core->disk_healthy(false, t);
  disk_retry_us = t + full_retry_us;
}

void replica_state::log_taken() {
  disk_refuses.clear();
  disk_full = false;
  passes(log_failing);
  core->disk_healthy(!items_fail, now());
}

void replica_state::items_refused(const wire::disk_result& why) {
  auto t = now();
  if (why.outcome == wire::disk_outcome::full)
    flush_fails_us = 0;
  else if (flush_fails_us == 0)
    flush_fails_us = t;
  bool corrupt = why.outcome == wire::disk_outcome::corrupt;
  bool for_long = flush_fails_us != 0 && t - flush_fails_us > disk_patience_us;
  if (!core || (!corrupt && !for_long))
    return;
  if (corrupt) {
    items_failing.clear(); // that does not pass
    must_be_replaced("its items: " + why.text);
  } else {
    fails_for_long(items_failing, "its items: " + why.text);
  }
  items_fail = true;
  core->disk_healthy(false, t);
}

void replica_state::items_taken() {
  flush_fails_us = 0;
  if (!core)
    return;
  const bool passed = passes(items_failing);
  if (!damage.empty())
    return;
  if (items_lost) {
    reopens = true; // what was given up is in the log; until it is read, nobody is served
    return;
  }
  if (!passed)
    return;
  items_fail = false;
  core->disk_healthy(disk_refuses.empty(), now());
}

void replica_state::fails_for_long(std::string& failing, const std::string& why) {
  if (failing.empty())
    kit::log(kit::level::error, "replica",
             "group " + std::to_string(options.group) + ": " + why +
                 ": this member must be replaced, unless that passes");
  failing = why;
}

bool replica_state::passes(std::string& failing) {
  if (failing.empty())
    return false;
  kit::log(kit::level::info, "replica",
           "group " + std::to_string(options.group) + ": it has passed: " + failing);
  failing.clear();
  return true;
}

const std::string& replica_state::must_go() const {
  return !damage.empty() ? damage : !log_failing.empty() ? log_failing : items_failing;
}

// That the member has what it is called to have, and that what its file cannot take does not fill the memory
// until somebody replaces it. It then goes on as a voter with a log; whatever it is asked for, others answer.
void replica_state::watch_items() {
  if (kind() == msg::STORAGE_REPLICA && !holds_items)
    must_be_replaced("its items are gone");
  if (!items_fail)
    return;
  if (core->role() == paxos::role::leader) {
    core->hand_over(0, now()); // to whom is there by now
    return;
  }
  if (!items_lost && items.bytes() > 4 * limits::overlay_bytes) {
    items_lost = true;
    items.clear();
    unflushed_requests.clear();
    marked_flush.reset();
    marked_requests.clear();
    probe_us = now() + probe_every_us;
  }
  if (probes_items())
    probe_items();
}

// Whatever became of it in between: it has to hear that the file takes something, or it is never whole again.
bool replica_state::probes_items() const {
  return items_lost && damage.empty() && !reopens;
}

// There is nothing to flush any more that would show whether the file takes something again.
void replica_state::probe_items() {
  if (probe_under_way || now() < probe_us)
    return;
  probe_under_way = true;
  probe_us = now() + probe_every_us;
  wire::apply_items probe;
  probe.group = options.group;
  probe.job = ++flush_job;
  probe.stay = true;
  probe.who = caf::actor_cast<wire::replica_actor>(self);
  self->send(options.items, std::move(probe));
}

} // namespace troupe::replica
