// Three members archive one log into a store that lies: listings are old or miss something, acknowledged
// objects never were, objects are torn, answers are lost, and members crash between any two steps and forget
// what they knew. Whatever happens, each entry that was chosen is in some member's log or in a sound object;
// a member's log is cut only where a sound object holds what goes; and once the faults end, everything is
// archived by everybody.
#include "actors/core/archive/keeper.h"
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <random>

namespace troupe::testing {

using namespace troupe::archive;

namespace {

constexpr std::uint64_t entry_bytes = 100;
constexpr instant second = 1'000'000;

struct object {
  bool there = false;
  bool sound = false;
};

struct lying_store {
  std::map<std::string, object> objects;
  std::vector<std::string> old_names; // what a stale listing shows
};

struct member {
  std::uint64_t base = 0;
  std::uint64_t committed = 0;
  std::uint64_t origin = 0; // where this run of it began to count
  std::unique_ptr<archive::keeper> keeper;
};

struct world {
  explicit world(unsigned seed) : dice(seed) {}
  std::mt19937 dice;
  bool faults = true;
  bool believes = false; // a deliberate bug: an acknowledged upload counts as read back
  std::string wrong;     // the first thing that must not be
  instant now = 0;
  std::uint64_t chosen = 0;
  int leader = 0;
  lying_store store;
  std::array<member, 3> members;
  const std::string folder = "c/t/g/log/";

  bool chance(int percent) { return static_cast<int>(dice() % 100) < percent; }
  bool fault(int percent) { return faults && chance(percent); }

  options wish() const {
    options o;
    o.segment_bytes = 10 * entry_bytes;
    o.segment_age = 20 * second;
    o.takeover = 15 * second;
    o.look_again = 3 * second;
    return o;
  }

  void restart(member& m) {
    m.keeper = std::make_unique<archive::keeper>(wish(), m.base);
    m.origin = m.base;
  }

  void tell(int i) {
    auto& m = members[static_cast<std::size_t>(i)];
    m.keeper->told({i == leader, m.base, m.committed, (m.committed - m.origin) * entry_bytes}, now);
  }

  bool archived_soundly(std::uint64_t index) const {
    return std::any_of(store.objects.begin(), store.objects.end(), [&](const auto& one) {
      auto e = read_segment_name(folder, one.first);
      return e && one.second.there && one.second.sound && e->first <= index && index <= e->last;
    });
  }

  void act_for(int i) {
    auto& m = members[static_cast<std::size_t>(i)];
    auto step = m.keeper->next(now);
    if (fault(4)) { // the member dies before it did it
      restart(m);
      return tell(i);
    }
    switch (step.what) {
    case act::wait:
      return;
    case act::list: {
      if (fault(15))
        return m.keeper->failed(now);
      std::vector<std::string> names;
      if (fault(30)) {
        names = store.old_names;
      } else {
        for (auto& [name, one] : store.objects)
          if (one.there)
            names.push_back(name);
        store.old_names = names;
      }
      std::vector<extent> found;
      for (auto& name : names)
        if (name > names_behind(folder, m.keeper->archived()) && !fault(10))
          found.push_back(*read_segment_name(folder, name));
      return m.keeper->listed(found, now);
    }
    case act::upload: {
      auto last = std::min(step.object.last, step.object.first + 3 + dice() % 9);
      ASSERT_GT(step.object.first, m.base) << "what is asked for is in the log";
      ASSERT_LE(last, m.committed);
      extent made{step.object.first, last, step.object.copy};
      if (fault(10))
        return m.keeper->failed(now);
      auto name = segment_name(folder, made);
      auto& slot = store.objects[name];
      if (!slot.there) { // never overwritten
        slot.there = !fault(15);
        slot.sound = !fault(15);
      }
      if (fault(10)) // it is there, and nobody heard
        return m.keeper->failed(now);
      if (fault(5)) {
        restart(m);
        return tell(i);
      }
      if (believes)
        return m.keeper->checked(made, verdict::same, (last - m.keeper->archived()) * entry_bytes, now);
      return m.keeper->uploaded(made, now);
    }
    case act::read_back: {
      if (fault(10))
        return m.keeper->failed(now);
      auto found = store.objects.find(segment_name(folder, step.object));
      auto what = verdict::same;
      if (found == store.objects.end() || !found->second.there)
        what = verdict::missing;
      else if (!found->second.sound || fault(5))
        what = verdict::damaged;
      ASSERT_LE(step.object.last, m.committed);
      auto fresh = step.object.last - m.keeper->archived();
      m.keeper->checked(step.object, what, fresh * entry_bytes, now);
      return;
    }
    }
  }

  void complain(std::uint64_t index, const char* what) {
    if (wrong.empty())
      wrong = "entry " + std::to_string(index) + what;
  }

  void check() {
    auto kept_from = chosen;
    for (auto& m : members)
      if (m.committed > m.base)
        kept_from = std::min(kept_from, m.base);
    for (std::uint64_t index = 1; index <= kept_from; ++index)
      if (!archived_soundly(index))
        complain(index, " is nowhere");
  }

  void round() {
    now += second / 4 + dice() % second;
    if (faults) {
      chosen += dice() % 4;
      if (chance(3))
        leader = static_cast<int>(dice() % 3);
    }
    for (int i = 0; i < 3; ++i) {
      auto& m = members[static_cast<std::size_t>(i)];
      if (!faults || chance(70))
        m.committed = chosen;
      if (fault(2))
        restart(m);
      tell(i);
      for (int steps = 0; steps < 3; ++steps)
        act_for(i);
      if (chance(30) && m.keeper->archived() > m.base) {
        for (auto index = m.base + 1; index <= m.keeper->archived(); ++index)
          if (!archived_soundly(index))
            complain(index, " was cut and is not archived");
        m.base = m.keeper->archived();
      }
    }
  }
};

} // namespace

TEST(ArchiveRandom, ArchiveAndLogsTogetherHoldEverything) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    world w(seed);
    for (auto& m : w.members)
      w.restart(m);
    for (int i = 0; i < 300; ++i) {
      w.round();
      w.check();
      ASSERT_EQ(w.wrong, "");
      if (HasFatalFailure())
        return;
    }
    EXPECT_GT(w.chosen, 300u);
    w.faults = false;
    auto all = [&w] {
      return std::all_of(w.members.begin(), w.members.end(),
                         [&w](const member& m) { return m.keeper->archived() == w.chosen; });
    };
    for (int i = 0; i < 2000 && !all(); ++i)
      w.round();
    w.check();
    EXPECT_EQ(w.wrong, "");
    for (auto& m : w.members)
      EXPECT_EQ(m.keeper->archived(), w.chosen);
    for (std::uint64_t index = 1; index <= w.chosen; ++index)
      ASSERT_TRUE(w.archived_soundly(index));
  }
}

// A member that takes an acknowledgement for an object loses something, and this test would see it.
TEST(ArchiveRandom, SeesWhatAMemberLosesThatBelievesTheStore) {
  int seen = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    world w(seed);
    w.believes = true;
    for (auto& m : w.members)
      w.restart(m);
    for (int i = 0; i < 100 && w.wrong.empty(); ++i) {
      w.round();
      w.check();
    }
    seen += !w.wrong.empty();
  }
  EXPECT_EQ(seen, 5);
}

} // namespace troupe::testing
