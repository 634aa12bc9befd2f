#include "tests/sim/members/disk.h"
#include <algorithm>
#include <iterator>
#include <xxhash.h>

namespace troupe::sim {

instant disk::completion() {
  dice& chance = world_.chance();
  instant takes = speed_.sync_min + chance.tailed(speed_.sync_mean);
  if (chance.per_mille(speed_.slow))
    takes += chance.between(0, speed_.slow_max);
  busy_until_ = std::max({busy_until_, world_.now(), stalled_until_}) + takes;
  return busy_until_;
}

void disk::write(log_write what, std::function<void()> durable) {
  log_waiting_.push_back(prepare(std::move(what), std::move(durable)));
  put(seen_, log_waiting_.back());
  complete_later();
}

void disk::complete_later() {
  world_.at(completion(), [this, boot = boot_] {
    if (boot != boot_ || log_waiting_.empty())
      return;
    if (stalled_until_ > world_.now()) // the stall began after the write did
      return complete_later();
    const transaction done = std::move(log_waiting_.front());
    log_waiting_.pop_front();
    settle(done);
    done.durable();
  });
}

void disk::write_items(std::shared_ptr<const items> state, std::function<void()> durable) {
  items_waiting_ = std::move(state);
  world_.at(completion(), [this, boot = boot_, written = items_waiting_, done = std::move(durable)] {
    if (boot != boot_ || items_waiting_ != written)
      return;
    durable_items_ = std::move(items_waiting_);
    items_waiting_.reset();
    done();
  });
}

void disk::publish_items(std::shared_ptr<const items> state) {
  items_waiting_.reset();
  durable_items_ = std::move(state);
}

disk::transaction disk::prepare(log_write what, std::function<void()> durable) {
  transaction t{std::move(what), {}, std::move(durable)};
  for (const auto& entry : t.what.entries) {
    auto r = std::make_shared<row>();
    r->bytes = entry->SerializeAsString();
    r->checksum = XXH3_64bits(r->bytes.data(), r->bytes.size());
    r->link = entry->link();
    r->ballot = entry->ballot();
    t.rows.push_back(std::move(r));
  }
  return t;
}

void disk::put(image& into, const transaction& t) {
  if (t.what.reset) {
    into.entries.clear();
    into.base = *t.what.reset;
  }
  if (t.what.hard_state)
    into.hard_state = *t.what.hard_state;
  for (std::size_t i = 0; i < t.rows.size(); ++i)
    into.entries[t.what.entries[i]->index()] = t.rows[i];
  if (t.what.clear_above && !t.what.entries.empty())
    into.entries.erase(into.entries.upper_bound(t.what.entries.back()->index()), into.entries.end());
  if (t.what.truncate && t.what.truncate->index > into.base.index) {
    into.entries.erase(into.entries.begin(), into.entries.upper_bound(t.what.truncate->index));
    into.base = *t.what.truncate;
  }
}

void disk::settle(const transaction& t) {
  put(durable_, t);
  const log_write& what = t.what;
  if (what.reset)
    mark_ = what.reset->index;
  for (const auto& entry : what.entries)
    mark_ = std::max(mark_, entry->index());
  if (what.reset)
    checks_.reset(owner_, what.reset->index);
  if (what.hard_state)
    checks_.durable_state(owner_, *what.hard_state);
  for (const auto& entry : what.entries)
    checks_.durable(owner_, *entry);
  if (what.truncate)
    checks_.truncated(owner_, what.truncate->index);
}

std::optional<std::vector<msg::Entry>> disk::read(log_index from, log_index to, std::size_t max_bytes) const {
  std::vector<msg::Entry> result;
  std::size_t bytes = 0;
  for (auto at = seen_.entries.lower_bound(from); at != seen_.entries.end() && at->first <= to; ++at) {
    bytes += at->second->bytes.size();
    if (!result.empty() && bytes > max_bytes)
      break;
    if (!intact(*at->second))
      return std::nullopt;
    result.emplace_back().ParseFromString(at->second->bytes);
  }
  return result;
}

std::optional<log_base> disk::base_at(log_index index) const {
  if (index == seen_.base.index)
    return seen_.base;
  const auto found = seen_.entries.find(index);
  if (found == seen_.entries.end())
    return std::nullopt;
  return log_base{index, found->second->link, found->second->ballot};
}

std::optional<disk::contents> disk::open() {
  if (seen_.last() < mark_)
    return std::nullopt;
  contents found{seen_.hard_state, seen_.base, {}, durable_items_};
  for (const auto& [index, r] : seen_.entries) {
    if (!intact(*r))
      return std::nullopt;
    found.entries.emplace_back().ParseFromString(r->bytes);
  }
  return found;
}

void disk::write_now(const log_write& what) {
  const transaction t = prepare(what, {});
  put(seen_, t);
  settle(t);
}

void disk::crash(bool power_lost) {
  ++boot_;
  const std::size_t waiting_writes = log_waiting_.size();
  const std::size_t kept = power_lost ? world_.chance().below(waiting_writes + 1) : waiting_writes;
  for (std::size_t i = 0; i < kept; ++i)
    settle(log_waiting_[i]);
  log_waiting_.clear();
  seen_ = durable_;
  if (items_waiting_ && world_.chance().coin())
    durable_items_ = items_waiting_;
  items_waiting_.reset();
  busy_until_ = 0;
}

void disk::flip_a_bit() {
  if (durable_.entries.empty())
    return;
  dice& chance = world_.chance();
  const auto victim =
      std::next(durable_.entries.begin(), static_cast<std::ptrdiff_t>(chance.below(durable_.entries.size())));
  auto damaged = std::make_shared<row>(*victim->second);
  damaged->bytes[chance.below(damaged->bytes.size())] ^= static_cast<char>(1u << chance.below(8));
  if (const auto same = seen_.entries.find(victim->first); same != seen_.entries.end())
    if (same->second == victim->second)
      same->second = damaged;
  victim->second = damaged;
}

void disk::forget_tail(std::size_t count, bool mark_too) {
  for (; count > 0 && !durable_.entries.empty(); --count)
    durable_.entries.erase(std::prev(durable_.entries.end()));
  if (mark_too)
    mark_ = durable_.last();
  seen_ = durable_;
}

bool disk::durably_holds(log_index index, std::uint64_t link) const {
  const auto found = durable_.entries.find(index);
  return found != durable_.entries.end() && found->second->link == link && intact(*found->second);
}

bool disk::intact(const row& r) {
  return XXH3_64bits(r.bytes.data(), r.bytes.size()) == r.checksum;
}

} // namespace troupe::sim
