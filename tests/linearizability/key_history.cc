#include "tests/linearizability/key_history.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <unordered_map>

namespace troupe::linearizability {
namespace {

[[noreturn]] void malformed(const operation& op, const char* why) {
  std::fprintf(stderr, "history is malformed: %s: %s\n", why, describe(op).c_str());
  std::abort();
}

class value_table {
public:
  value_id id_of(const value& v) {
    if (!v)
      return 0;
    const auto [at, is_new] = ids_.try_emplace(*v, static_cast<value_id>(values_.size()));
    if (is_new)
      values_.push_back(v);
    return at->second;
  }
  std::vector<value> take() { return std::move(values_); }

private:
  std::unordered_map<std::string, value_id> ids_;
  std::vector<value> values_{std::nullopt};
};

// The operation as an event, or nothing when it restricts nothing and does nothing.
std::optional<event> event_of(const operation& op, value_table& table, std::int64_t cut) {
  outcome result = op.result;
  if (result != outcome::unknown && op.returned < op.invoked)
    malformed(op, "it returned before it was invoked");
  if (result == outcome::condition_failed && op.what != action::cas)
    malformed(op, "only a cas has a condition");
  if (op.what == action::put && !op.written)
    malformed(op, "a put writes a value");
  if (op.invoked > cut || result == outcome::failed)
    return std::nullopt;
  if (result != outcome::unknown && op.returned > cut) {
    if (result == outcome::condition_failed)
      return std::nullopt; // it is not known yet, but it will have done nothing
    result = outcome::unknown;
  }

  event e;
  e.invoked = op.invoked;
  e.optional = result == outcome::unknown;
  e.returned = e.optional ? never : op.returned;
  switch (op.what) {
  case action::get:
    if (e.optional)
      return std::nullopt;
    e.what = event::kind::read;
    e.expected = table.id_of(op.read);
    return e;
  case action::put:
  case action::remove:
    e.what = event::kind::write;
    e.written = table.id_of(op.what == action::put ? op.written : std::nullopt);
    return e;
  case action::cas:
    e.expected = table.id_of(op.expected);
    if (result == outcome::condition_failed) {
      e.what = event::kind::refused;
      return e;
    }
    e.written = table.id_of(op.written);
    e.what = e.written == e.expected ? event::kind::read : event::kind::swap;
    if (e.what == event::kind::read && e.optional)
      return std::nullopt;
    return e;
  }
  malformed(op, "it is no action");
}

bool observes(const event& e) {
  return e.what == event::kind::read || e.what == event::kind::swap;
}

// An unknown write that is the only source of a value that was certainly seen has happened, and no later than
// the first event that saw it ended. That may prove another unknown swap to have happened; and so on.
void make_certain(std::vector<event>& events, std::size_t values, value_id initial) {
  std::vector<std::uint32_t> sources(values, 0);
  std::vector<std::int64_t> seen(values, never); // first return of an event that surely saw the value
  sources[initial] = 1;
  for (const event& e : events) {
    if (e.changes())
      ++sources[e.written];
    if (observes(e) && !e.optional)
      seen[e.expected] = std::min(seen[e.expected], e.returned);
  }
  for (bool again = true; again;) {
    again = false;
    for (event& e : events) {
      if (!e.optional || sources[e.written] != 1 || e.written == initial || seen[e.written] == never)
        continue;
      e.optional = false;
      e.returned = std::max(seen[e.written], e.invoked);
      if (e.what == event::kind::swap && e.returned < seen[e.expected]) {
        seen[e.expected] = e.returned;
        again = true;
      }
    }
  }
}

// Marks unknown writes of values that nobody can have seen. They could still matter to a later refused swap,
// as the change that spoilt its condition; then they stay.
std::vector<bool> useless(const std::vector<event>& events, std::size_t values) {
  std::vector<std::uint32_t> seen(values, 0);
  std::int64_t last_refusal = std::numeric_limits<std::int64_t>::min();
  for (const event& e : events) {
    if (observes(e))
      ++seen[e.expected];
    if (e.what == event::kind::refused)
      last_refusal = std::max(last_refusal, e.returned);
  }
  std::vector<bool> dropped(events.size(), false);
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const event& e = events[i];
      if (dropped[i] || !e.optional || seen[e.written] > 0 || e.invoked <= last_refusal)
        continue;
      dropped[i] = true;
      if (e.what == event::kind::swap) {
        --seen[e.expected];
        again = true;
      }
    }
  }
  return dropped;
}

} // namespace

key_history prepare(const std::vector<const operation*>& operations, const value& initial, std::int64_t cut) {
  value_table table;
  key_history made;
  made.initial = table.id_of(initial);
  std::vector<event> events;
  std::vector<const operation*> origins;
  for (const operation* op : operations)
    if (auto e = event_of(*op, table, cut)) {
      events.push_back(*e);
      origins.push_back(op);
    }
  made.values = table.take();

  make_certain(events, made.values.size(), made.initial);
  const std::vector<bool> dropped = useless(events, made.values.size());
  std::vector<std::size_t> by_time(events.size());
  std::iota(by_time.begin(), by_time.end(), std::size_t{0});
  std::stable_sort(by_time.begin(), by_time.end(),
                   [&](std::size_t a, std::size_t b) { return events[a].invoked < events[b].invoked; });
  for (std::size_t i : by_time)
    if (!dropped[i]) {
      made.events.push_back(events[i]);
      made.origins.push_back(origins[i]);
    }
  return made;
}

} // namespace troupe::linearizability
