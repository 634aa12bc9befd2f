#include "tests/linearizability/explain.h"
#include "tests/linearizability/key_history.h"
#include <algorithm>
#include <set>

namespace troupe::linearizability {
namespace {

constexpr std::size_t shown_steps = 12;
constexpr std::size_t shown_pending = 24;

std::vector<std::int64_t> returns_of(const std::vector<const operation*>& operations) {
  std::vector<std::int64_t> times;
  for (const operation* op : operations)
    if (op->result == outcome::ok || op->result == outcome::condition_failed)
      times.push_back(op->returned);
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

// The earliest time at which the history is no longer linearizable. It is linearizable up to some return and
// never again after it (every beginning of a linearizable history is linearizable), so halving finds it.
std::int64_t first_violation(const std::vector<const operation*>& operations, const value& initial,
                             const budget& limits, deadline until, std::uint64_t& steps) {
  const std::vector<std::int64_t> times = returns_of(operations);
  std::size_t good = 0; // the first `good` returns are linearizable
  std::size_t bad = times.size();
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    const key_history part = prepare(operations, initial, times[middle - 1]);
    const search_result found =
        search(part.events, part.initial, static_cast<value_id>(part.values.size()), limits, until);
    steps += found.steps;
    if (found.result == verdict::undecided)
      break; // a later time is still a right answer, only a wordier one
    (found.result == verdict::linearizable ? good : bad) = middle;
  }
  return times.empty() ? never : times[bad - 1];
}

// What the search was left with: the register's state, and which events it had placed.
struct stuck {
  const key_history& part;
  value_id state = 0;
  std::set<position> placed;

  bool remains_to(value_id wanted) const {
    for (position i = 0; i < part.events.size(); ++i)
      if (part.events[i].changes() && part.events[i].written == wanted && !placed.contains(i))
        return true;
    return false;
  }
  std::string text(value_id id) const { return describe(part.values[id]); }
};

bool observes(const event& e) {
  return e.what == event::kind::read || e.what == event::kind::swap;
}

std::string why_not(position candidate, const stuck& at) {
  const key_history& part = at.part;
  const event& e = part.events[candidate];
  const std::string now = at.text(at.state);
  if (observes(e) && e.expected != at.state) {
    const std::string wanted = at.text(e.expected);
    if (at.remains_to(e.expected))
      return "the register is " + now + "; what would make it " + wanted + " leads to no order of the rest";
    const bool ever = e.expected == part.initial ||
                      std::any_of(part.events.begin(), part.events.end(), [&](const event& other) {
                        return other.changes() && other.written == e.expected;
                      });
    return "the register is " + now +
           (ever ? ", and nothing that remains makes it " : ", and no operation ever made it ") + wanted;
  }
  if (e.what == event::kind::refused && e.expected == at.state)
    return "the register is " + now + ", so that the condition would have held";
  if (e.changes() && e.written != at.state && !at.remains_to(at.state))
    for (position i = 0; i < part.events.size(); ++i) {
      const event& other = part.events[i];
      if (i != candidate && !at.placed.contains(i) && !other.optional && observes(other) &&
          other.expected == at.state)
        return "would end " + now + " for good, which has yet to be seen by: " + describe(*part.origins[i]);
    }
  return "possible, but leads to no order of the rest";
}

} // namespace

std::string explain(const std::vector<const operation*>& operations, const value& initial,
                    const budget& limits, deadline until, std::uint64_t& steps) {
  const std::int64_t cut = first_violation(operations, initial, limits, until, steps);
  const key_history part = prepare(operations, initial, cut);
  const search_result found =
      search(part.events, part.initial, static_cast<value_id>(part.values.size()), limits, until);
  steps += found.steps;

  std::string text = "linearizable until this returned:\n";
  for (const operation* op : operations)
    if (op->returned == cut && op->result != outcome::unknown && op->result != outcome::failed)
      text += "    " + describe(*op) + "\n";
  if (found.result != verdict::violation)
    return text; // out of budget: the time is all that is known

  std::vector<std::string> lines;
  stuck at{part, part.initial, {found.order.begin(), found.order.end()}};
  for (position i : found.order) {
    if (part.events[i].changes())
      at.state = part.events[i].written;
    lines.push_back("    " + describe(*part.origins[i]) + "   => " + at.text(at.state) + "\n");
  }
  text += "  the longest order found of what came before (" + std::to_string(lines.size()) + " operations";
  if (lines.size() > shown_steps)
    text += ", the last " + std::to_string(shown_steps) + " shown";
  text += "), from " + describe(initial) + ":\n";
  for (std::size_t i = lines.size() - std::min(lines.size(), shown_steps); i < lines.size(); ++i)
    text += lines[i];

  text += "  none of these can be next:\n";
  std::int64_t horizon = never;
  for (position i = 0; i < part.events.size(); ++i)
    if (!at.placed.contains(i))
      horizon = std::min(horizon, part.events[i].returned);
  std::size_t shown = 0;
  for (position i = 0; i < part.events.size(); ++i) {
    const event& e = part.events[i];
    if (at.placed.contains(i) || e.invoked > horizon)
      continue;
    if (++shown > shown_pending) {
      text += "    ...\n";
      break;
    }
    text += "    " + describe(*part.origins[i]) + "\n        " + why_not(i, at) + "\n";
  }
  return text;
}

} // namespace troupe::linearizability
