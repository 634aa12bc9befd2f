// Histories of a register that works: clients that ask, wait, and are answered, by a seed.
#pragma once
#include "tests/linearizability/history.h"
#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace troupe::linearizability {

struct load {
  std::uint64_t seed = 0;
  int clients = 4;
  int operations = 8;   // in all
  int values = 0;       // written values are drawn from this many; 0: every one is new
  int think = 10;       // longest pause of a client between two operations
  int delay = 20;       // longest way there, and back
  double unknown = 0.1; // of operations whose answer is lost; half of those never arrive either
  double failed = 0.03; // of operations refused before they did anything
  double puts = 0.3;    // the rest of one is gets
  double removes = 0.1;
  double swaps = 0.3;
  int late = 200; // an unknown operation takes effect up to this much later
};

// One key, "x". Every operation takes effect at one point of time between invocation and return, which nobody
// but this function knows.
inline std::vector<operation> run_true_register(const load& l) {
  std::mt19937_64 random(l.seed);
  const auto below = [&](int n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  const auto chance = [&](double p) { return std::uniform_real_distribution<double>(0, 1)(random) < p; };

  struct pending {
    std::int64_t effect = 0;
    std::size_t which = 0;
    bool arrives = true;
  };
  struct client {
    std::int64_t free_at = 0;
    value last_seen;
  };
  const auto later = [](const pending& a, const pending& b) { return a.effect > b.effect; };
  std::vector<operation> history;
  std::vector<pending> heap;
  std::vector<client> clients(static_cast<std::size_t>(l.clients));
  std::vector<std::size_t> owner;
  value state;
  int next_value = 0;

  const auto take_effect = [&](const pending& p) {
    operation& op = history[p.which];
    client& who = clients[owner[p.which]];
    const bool answered = op.result != outcome::unknown;
    switch (op.what) {
    case action::put:
    case action::remove:
      state = op.written;
      break;
    case action::get:
      op.read = state;
      break;
    case action::cas:
      if (op.expected == state)
        state = op.written;
      else if (answered)
        op.result = outcome::condition_failed;
      break;
    }
    if (answered)
      who.last_seen = state;
    if (!answered)
      op.read.reset();
  };
  const auto run_until = [&](std::int64_t time) {
    while (!heap.empty() && heap.front().effect <= time) {
      std::pop_heap(heap.begin(), heap.end(), later);
      const pending p = heap.back();
      heap.pop_back();
      take_effect(p);
    }
  };

  for (int i = 0; i < l.operations; ++i) {
    std::size_t who = 0;
    for (std::size_t c = 1; c < clients.size(); ++c)
      if (clients[c].free_at < clients[who].free_at)
        who = c;
    const std::int64_t now = clients[who].free_at;
    run_until(now);
    operation op;
    op.client = "c" + std::to_string(who);
    op.key = "x";
    op.invoked = now;
    const double kind = std::uniform_real_distribution<double>(0, 1)(random);
    const auto new_value = [&] { return std::to_string(l.values > 0 ? below(l.values) : next_value++); };
    if (kind < l.puts) {
      op.what = action::put;
      op.written = new_value();
    } else if (kind < l.puts + l.removes) {
      op.what = action::remove;
    } else if (kind < l.puts + l.removes + l.swaps) {
      op.what = action::cas;
      op.expected = clients[who].last_seen;
      op.written = l.values > 0 && chance(0.15) ? value() : value(new_value());
    }
    const std::int64_t effect = now + below(l.delay + 1);
    op.returned = effect + below(l.delay + 1);
    clients[who].free_at = op.returned + 1 + below(l.think + 1);
    op.result = outcome::ok;
    pending p{effect, history.size(), true};
    if (chance(l.unknown)) {
      op.result = outcome::unknown;
      op.returned = never;
      p.arrives = chance(0.5);
      p.effect += below(l.late + 1);
    } else if (chance(l.failed)) {
      op.result = outcome::failed;
      p.arrives = false;
    }
    history.push_back(op);
    owner.push_back(who);
    if (p.arrives) {
      heap.push_back(p);
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  run_until(never);
  return history;
}

// Changes one answer, as a bug would: a get sees another value, or a cas says the opposite of the truth.
// False when there is nothing to change.
inline bool corrupt(std::vector<operation>& history, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::size_t> eligible;
  std::vector<value> seen{std::nullopt};
  for (std::size_t i = 0; i < history.size(); ++i) {
    const operation& op = history[i];
    if (op.what == action::put || op.what == action::cas)
      seen.push_back(op.written);
    if ((op.what == action::get && op.result == outcome::ok) ||
        (op.what == action::cas && (op.result == outcome::ok || op.result == outcome::condition_failed)))
      eligible.push_back(i);
  }
  if (eligible.empty())
    return false;
  operation& op = history[eligible[random() % eligible.size()]];
  if (op.what == action::cas) {
    op.result = op.result == outcome::ok ? outcome::condition_failed : outcome::ok;
    return true;
  }
  const value other = seen[random() % seen.size()];
  const bool changed = other != op.read;
  op.read = other;
  return changed;
}

} // namespace troupe::linearizability
