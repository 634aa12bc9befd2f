#include "actors/core/healing/planner.h"
#include <algorithm>
#include <optional>

namespace troupe::healing {

namespace {

bool votes(const msg::Member& m) {
  return m.kind() != msg::LEARNER;
}

class planner {
public:
  planner(const group_view& view, const rules& by) : view_(view), by_(by) {}

  step next() {
    if (auto known = adopt_stand_in())
      return *known;
    if (auto known = returned())
      return *known;
    if (auto known = replace())
      return *known;
    if (auto known = fill())
      return *known;
    if (auto known = forget_learner())
      return *known;
    if (auto known = grow())
      return *known;
    return stuck_ ? *stuck_ : step{};
  }

  // Nobody leads.
  step orphaned() const {
    step s;
    s.why = "nobody leads it";
    unsigned running = 0, near = 0;
    index waits_for;
    for (int i = 0; i < size(); ++i) {
      if (!votes(member(i)))
        continue;
      near += !bad(i);
      running += seen(i).runs;
      bool may_lead = member(i).kind() == msg::STORAGE_REPLICA || seen(i).has_items;
      if (may_lead && !bad(i) && (!waits_for || seen(i).runs))
        waits_for = i; // it will lead, or be back
    }
    const char* most_gone =
        "most of its voters are gone: nodes of the others have to come back with their disks";
    if (waits_for) {
      const auto& one = seen(*waits_for);
      if (near <= voters() / 2)
        s.stuck = most_gone;
      else if (!one.runs && !one.what.empty())
        s.stuck = name(member(*waits_for)) + " has the items, and does not run: " + one.what;
      return s;
    }
    s.why += ", and nobody who votes has items";
    auto who = stand_in();
    if (running <= voters() / 2)
      s.stuck = most_gone;
    else if (who) {
      s.what = step::kind::grow;
      s.member = member(*who).id();
      s.why += giver_for(*who) ? "; a learner gives them" : "; they are rebuilt from the archive";
    } else {
      s.stuck = by_.archive ? archive_ends_below
                            : "nothing is archived: a node with items has to come back with its disk";
    }
    return s;
  }

private:
  using index = std::optional<int>;
  // A learner whose items reach up to where this member's log begins: from there it goes on by itself.
  index giver_for(int wants) const {
    for (int i = 0; i < size(); ++i)
      if (!votes(member(i)) && seen(i).runs && seen(i).applied + 1 >= seen(wants).first)
        return i;
    return std::nullopt;
  }
  // The log replica that is to get items where nobody has any, from somebody who has them. Who fetches some
  // already goes on; else the one that knows most to be chosen, as the others' logs may begin above what it
  // knows, and not the other way.
  index stand_in() const {
    index best;
    for (int i = 0; i < size(); ++i) {
      if (member(i).kind() != msg::LOG_REPLICA || !seen(i).runs || seen(i).has_items)
        continue;
      if ((!by_.archive || seen(i).gap) && !giver_for(i))
        continue;
      if (member(i).id() == view_.grows)
        return i;
      if (!best || seen(i).chosen > seen(*best).chosen)
        best = i;
    }
    return best;
  }
  const msg::Member& member(int i) const { return view_.now->members(i); }
  const member_view& seen(int i) const { return view_.members[static_cast<std::size_t>(i)]; }
  int size() const { return view_.now->members_size(); }

  unsigned count(msg::MemberKind kind) const {
    unsigned n = 0;
    for (const auto& m : view_.now->members())
      n += m.kind() == kind;
    return n;
  }
  unsigned voters() const { return count(msg::STORAGE_REPLICA) + count(msg::LOG_REPLICA); }
  unsigned wanted() const { return by_.wanted.storage + by_.wanted.logs; }
  bool surplus_log() const { return count(msg::LOG_REPLICA) > by_.wanted.logs; }
  bool bad(int i) const {
    return seen(i).is == health::lost ||
           (seen(i).is == health::silent && seen(i).silent_us >= by_.silence_us);
  }

  // The only one that can lead stays until there is another.
  bool another_can_lead() const {
    for (int i = 0; i < size(); ++i)
      if (member(i).kind() == msg::STORAGE_REPLICA && member(i).id() != view_.leader &&
          seen(i).is == health::sound)
        return true;
    return false;
  }

  static std::string name(const msg::Member& m) {
    return "member " + std::to_string(m.id()) + " on " + m.node();
  }

  // The next configuration without member `leaves`, or with it as a learner.
  msg::Configuration without(index leaves, bool keep_as_learner = false) const {
    msg::Configuration next;
    next.set_epoch(view_.now->epoch() + 1);
    for (int i = 0; i < size(); ++i) {
      if (leaves == i && !keep_as_learner)
        continue;
      *next.add_members() = member(i);
      if (leaves == i)
        next.mutable_members()->rbegin()->set_kind(msg::LEARNER);
    }
    return next;
  }

  step change(msg::Configuration target, std::string why, std::uint64_t newcomer = 0) const {
    step s;
    s.what = step::kind::change;
    s.target = std::move(target);
    s.newcomer = newcomer;
    s.why = std::move(why);
    return s;
  }

  static void promote(msg::Configuration& in, std::uint64_t id) {
    for (auto& m : *in.mutable_members())
      if (m.id() == id)
        m.set_kind(msg::STORAGE_REPLICA);
  }

  // A node without a member of the group, in a zone without another voter; best one that is well, then one in
  // the zone of who leaves.
  // `freed`: as if the one who leaves were gone already.
  const spare* newcomer_for(index leaves, bool freed = false) const {
    const spare* best = nullptr;
    auto better = [&](const spare& a, const spare& b) {
      bool a_same = leaves && a.zone == member(*leaves).zone(),
           b_same = leaves && b.zone == member(*leaves).zone();
      if (a.troubled != b.troubled)
        return b.troubled;
      return a_same != b_same ? a_same : a.load < b.load;
    };
    for (const auto& one : view_.spares) {
      bool fits = std::find(view_.barred.begin(), view_.barred.end(), one.node) == view_.barred.end();
      for (int i = 0; i < size(); ++i) {
        if (leaves == i && freed)
          continue;
        fits = fits && member(i).node() != one.node;
        fits = fits && (leaves == i || !votes(member(i)) || member(i).zone() != one.zone);
      }
      if (fits && (!best || better(one, *best)))
        best = &one;
    }
    return best;
  }

  void seat(msg::Configuration& in, const spare& at) const {
    auto& m = *in.add_members();
    m.set_id(view_.next_member);
    m.set_kind(msg::LOG_REPLICA);
    m.set_node(at.node);
    m.set_zone(at.zone);
    m.set_disk(at.disk);
  }

  // A log replica leads, as nobody else could: the first thing is that it is called what it is.
  std::optional<step> adopt_stand_in() const {
    for (int i = 0; i < size(); ++i) {
      if (member(i).id() != view_.leader || member(i).kind() != msg::LOG_REPLICA)
        continue;
      if (count(msg::STORAGE_REPLICA) >= by_.wanted.storage && another_can_lead()) {
        step s;
        s.what = step::kind::hand_over;
        s.why = name(member(i)) + " stood in";
        return s;
      }
      auto target = without(std::nullopt);
      promote(target, member(i).id());
      return change(std::move(target), name(member(i)) + " leads, and holds all items");
    }
    return std::nullopt;
  }

  // A learner that has everything takes a seat: a bad voter's, or that of a log replica that filled in.
  std::optional<step> returned() const {
    for (int i = 0; i < size(); ++i) {
      if (member(i).kind() != msg::LEARNER || seen(i).is != health::sound || !seen(i).level)
        continue;
      index leaves;
      for (int j = 0; j < size(); ++j) {
        bool same_zone = member(j).zone() == member(i).zone();
        bool was_same = leaves && member(*leaves).zone() == member(i).zone();
        bool filled_in = member(j).kind() == msg::LOG_REPLICA && surplus_log();
        if (votes(member(j)) && member(j).id() != view_.leader && (bad(j) || filled_in) &&
            (!leaves || (same_zone && !was_same)))
          leaves = j;
      }
      if (!leaves && voters() >= wanted())
        return change(without(i), name(member(i)) + " is not needed any more");
      if (leaves && count(msg::STORAGE_REPLICA) >= by_.wanted.storage &&
          member(*leaves).kind() == msg::LOG_REPLICA)
        return change(without(i), name(member(i)) + " is not needed any more");
      // Silent is not lost: whoever has items stays, and may come back.
      auto target = without(leaves, leaves && stays_as_learner(*leaves));
      index neighbour; // a vote in its zone that stays
      for (int j = 0; j < size(); ++j)
        if (j != i && j != leaves && votes(member(j)) && member(j).zone() == member(i).zone())
          neighbour = j;
      if (neighbour) {
        bool replaced =
            member(*neighbour).kind() == msg::STORAGE_REPLICA && seen(*neighbour).is == health::sound;
        if (replaced && items_kept())
          return change(without(i), name(member(i)) + " is back, and its zone has another copy");
        continue;
      }
      bool needed = voters() < wanted() || (leaves && bad(*leaves));
      if (!needed && seen(i).steady_us < 2 * by_.silence_us)
        continue;
      promote(target, member(i).id());
      return change(std::move(target), name(member(i)) + " is back and has caught up");
    }
    return std::nullopt;
  }

  std::optional<step> replace() {
    index worst;
    // Those first who do not vote: a change has to be carried by a quorum of those who do.
    auto gravity = [&](int i) { return seen(i).is == health::lost ? (seen(i).votes ? 1 : 3) : 2; };
    for (int i = 0; i < size(); ++i) {
      bool in_question = votes(member(i)) && bad(i) && (member(i).id() != view_.leader || another_can_lead());
      // And of two those who have nothing left: they need not wait for anybody else to be sound.
      bool worse = worst && (gravity(i) != gravity(*worst) ? gravity(i) > gravity(*worst)
                                                           : !seen(i).holds && seen(*worst).holds);
      if (in_question && (!worst || worse))
        worst = i;
    }
    if (!worst)
      return std::nullopt;
    if (gravity(*worst) == 1)
      if (auto first = fill())
        return first; // a vote more, while it still gives its own
    const auto& leaves = member(*worst);
    bool lost = seen(*worst).is == health::lost;
    auto why = name(leaves) + (lost ? " is lost" : " is silent");
    if (!seen(*worst).what.empty())
      why += ": " + seen(*worst).what;
    if (leaves.id() == view_.leader) {
      step s;
      s.what = step::kind::hand_over;
      s.why = why;
      return s;
    }
    if (const spare* at = newcomer_for(worst)) {
      auto target = without(worst, stays_as_learner(*worst));
      seat(target, *at);
      return change(std::move(target), why, view_.next_member);
    }
    if (lost && stays_as_learner(*worst)) {
      step s;
      s.why = why;
      s.stuck = "what it has is kept, as no two others are sound: what they lack may be here";
      stuck_ = s;
      return std::nullopt;
    }
    const spare* later = lost ? newcomer_for(worst, true) : nullptr;
    // Two stay at least: what one alone acknowledges is on one disk.
    if (later && later->node == leaves.node() && voters() > 2)
      return change(without(worst), why);
    step s;
    s.why = why;
    s.stuck = "no node can take its place: it would have to be in zone " + leaves.zone() +
              ", or in one without a copy, and hold no other copy";
    stuck_ = s;
    return std::nullopt;
  }

  std::optional<step> fill() {
    if (voters() >= wanted())
      return std::nullopt;
    if (const spare* at = newcomer_for(std::nullopt)) {
      auto target = without(std::nullopt);
      seat(target, *at);
      return change(std::move(target), "a vote is missing", view_.next_member);
    }
    if (!stuck_) {
      stuck_.emplace();
      stuck_->why = "a vote is missing";
      stuck_->stuck = "no node can take it: it would have to be in a zone without a copy";
    }
    return std::nullopt;
  }

  // Who leaves its seat and keeps its items.
  bool stays_as_learner(int i) const {
    bool gone = seen(i).is == health::lost && (!seen(i).holds || items_kept());
    return member(i).kind() == msg::STORAGE_REPLICA && !gone;
  }

  // Long enough gone, or of no use for long enough, that the items are made anew.
  bool overdue(int i) const {
    const auto& one = seen(i);
    return one.is == health::lost || (one.is == health::silent && one.away_us >= by_.grace_us) ||
           (one.is == health::sound && !one.level && one.stays_us >= by_.grace_us);
  }

  // Enough others have the items for good, so that those of a learner need not be kept.
  bool items_kept() const {
    unsigned sound = 0;
    for (int i = 0; i < size(); ++i)
      sound += member(i).kind() == msg::STORAGE_REPLICA && seen(i).is == health::sound;
    return sound >= std::min(2u, by_.wanted.storage);
  }

  std::optional<step> forget_learner() const {
    for (int i = 0; i < size(); ++i) {
      if (member(i).kind() != msg::LEARNER || !overdue(i))
        continue;
      if (seen(i).is == health::lost && !seen(i).holds)
        return change(without(i), name(member(i)) + " is lost");
      if (items_kept() && seen(i).is == health::lost)
        return change(without(i), name(member(i)) + " is damaged, and others are whole");
      if (items_kept())
        return change(without(i),
                      name(member(i)) + (seen(i).is == health::silent ? " did not come back in time"
                                                                      : " does not catch up"));
    }
    return std::nullopt;
  }

  std::optional<step> grow() const {
    if (!surplus_log())
      return std::nullopt;
    for (int i = 0; i < size(); ++i)
      if (member(i).kind() == msg::LEARNER && !overdue(i))
        return std::nullopt;
    bool enough = count(msg::STORAGE_REPLICA) >= by_.wanted.storage;
    index chosen; // who has the items, or else fetches them, or else the newest
    auto merit = [&](int i) {
      return seen(i).has_items && seen(i).level ? 2 : member(i).id() == view_.grows ? 1 : 0;
    };
    for (int i = size() - 1; i >= 0; --i)
      if (member(i).kind() == msg::LOG_REPLICA && seen(i).is == health::sound &&
          (!chosen || merit(i) > merit(*chosen)))
        chosen = i;
    if (!chosen)
      return std::nullopt;
    const auto& one = member(*chosen);
    if (enough)
      return change(without(chosen), name(one) + " is not needed any more");
    if (merit(*chosen) == 2) {
      auto target = without(std::nullopt);
      promote(target, one.id());
      return change(std::move(target), name(one) + " holds all items");
    }
    step s;
    s.what = step::kind::grow;
    s.member = one.id();
    s.why = "an item store is missing";
    return s;
  }

  const group_view& view_;
  const rules& by_;
  std::optional<step> stuck_;
};

} // namespace

step next_step(const group_view& view, const rules& by) {
  if (!view.now || view.members.size() != static_cast<std::size_t>(view.now->members_size()))
    return {};
  planner of(view, by);
  return view.leader == 0 ? of.orphaned() : of.next();
}

unsigned sound_voters(const group_view& view) {
  unsigned sound = 0;
  for (int i = 0; i < view.now->members_size(); ++i)
    sound += votes(view.now->members(i)) && view.members[static_cast<std::size_t>(i)].is == health::sound;
  return sound;
}

bool whole(const group_view& view, const shape& wanted) {
  unsigned storage = 0, logs = 0, others = 0;
  for (const auto& m : view.now->members()) {
    storage += m.kind() == msg::STORAGE_REPLICA;
    logs += m.kind() == msg::LOG_REPLICA;
    others += m.kind() == msg::LEARNER;
  }
  return storage == wanted.storage && logs == wanted.logs && others == 0 &&
         sound_voters(view) == storage + logs;
}

} // namespace troupe::healing
