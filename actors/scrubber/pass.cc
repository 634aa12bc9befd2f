// The full pass over one replica: is it there, its log, its items; and the log again where entries had to be
// fetched from the other members.
#include "actors/kit/log.h"
#include "actors/scrubber/scrubber_state.h"
#include "config/limits.h"
#include <caf/all.hpp>

namespace troupe::scrubber {

namespace {

constexpr std::int64_t mend_us = 500'000; // after which entries that were asked for are looked for
constexpr int mends_max = 20;

std::string list_of(const std::vector<std::uint64_t>& indexes) {
  std::string out = std::to_string(indexes.front());
  return indexes.size() == 1 ? "entry " + out
                             : std::to_string(indexes.size()) + " entries, the first is " + out;
}

} // namespace

resident* scrubber_state::reader() {
  auto it = reading ? residents.find(reading->group) : residents.end();
  return it == residents.end() || it->second.member != reading->member ? nullptr : &it->second;
}

void scrubber_state::drive_pass() {
  const auto t = now();
  if (reading && !reader())
    pass_failed("its replica is gone");
  if (!reading) {
    auto group = passes->due(t);
    if (!group)
      return;
    passes->begun(*group, t);
    reading.emplace();
    reading->group = *group;
    reading->member = residents.at(*group).member;
    reading->number = ++next_number;
    reading->due_us = t;
  }
  if (reading->asked || t < reading->due_us)
    return;
  reading->asked = true;
  switch (reading->now) {
  case pass::phase::look:
    return look(reading->number);
  case pass::phase::log:
  case pass::phase::log_again:
    return read_log();
  case pass::phase::items:
    return read_items();
  }
}

void scrubber_state::look(std::uint64_t number) {
  self->request(reader()->actor, caf::infinite, wire::scrub_view_atom::value)
      .then(
          [this, number](const wire::scrub_view& view) {
            if (!is_current(number))
              return;
            if (!view.running)
              return pass_failed("its replica does not run");
            reading->asked = false;
            reading->has_items = view.holds_items;
            for (const auto& m : view.storage)
              reading->nodes.push_back(m.node);
            reading->now = pass::phase::log;
            drive_pass();
          },
          [this, number](const caf::error& why) {
            if (is_current(number))
              pass_failed(self->home_system().render(why));
          });
}

void scrubber_state::read_log() {
  auto number = reading->number;
  self->request(options.disk, caf::infinite,
                wire::check_log{reading->group, reading->log_from, limits::scrub_step_bytes})
      .then([this, number](const wire::log_checked& what) { on_log(number, what); },
            [this, number](const caf::error& why) {
              if (is_current(number))
                pass_failed(self->home_system().render(why));
            });
}

void scrubber_state::on_log(std::uint64_t number, const wire::log_checked& what) {
  meter->log_bytes.Increment(static_cast<double>(what.bytes));
  if (!is_current(number))
    return;
  if (!what.result.ok())
    return pass_failed("its log: " + what.result.text);
  auto& p = *reading;
  p.asked = false;
  pause(pace->wait_us(what.bytes));
  if (what.rows_put_back) {
    found(p.group, finding::log,
          "what its log says of promises and of its end was damaged; it has been put back");
    repaired(p.group);
  }
  p.damaged_log.insert(p.damaged_log.end(), what.damaged.begin(), what.damaged.end());
  if (p.damaged_log.size() > limits::inflight_entries)
    p.damaged_log.resize(limits::inflight_entries); // the others come after these
  p.log_from = what.next;
  if (what.next == 0)
    log_ended();
}

// Unreadable entries are fetched from the others, as often as it takes; meanwhile the items are read.
void scrubber_state::log_ended() {
  auto& p = *reading;
  auto* one = reader();
  if (!one)
    return pass_failed("its replica is gone");
  auto damaged = std::exchange(p.damaged_log, {});
  if (!damaged.empty()) {
    if (!std::exchange(p.log_was_damaged, true))
      found(p.group, finding::log, list_of(damaged) + " of its log cannot be read");
    self->send(one->actor, wire::mend_log{damaged});
    p.log_from = damaged.front();
  } else if (p.log_was_damaged) {
    p.log_was_damaged = false;
    meter->logs_mended.Increment();
    repaired(p.group);
    kit::log(kit::level::info, options.node, "scrubber",
             "group " + std::to_string(p.group) + ": its log can be read again");
  }
  if (p.now == pass::phase::log && p.has_items) {
    p.now = pass::phase::items;
    return;
  }
  if (!p.log_was_damaged)
    return pass_ended();
  if (p.mends++ >= mends_max)
    return log_not_mended(damaged);
  p.now = pass::phase::log_again;
  pause(mend_us);
}

// Whoever has these entries does not answer, and may not for long. All has been read, and that is said; they
// are asked for again before it is this replica's turn again.
void scrubber_state::log_not_mended(const std::vector<std::uint64_t>& damaged) {
  const auto group = reading->group;
  found(group, finding::log,
        list_of(damaged) + " of its log can still not be read: no other member has given them");
  pass_ended();
  passes->put_off(group, now() + cycle_us() / 20);
}

void scrubber_state::pause(std::int64_t wait_us) {
  reading->due_us = now() + wait_us;
  self->delayed_send(self, std::chrono::microseconds(wait_us + 1'000), step_atom::value);
}

void scrubber_state::read_items() {
  auto number = reading->number;
  self->request(options.items(reading->group), caf::infinite,
                wire::audit_items{reading->group, reading->member, limits::scrub_step_bytes})
      .then([this, number](const wire::items_audited& what) { on_items(number, what); },
            [this, number](const caf::error& why) {
              if (is_current(number))
                pass_failed(self->home_system().render(why));
            });
}

void scrubber_state::on_items(std::uint64_t number, const wire::items_audited& what) {
  meter->item_bytes.Increment(static_cast<double>(what.bytes));
  if (!is_current(number))
    return;
  auto& p = *reading;
  auto* one = reader();
  if (!one)
    return pass_failed("its replica is gone");
  const bool unreadable = what.result.outcome == wire::disk_outcome::corrupt;
  if (!what.result.ok() && !unreadable)
    return pass_failed("its items: " + what.result.text);
  p.asked = false;
  pause(pace->wait_us(what.bytes));
  meter->progress.Set(what.progress / 1000.0);
  one->report.set_progress(what.progress);
  if ((unreadable || what.damaged > 0) && !std::exchange(p.item_told, true)) {
    const std::string text = unreadable ? what.result.text : what.what;
    found(p.group, finding::item, text);
    self->request(one->actor, caf::infinite, wire::condemn{false, 0, "its items are damaged: " + text})
        .then([](bool) {}, [](const caf::error&) {}); // found again by the next pass
  }
  if (what.done || unreadable)
    items_ended(what);
}

void scrubber_state::items_ended(const wire::items_audited& what) {
  auto& p = *reading;
  if (what.wrong_leaves > 0 || what.wrong_figures) {
    found(p.group, finding::digest, what.what);
    for (const auto& node : p.nodes) { // whoever leads by then will
      msg::ScrubRequest ask;
      ask.set_group(p.group);
      ask.mutable_compare();
      post(node, std::move(ask));
    }
  }
  if (!p.log_was_damaged)
    return pass_ended();
  p.now = pass::phase::log_again;
  pause(mend_us);
}

void scrubber_state::pass_ended() {
  meter->passes.Increment();
  meter->progress.Set(0);
  passes->ended(reading->group, now());
  if (auto* one = reader()) {
    one->unread.clear();
    one->report.set_pass_ms(options.clock->unix_ms());
    one->report.set_progress(0);
    tell(*one);
  }
  reading.reset();
}

// Tried again within a second. It may go on like that for long: the reason is logged when it is another one
// than before.
void scrubber_state::pass_failed(const std::string& why) {
  meter->progress.Set(0);
  meter->passes_failed.Increment();
  passes->failed(reading->group, now());
  auto* one = reader();
  // Once may be while it starts.
  if (one && std::exchange(one->unread, why) != why)
    one->told_unread = false;
  else if (one && !std::exchange(one->told_unread, true))
    kit::log(kit::level::warning, options.node, "scrubber",
             "group " + std::to_string(reading->group) + " could not be read in full: " + why);
  if (one && one->report.progress() != 0) {
    one->report.set_progress(0);
    tell(*one);
  }
  reading.reset();
}

} // namespace troupe::scrubber
