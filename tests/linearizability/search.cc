// Wing and Gong's search, made practical for registers.
//
// A configuration is (events not yet placed, state of the register). An event is a candidate when no other
// remaining event returned before it was invoked. The search places candidates one after the other, goes back
// when it is stuck, and remembers configurations it has visited (Lowe). On top of that, four facts:
//
// 1. ABSORB. A candidate that is legal now and changes nothing (a read of the current value, a refused swap
//    that expected another) may be placed at once, without an alternative: in any order of the rest it can
//    be moved to the front, where it disturbs nobody.
//
// 2. LEAVE. A change may not leave value s for good while a read or swap that certainly saw s remains: if no
//    remaining change can lead back to s, the branch is dead.
//
// 3. COMMIT. Let C be the events placed since the last commit: changes w1..wk, writing t1..tk, and what was
//    absorbed. Let s be the state before w1, R what remained then, L any order of R that is legal from s.
//    Strike C from L. What is left is legal from tk, so that C may stay at the front for good, when
//      a. no remaining swap that could come before w1..wk expects s, unless it is optional and nothing needs
//         it: were it struck from L as well, no remaining event that could follow it there would miss its
//         value or, as in (c), meet one that it must not;
//      b. no remaining read or swap of some ti can have wi as the last change before it, with the same
//         exception;
//      c. no remaining refused swap, expecting e, that can have wi as the last change before it, would now
//         meet e: neither is e = tk, nor can a remaining change to e come before wi.
//    Argument: an event x of L without C sees the last change before it. If that was not in C, it is still
//    there, and nothing new came between. If it was some wi, then x is a read or swap of ti, excluded or
//    struck by (b), or a refused swap, for which (c) says that what it sees instead is not what it expected.
//    If there was none, x stood at the front of L, before every change: a read or refused swap there would
//    have been absorbed before w1 was placed (among the remaining events the first to return is a candidate;
//    had it not been absorbed, it would be a change or need one), and a swap there is excluded or struck by
//    (a). "x can have w as the last change before it" is judged by time: not if a change that surely happened
//    was invoked after w returned and returned before x was invoked. After a commit there is nothing to go
//    back to, and visited configurations can be forgotten. Histories whose puts write distinct values commit
//    at almost every change, so they are checked in about linear time, right or wrong.
//
// 4. EXCHANGE. Of two candidates that now write the same value, the one that returned first can be taken: in
//    an order that takes the other first, the two can change places, for whatever stands between them was
//    invoked before either returned. (A swap may take the place of a write here, but not the other way
//    round: what is put later must be legal there.)
#include "tests/linearizability/search.h"
#include <algorithm>
#include <string>
#include <unordered_map>

namespace troupe::linearizability {
namespace {

class searcher {
public:
  searcher(const std::vector<event>& events, value_id initial, value_id values, const budget& limits,
           deadline until)
      : events_(events), limits_(limits), until_(until), next_(events.size() + 1),
        previous_(events.size() + 1), placed_(events.size(), false), observers_(values, 0),
        producers_(values), state_(initial), origin_(initial) {
    const auto count = static_cast<position>(events.size());
    for (position i = 0; i <= count; ++i) {
      next_[i] = i == count ? 0 : i + 1;
      previous_[i] = i == 0 ? count : i - 1;
    }
    for (position i = 0; i < count; ++i) {
      const event& e = events[i];
      if (!e.optional)
        ++certain_;
      if (observes(e) && !e.optional)
        ++observers_[e.expected];
      if (e.changes())
        producers_[e.written].push_back(i);
    }
  }

  search_result run() {
    search_result result;
    result.result = explore();
    result.steps = steps_;
    result.order = result.result == verdict::violation && best_.size() > order_.size() ? best_ : order_;
    return result;
  }

private:
  // A configuration with alternatives: what to try next, and how to come back to it.
  struct frame {
    std::vector<position> choices;
    std::size_t next = 0;
    std::size_t depth = 0; // of order_
    std::size_t block = 0; // of block_
    value_id state = 0;
  };

  static bool observes(const event& e) { return e.what == event::kind::read || e.what == event::kind::swap; }

  position end() const { return static_cast<position>(events_.size()); }
  position first() const { return next_[end()]; }

  verdict explore() {
    absorb();
    std::vector<frame> frames;
    while (true) {
      if (certain_ == 0)
        return verdict::linearizable;
      if (exhausted())
        return verdict::undecided;
      frame here = open();
      if (commit_one_of(here.choices)) {
        frames.clear();
        visited_.clear();
        visited_bytes_ = 0;
        continue;
      }
      frames.push_back(std::move(here));
      if (!descend(frames))
        return gave_up_ ? verdict::undecided : verdict::violation;
    }
  }

  // Takes the next alternative that is not dead and not visited; false when there is none left anywhere.
  bool descend(std::vector<frame>& frames) {
    while (!frames.empty()) {
      frame& top = frames.back();
      if (top.next == top.choices.size()) {
        if (order_.size() > best_.size())
          best_ = order_;
        back_to(top.depth, top.block, top.state);
        frames.pop_back();
        if (!frames.empty())
          back_to(frames.back().depth, frames.back().block, frames.back().state);
        continue;
      }
      if (exhausted()) {
        gave_up_ = true;
        return false;
      }
      const position chosen = top.choices[top.next++];
      if (!try_place(chosen))
        continue;
      if (remember())
        return true;
      back_to(top.depth, top.block, top.state);
    }
    return false;
  }

  // The candidates that change the register, the most urgent first.
  frame open() {
    frame here;
    here.depth = order_.size();
    here.block = block_.size();
    here.state = state_;
    const std::int64_t until = horizon();
    for (position i = first(); i != end() && events_[i].invoked <= until; i = next_[i]) {
      const event& e = events_[i];
      // Nothing will make this one legal again: no order of the rest exists.
      if (!e.optional && observes(e) && e.expected != state_ && !can_become(e.expected, state_)) {
        here.choices.clear();
        return here;
      }
      if (!e.changes() || (e.what == event::kind::swap && e.expected != state_))
        continue;
      if (e.optional && e.written == state_)
        continue;
      here.choices.push_back(i);
    }
    std::stable_sort(here.choices.begin(), here.choices.end(), [this](position a, position b) {
      if (events_[a].optional != events_[b].optional)
        return events_[b].optional;
      return events_[a].returned < events_[b].returned;
    });
    drop_interchangeable(here.choices);
    return here;
  }

  // Fact 4.
  void drop_interchangeable(std::vector<position>& choices) const {
    std::size_t kept = 0;
    for (position later : choices) {
      const bool covered = std::any_of(
          choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(kept), [&](position earlier) {
            const event& a = events_[earlier];
            const event& b = events_[later];
            return a.written == b.written && (a.what == event::kind::swap || b.what == event::kind::write);
          });
      if (!covered)
        choices[kept++] = later;
    }
    choices.resize(kept);
  }

  bool commit_one_of(const std::vector<position>& choices) {
    const std::size_t depth = order_.size();
    const std::size_t block = block_.size();
    const value_id state = state_;
    for (position chosen : choices) {
      if (!try_place(chosen))
        continue;
      if (may_commit()) {
        block_.clear();
        optionals_.clear();
        origin_ = state_;
        return true;
      }
      if (order_.size() > best_.size())
        best_ = order_;
      back_to(depth, block, state);
    }
    return false;
  }

  // The first return among the remaining events: what was invoked by then is a candidate.
  std::int64_t horizon() const {
    std::int64_t until = never;
    for (position i = first(); i != end() && events_[i].invoked <= until; i = next_[i])
      until = std::min(until, events_[i].returned);
    return until;
  }

  // Places a candidate change and all that can be absorbed after it. False, and nothing done, when dead.
  bool try_place(position chosen) {
    const event& e = events_[chosen];
    const value_id left = state_;
    const std::size_t depth = order_.size();
    place(chosen);
    state_ = e.written;
    if (state_ != left && observers_[left] > 0 && !can_become(left, state_)) {
      back_to(depth, block_.size(), left);
      return false;
    }
    block_.push_back(chosen);
    absorb();
    return true;
  }

  void absorb() {
    for (bool again = true; again;) {
      again = false;
      const std::int64_t until = horizon();
      for (position i = first(); i != end() && events_[i].invoked <= until;) {
        const position after = next_[i];
        const event& e = events_[i];
        if ((e.what == event::kind::read && e.expected == state_) ||
            (e.what == event::kind::refused && e.expected != state_)) {
          place(i);
          again = true;
        }
        i = after;
      }
    }
  }

  void place(position i) {
    const event& e = events_[i];
    ++steps_;
    next_[previous_[i]] = next_[i];
    previous_[next_[i]] = previous_[i];
    placed_[i] = true;
    order_.push_back(i);
    highest_.push_back(e.optional ? highest_.back() : std::max(i + 1, highest_.back()));
    if (e.optional) {
      optionals_.push_back(i);
      return;
    }
    --certain_;
    if (observes(e))
      --observers_[e.expected];
  }

  // Undoes in the opposite order, so that each event still knows its neighbours.
  void back_to(std::size_t depth, std::size_t block, value_id state) {
    while (order_.size() > depth) {
      const position i = order_.back();
      const event& e = events_[i];
      order_.pop_back();
      highest_.pop_back();
      placed_[i] = false;
      next_[previous_[i]] = i;
      previous_[next_[i]] = i;
      if (e.optional) {
        optionals_.pop_back();
        continue;
      }
      ++certain_;
      if (observes(e))
        ++observers_[e.expected];
    }
    block_.resize(block);
    state_ = state;
  }

  // Whether remaining changes, in whatever order, lead from state `now` to `wanted`.
  bool can_become(value_id wanted, value_id now) {
    if (wanted == now)
      return true;
    reach_.assign(1, wanted);
    for (std::size_t at = 0; at < reach_.size(); ++at) {
      const std::vector<position>& sources = producers_[reach_[at]];
      // The latest first: they are the likeliest to remain.
      for (auto source = sources.rbegin(); source != sources.rend(); ++source) {
        if (placed_[*source])
          continue;
        const event& e = events_[*source];
        if (e.what == event::kind::write || e.expected == now)
          return true;
        if (std::find(reach_.begin(), reach_.end(), e.expected) == reach_.end())
          reach_.push_back(e.expected);
      }
    }
    return false;
  }

  // Fact 3, for the block placed since the last commit.
  bool may_commit() {
    std::int64_t until = horizon(); // what is invoked later cannot stand before every change
    for (position w : block_)
      until = std::min(until, events_[w].returned);
    for (position i = first(); i != end() && events_[i].invoked <= until; i = next_[i]) {
      const event& e = events_[i];
      if (e.what == event::kind::swap && e.expected == origin_ &&
          !(e.optional && dispensable(e, until, nullptr)))
        return false;
    }
    // What was open last time is likely to be open still.
    if (open_at_ < block_.size() && !closed(block_[open_at_]))
      return false;
    for (open_at_ = 0; open_at_ < block_.size(); ++open_at_)
      if (!closed(block_[open_at_]))
        return false;
    return true;
  }

  // Conditions (b) and (c) for one change of the block.
  bool closed(position w) const {
    const event& change = events_[w];
    std::int64_t until = never; // what is invoked later cannot have w as the last change before it
    const auto comes_between = [&](const event& e) {
      if (e.changes() && !e.optional && e.invoked > change.returned)
        until = std::min(until, e.returned);
    };
    for (position other : block_)
      comes_between(events_[other]);
    for (position i = first(); i != end() && events_[i].invoked <= until; i = next_[i])
      comes_between(events_[i]);
    for (position i = first(); i != end() && events_[i].invoked <= until; i = next_[i]) {
      const event& e = events_[i];
      if (observes(e) && e.expected == change.written && !(e.optional && dispensable(e, until, &change)))
        return false;
      if (e.what == event::kind::refused && e.expected != change.written && would_hold(e, &change))
        return false;
    }
    return true;
  }

  // Whether an optional swap that follows `change` (of the block; null: the beginning) in some order can be
  // struck from it as well. What was invoked after `until` does not follow it directly.
  bool dispensable(const event& swap, std::int64_t until, const event* change) const {
    for (position i = first(); i != end() && events_[i].invoked <= until; i = next_[i]) {
      const event& e = events_[i];
      if (observes(e) && e.expected == swap.written)
        return false;
      if (e.what == event::kind::refused && e.expected != swap.written && would_hold(e, change))
        return false;
    }
    return true;
  }

  // Whether the refused swap, which follows `change`, might find what it expected if that were not there.
  bool would_hold(const event& refused, const event* change) const {
    return refused.expected == state_ || (change && comes_before(refused.expected, change->returned));
  }

  // Whether a remaining change to `wanted` was invoked by `time`.
  bool comes_before(value_id wanted, std::int64_t time) const {
    const std::vector<position>& sources = producers_[wanted];
    return std::any_of(sources.rbegin(), sources.rend(),
                       [&](position p) { return !placed_[p] && events_[p].invoked <= time; });
  }

  // Notes the configuration; false when it was there already, or one from which more is possible: the same
  // with some of the optional events that were placed here still remaining. What remains of the certain
  // events below the highest one placed, and that one's position, say which of them remain.
  bool remember() {
    const position highest = highest_.back();
    std::string key(reinterpret_cast<const char*>(&state_), sizeof state_);
    key.append(reinterpret_cast<const char*>(&highest), sizeof highest);
    for (position i = first(); i != end() && i < highest; i = next_[i])
      if (!events_[i].optional)
        key.append(reinterpret_cast<const char*>(&i), sizeof i);
    std::vector<position> used = optionals_;
    std::sort(used.begin(), used.end());
    const std::size_t bytes =
        key.size() + used.size() * sizeof(position) + 100; // the containers' own, roughly
    auto& seen = visited_[std::move(key)];
    for (const std::vector<position>& before : seen)
      if (std::includes(used.begin(), used.end(), before.begin(), before.end()))
        return false;
    seen.push_back(std::move(used));
    visited_bytes_ += bytes;
    return true;
  }

  bool exhausted() const {
    return steps_ > limits_.steps || visited_bytes_ > limits_.memory ||
           (until_ != deadline::max() && std::chrono::steady_clock::now() > until_);
  }

  const std::vector<event>& events_;
  const budget& limits_;
  const deadline until_;

  // Remaining events, ascending by invocation, as a ring through end().
  std::vector<position> next_;
  std::vector<position> previous_;
  std::vector<bool> placed_;
  std::vector<position> order_;
  std::vector<position> highest_{0}; // one past the highest certain event among the first n of order_
  std::vector<position> optionals_;  // optional events placed since the last commit

  std::size_t certain_ = 0;                      // remaining events that must be placed
  std::vector<std::uint32_t> observers_;         // by value: remaining reads and swaps that surely saw it
  std::vector<std::vector<position>> producers_; // by value: all changes to it
  value_id state_;

  std::vector<position> block_; // changes since the last commit
  value_id origin_;             // the state at the last commit
  std::size_t open_at_ = 0;     // the change in block_ that forbade the last commit

  std::unordered_map<std::string, std::vector<std::vector<position>>>
      visited_; // certain part -> optional parts
  std::size_t visited_bytes_ = 0;
  std::vector<position> best_;
  std::vector<value_id> reach_;
  std::uint64_t steps_ = 0;
  bool gave_up_ = false;
};

} // namespace

search_result search(const std::vector<event>& events, value_id initial, value_id values,
                     const budget& limits, deadline until) {
  return searcher(events, initial, values, limits, until).run();
}

} // namespace troupe::linearizability
