#include "tests/linearizability/key_history.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
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

// Whether the register is certainly as `e` needs it right after `inner` took effect.
bool satisfied_after(const event& inner, const event& e) {
  if (inner.optional)
    return false;
  if (inner.what == event::kind::refused)
    return false; // tells what the register was not
  const value_id then = inner.changes() ? inner.written : inner.expected;
  return e.what == event::kind::read ? then == e.expected : then != e.expected;
}

// Marks reads and refusals that restrict nothing: during each, another event began and ended that left the
// register as this one needs it, so that this one can stand right behind it in any order of the others.
void mark_redundant(const std::vector<event>& events, std::vector<bool>& dropped) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    const event& e = events[i];
    if (e.changes())
      continue;
    // Those that were invoked at the same time may stand before it in the vector.
    std::size_t from = i;
    while (from > 0 && events[from - 1].invoked == e.invoked)
      --from;
    for (std::size_t j = from; j < events.size() && events[j].invoked <= e.returned && !dropped[i]; ++j) {
      const event& inner = events[j];
      const bool equal = inner.invoked == e.invoked && inner.returned == e.returned;
      // Of two with the same interval, only the later may lean on the earlier.
      if (j == i || inner.returned > e.returned || (equal && !inner.changes() && j > i))
        continue;
      dropped[i] = satisfied_after(inner, e);
    }
  }
}

// Marks refusals of swaps whose value was gone for good before they returned: an event that left another
// value came after every change to theirs. It surely did when it was invoked after all of those had returned,
// or when it swapped that value away and there was only one.
void mark_outdated(const std::vector<event>& events, std::size_t values, value_id initial,
                   std::vector<bool>& dropped) {
  std::vector<std::uint32_t> sources(values, 0);
  std::vector<std::int64_t> last_source(values, std::numeric_limits<std::int64_t>::min());
  std::vector<std::int64_t> gone(values, never); // the value is gone for good at this time
  sources[initial] = 1;
  for (const event& e : events)
    if (e.changes()) {
      ++sources[e.written];
      last_source[e.written] = std::max(last_source[e.written], e.returned);
    }
  for (const event& e : events)
    if (e.what == event::kind::swap && !e.optional && sources[e.expected] == 1)
      gone[e.expected] = std::min(gone[e.expected], e.returned);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const event& e = events[i];
    if (e.what != event::kind::refused)
      continue;
    dropped[i] = dropped[i] || gone[e.expected] <= e.returned;
    // Look back for the other reason, not further than it takes to find one in a busy history.
    constexpr std::size_t reach = 256;
    for (std::size_t j = i;
         j-- > 0 && i - j <= reach && !dropped[i] && events[j].invoked > last_source[e.expected];)
      dropped[i] = !dropped[j] && events[j].returned <= e.returned && satisfied_after(events[j], e);
  }
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
void mark_unseen(const std::vector<event>& events, std::size_t values, std::vector<bool>& dropped) {
  std::vector<std::uint32_t> seen(values, 0);
  std::int64_t last_refusal = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const event& e = events[i];
    if (observes(e))
      ++seen[e.expected];
    if (e.what == event::kind::refused && !dropped[i])
      last_refusal = std::max(last_refusal, e.returned);
  }
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
}

} // namespace

key_history prepare(const std::vector<const operation*>& operations, const value& initial, std::int64_t cut) {
  std::vector<const operation*> by_time = operations;
  std::stable_sort(by_time.begin(), by_time.end(),
                   [](const operation* a, const operation* b) { return a->invoked < b->invoked; });
  value_table table;
  key_history made;
  made.initial = table.id_of(initial);
  std::vector<event> events;
  std::vector<const operation*> origins;
  for (const operation* op : by_time)
    if (auto e = event_of(*op, table, cut)) {
      events.push_back(*e);
      origins.push_back(op);
    }
  made.values = table.take();

  make_certain(events, made.values.size(), made.initial);
  std::vector<bool> dropped(events.size(), false);
  mark_redundant(events, dropped);
  mark_outdated(events, made.values.size(), made.initial, dropped);
  mark_unseen(events, made.values.size(), dropped);
  for (std::size_t i = 0; i < events.size(); ++i)
    if (!dropped[i]) {
      made.events.push_back(events[i]);
      made.origins.push_back(origins[i]);
    }
  return made;
}

} // namespace troupe::linearizability
