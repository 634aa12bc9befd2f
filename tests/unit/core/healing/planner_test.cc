// Groups that lose members, step by step back to their shape.
#include "actors/core/healing/planner.h"
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace troupe::healing {
namespace {

constexpr std::int64_t second = 1'000'000;

// A group as it is and the nodes around it. do_step() carries out what is planned and says why.
struct story {
  group_view view;
  msg::Configuration now;
  std::vector<spare> spares;
  rules by;

  explicit story(
      const std::string& zones_of_nodes = "aabbcc") { // nodes n1, n2, ...; members on the first of each zone
    now.set_epoch(1);
    view.next_member = 4;
    view.leader = 1;
    std::set<char> zones;
    for (std::size_t i = 0; i < zones_of_nodes.size(); ++i) {
      auto zone = std::string(1, zones_of_nodes[i]);
      auto node = "n" + std::to_string(i + 1);
      spares.push_back({node, zone, i + 1, 0});
      if (zones.size() == 3 || !zones.insert(zone[0]).second)
        continue;
      auto& m = *now.add_members();
      m.set_id(zones.size());
      m.set_node(node);
      m.set_zone(zone);
      view.members.emplace_back().level = true;
    }
  }

  member_view& seen(std::uint64_t id) {
    for (int i = 0; i < now.members_size(); ++i)
      if (now.members(i).id() == id)
        return view.members[static_cast<std::size_t>(i)];
    ADD_FAILURE() << "no member " << id;
    return view.members[0];
  }
  void silence(std::uint64_t id, std::int64_t us) {
    seen(id).is = health::silent;
    seen(id).silent_us = seen(id).away_us = us;
    seen(id).level = false;
  }
  void lose(std::uint64_t id) { seen(id).is = health::lost; }
  void drop_node(const std::string& node) {
    std::erase_if(spares, [&](const spare& s) { return s.node == node; });
  }

  step plan() {
    view.now = &now;
    view.spares = spares;
    return next_step(view, by);
  }
  bool is_whole() {
    view.now = &now;
    return whole(view, by.wanted);
  }
  unsigned sound() {
    view.now = &now;
    return sound_voters(view);
  }
  step do_step() {
    auto s = plan();
    if (s.what != step::kind::change)
      return s;
    EXPECT_EQ(s.target.epoch(), now.epoch() + 1);
    std::map<std::uint64_t, member_view> before;
    for (int i = 0; i < now.members_size(); ++i)
      before[now.members(i).id()] = view.members[static_cast<std::size_t>(i)];
    now = s.target;
    view.members.clear();
    for (const auto& m : now.members())
      view.members.push_back(before.count(m.id()) ? before[m.id()]
                                                  : member_view{.steady_us = 60 * second, .level = true});
    if (s.newcomer != 0)
      view.next_member = s.newcomer + 1;
    return s;
  }
  std::string shape() const {
    std::string text;
    for (const auto& m : now.members())
      text += (text.empty() ? "" : " ") + std::to_string(m.id()) + "@" + m.node() +
              (m.kind() == msg::LOG_REPLICA ? "(log)"
               : m.kind() == msg::LEARNER   ? "(learner)"
                                            : "");
    return text;
  }
};

TEST(Healing, AWholeGroupIsLeftAlone) {
  story s;
  EXPECT_EQ(s.plan().what, step::kind::none);
  EXPECT_TRUE(s.is_whole());
  s.silence(3, s.by.silence_us - 1);
  EXPECT_EQ(s.plan().what, step::kind::none) << "not yet silent for long enough";
  EXPECT_FALSE(s.is_whole());
}

TEST(Healing, ASilentMembersSeatIsTakenByALogReplicaInItsZoneAndGivenBackWhenItReturns) {
  story s;
  s.silence(3, 3 * second);
  EXPECT_EQ(s.do_step().newcomer, 4u);
  EXPECT_EQ(s.shape(), "1@n1 2@n3 3@n5(learner) 4@n6(log)");
  EXPECT_EQ(s.do_step().what, step::kind::none) << "within the grace time nothing is rebuilt";

  s.seen(3) = member_view{};
  EXPECT_EQ(s.do_step().what, step::kind::none) << "back, and still catching up";
  s.seen(3).level = true;
  s.seen(3).steady_us = 2 * s.by.silence_us - 1;
  EXPECT_EQ(s.do_step().what, step::kind::none) << "it may go again";
  s.seen(3).steady_us = 2 * s.by.silence_us;
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 3@n5");
  EXPECT_TRUE(s.is_whole());
}

// Two storage replicas were replaced by log replicas, and the third is lost before one of them has grown.
story only_logs_are_left() {
  story s("aabbcc");
  s.by.archive = true;
  s.silence(3, 3 * second);
  s.do_step();
  s.silence(2, 3 * second);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3(learner) 3@n5(learner) 4@n6(log) 5@n4(log)");
  for (std::uint64_t id : {1, 2, 3, 4, 5})
    s.silence(id, 3 * second); // nobody leads who could have heard them
  for (std::uint64_t id : {4, 5}) {
    s.seen(id).silent_us = 100'000;
    s.seen(id).runs = true;
  }
  s.view.leader = 0;
  return s;
}

TEST(HealingWithoutItems, ALogReplicaGrowsFromTheArchive) {
  auto s = only_logs_are_left();
  auto step = s.plan();
  EXPECT_EQ(step.what, step::kind::grow);
  EXPECT_EQ(step.member, 4u);
  s.view.grows = 5;
  EXPECT_EQ(s.plan().member, 5u) << "who fetches items already goes on";
}

// The other one's log may begin above what this one knows to be chosen: then it could not lead.
TEST(HealingWithoutItems, WhoKnowsMostToBeChosenGrows) {
  auto s = only_logs_are_left();
  s.seen(4).chosen = 100;
  s.seen(5).chosen = 101;
  EXPECT_EQ(s.plan().member, 5u);
  s.seen(4).chosen = 102;
  EXPECT_EQ(s.plan().member, 4u);
}

// What such a learner has would have to be joined by entries that no log has any more.
TEST(HealingWithoutItems, ALearnerWhoseItemsEndBelowTheLogGivesNothing) {
  auto s = only_logs_are_left();
  s.seen(2).runs = true;
  s.seen(2).applied = 99;
  s.seen(4).first = s.seen(5).first = 101;
  EXPECT_EQ(s.plan().why,
            "nobody leads it, and nobody who votes has items; they are rebuilt from the archive");
  s.by.archive = false;
  auto step = s.plan();
  EXPECT_EQ(step.what, step::kind::none);
  EXPECT_NE(step.stuck, "");
  s.seen(4).first = 100; // knows less, but can go on from there
  s.seen(5).chosen = 200;
  step = s.plan();
  EXPECT_EQ(step.what, step::kind::grow);
  EXPECT_EQ(step.member, 4u);
  EXPECT_NE(step.why.find("a learner gives them"), std::string::npos);
}

// Its log began at a snapshot that it was given while the archive was behind. The other one's did not.
TEST(HealingWithoutItems, WhoseLogBeginsAboveTheArchiveIsNotWaitedFor) {
  auto s = only_logs_are_left();
  s.view.grows = 5; // it was told to, before that was known
  s.seen(5).gap = true;
  auto step = s.plan();
  EXPECT_EQ(step.what, step::kind::grow);
  EXPECT_EQ(step.member, 4u);
  s.seen(4).gap = true;
  step = s.plan();
  EXPECT_EQ(step.what, step::kind::none);
  EXPECT_EQ(step.stuck, archive_ends_below);
  s.seen(2).runs = true;
  EXPECT_EQ(s.plan().what, step::kind::grow) << "a learner with items is back";
}

TEST(HealingWithoutItems, WhoIsWaitedForIsNamedWhenItDoesNotRun) {
  auto s = only_logs_are_left();
  s.now.mutable_members(0)->set_kind(msg::STORAGE_REPLICA);
  s.seen(1).silent_us = 0; // its node lives
  s.seen(1).what = "its files cannot be read";
  auto step = s.plan();
  EXPECT_EQ(step.what, step::kind::none);
  EXPECT_EQ(step.why, "nobody leads it");
  EXPECT_EQ(step.stuck, "member 1 on n1 has the items, and does not run: its files cannot be read");
  s.seen(1).runs = true;
  EXPECT_EQ(s.plan().stuck, "") << "it is about to lead";
  s.silence(4, 3 * second);
  s.silence(5, 3 * second);
  EXPECT_NE(s.plan().stuck.find("most of its voters are gone"), std::string::npos);
}

TEST(HealingWithoutItems, ALearnerThatIsBackGivesThem) {
  auto s = only_logs_are_left();
  s.by.archive = false;
  ASSERT_EQ(s.plan().what, step::kind::none);
  s.seen(2).runs = true;
  auto step = s.plan();
  EXPECT_EQ(step.what, step::kind::grow);
  EXPECT_NE(step.why.find("a learner gives them"), std::string::npos) << step.why;
}

TEST(HealingWithoutItems, WaitsForWhoMayStillLead) {
  auto s = only_logs_are_left();
  s.seen(1).silent_us = s.by.silence_us - 1;
  EXPECT_EQ(s.plan().what, step::kind::none);
  EXPECT_EQ(s.plan().stuck, "") << "it was just restarted";
  s = only_logs_are_left();
  s.seen(4).has_items = true;
  EXPECT_EQ(s.plan().what, step::kind::none) << "it has grown, and is about to";
}

TEST(HealingWithoutItems, SaysWhatIsMissing) {
  auto s = only_logs_are_left();
  s.by.archive = false;
  EXPECT_EQ(s.plan().what, step::kind::none);
  EXPECT_NE(s.plan().stuck.find("nothing is archived"), std::string::npos) << s.plan().stuck;
  s = only_logs_are_left();
  s.seen(5).runs = false;
  EXPECT_EQ(s.plan().what, step::kind::none);
  EXPECT_NE(s.plan().stuck.find("most of its voters are gone"), std::string::npos) << s.plan().stuck;
}

TEST(HealingWithoutItems, WhoStoodInIsCalledAStorageReplicaFirst) {
  auto s = only_logs_are_left();
  s.view.leader = 4;
  s.seen(4) = member_view{.level = true, .has_items = true};
  s.seen(5) = member_view{.level = true};
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3(learner) 3@n5(learner) 4@n6 5@n4(log)");
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1(learner) 2@n3(learner) 3@n5(learner) 4@n6 5@n4(log) 6@n2(log)")
      << "then the dead voter's seat is taken";
  for (std::uint64_t id : {1, 2, 3})
    s.silence(id, s.by.grace_us);
  auto grown = s.plan();
  EXPECT_EQ(grown.what, step::kind::grow);
  s.seen(grown.member).has_items = true;
  s.do_step();
  for (int i = 0; i < 3; ++i)
    s.do_step();
  EXPECT_EQ(s.shape().find("learner"), std::string::npos) << s.shape();
}

TEST(Healing, WhoIsBackTakesASilentVotersSeatAtOnce) {
  story s("aabbc");
  s.silence(2, 3 * second);
  s.do_step();
  ASSERT_EQ(s.shape(), "1@n1 2@n3(learner) 3@n5 4@n4(log)");
  s.silence(4, 3 * second);
  s.seen(2) = member_view{.level = true};
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 3@n5");
}

// A rolling restart: 3 is back and level, and now 2 is away for a moment. Nobody's items are thrown away for
// that.
TEST(Healing, WhoIsBackTakesASilentStorageReplicasSeatAndThatOneStaysAsALearner) {
  story s("abcd");
  s.silence(3, 3 * second);
  s.do_step();
  ASSERT_EQ(s.shape(), "1@n1 2@n2 3@n3(learner) 4@n4(log)");
  s.seen(3) = member_view{.level = true};
  s.silence(2, 3 * second);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n2(learner) 3@n3 4@n4(log)");
}

// 2 has a rotten record, 1 has another one, and 3 is away: what is rotten in 1 may be whole in 2.
TEST(Healing, ADamagedCopyIsKeptUntilTwoOthersAreSound) {
  story s;
  s.silence(3, 3 * second);
  s.do_step();
  s.lose(1);
  s.lose(2);
  s.seen(1).holds = s.seen(2).holds = true;
  s.do_step();
  ASSERT_EQ(s.shape(), "1@n1 2@n3(learner) 3@n5(learner) 4@n6(log) 5@n4(log)");
  s.silence(3, 1000 * second);
  auto grow = s.do_step();
  ASSERT_EQ(s.shape(), "1@n1 2@n3(learner) 3@n5(learner) 4@n6(log) 5@n4(log)") << "nobody is forgotten";
  EXPECT_EQ(grow.what, step::kind::grow);

  story t("abc");
  t.lose(1);
  t.lose(2);
  t.seen(1).holds = t.seen(2).holds = true;
  t.silence(3, 3 * second);
  t.drop_node("n3");
  auto plan = t.do_step();
  EXPECT_EQ(plan.what, step::kind::none);
  EXPECT_NE(plan.stuck, "");
  EXPECT_EQ(t.shape(), "1@n1 2@n2 3@n3");
}

TEST(Healing, OfTwoDamagedCopiesOnTheOnlyNodesOfTheirZonesTheOneWithNothingLeftMakesRoom) {
  for (std::uint64_t left : {2, 3}) { // has something left
    story s("abc");
    s.lose(2);
    s.lose(3);
    s.seen(left).holds = true;
    s.do_step();
    EXPECT_EQ(s.shape(), left == 2 ? "1@n1 2@n2" : "1@n1 3@n3");
    s.do_step();
    EXPECT_EQ(s.shape(), left == 2 ? "1@n1 2@n2 4@n3(log)" : "1@n1 3@n3 4@n2(log)");
  }
}

TEST(Healing, WhoStaysAwayIsRemovedAndTheLogReplicaGrows) {
  story s;
  s.silence(3, 3 * second);
  s.do_step();
  s.silence(3, s.by.grace_us);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 4@n6(log)");
  auto grow = s.do_step();
  ASSERT_EQ(grow.what, step::kind::grow);
  EXPECT_EQ(grow.member, 4u);
  s.seen(4).has_items = true;
  s.seen(4).level = false;
  EXPECT_EQ(s.do_step().what, step::kind::grow) << "it has not applied the log yet";
  s.seen(4).level = true;
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 4@n6");
}

TEST(Healing, ALostMemberIsRemovedAtOnce) {
  story s;
  s.lose(2);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 3@n5 4@n4(log)");
  EXPECT_EQ(s.do_step().what, step::kind::grow);
}

TEST(Healing, WhoIsLostAndStillVotesWaitsForThoseWhoDoNot) {
  story s;
  s.lose(2); // found to be wrong, and runs
  s.lose(3);
  s.seen(3).votes = false;
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 4@n6(log)");
}

TEST(Healing, WithOneNodePerZoneALostMemberMakesRoomForANewOneOnTheSameNode) {
  story s("abc");
  s.lose(3);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n2");
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n2 4@n3(log)");
}

TEST(Healing, WithOneNodePerZoneASilentMemberKeepsItsSeatAndThatIsSaid) {
  story s("abc");
  s.drop_node("n3");
  s.silence(3, 1000 * second);
  auto plan = s.do_step();
  EXPECT_EQ(plan.what, step::kind::none);
  EXPECT_NE(plan.stuck.find("zone c"), std::string::npos) << plan.stuck;
  EXPECT_EQ(s.shape(), "1@n1 2@n2 3@n3");
}

TEST(Healing, AZoneWithoutACopyWillDoAndOneThatHasACopyWillNot) {
  story s("aabcd");
  s.drop_node("n4");
  s.silence(3, 3 * second);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 3@n4(learner) 4@n5(log)") << "not n2: its zone has a vote";

  story t("aabc");
  t.drop_node("n4");
  t.silence(3, 3 * second);
  EXPECT_EQ(t.do_step().what, step::kind::none);
}

TEST(Healing, ALeaderThatIsLostHandsOverFirst) {
  story s;
  s.lose(1);
  EXPECT_EQ(s.do_step().what, step::kind::hand_over);
  s.view.leader = 2;
  s.do_step();
  EXPECT_EQ(s.shape(), "2@n3 3@n5 4@n2(log)");
}

TEST(Healing, ASilentLogReplicaIsReplacedByAnother) {
  story s("aabbccc");
  s.silence(3, 3 * second);
  s.do_step();
  s.silence(4, 3 * second);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 3@n5(learner) 5@n7(log)");
}

TEST(Healing, TheFewerNodesTheLeastLoadedIsTaken) {
  story s("abcccc");
  s.spares[3].load = 5;
  s.spares[4].load = 2;
  s.spares[5].load = 9;
  s.silence(3, 3 * second);
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n2 3@n3(learner) 4@n5(log)");
}

// The planner counts only what somebody has watched: a machine that stood still has watched nobody.
TEST(Healing, ALearnerThatWasNotWatchedForTheGraceTimeIsNotForgotten) {
  story s;
  s.silence(3, 3 * second);
  s.do_step();
  s.silence(3, 1000 * second);
  s.seen(3).away_us = s.by.grace_us - 1;
  EXPECT_EQ(s.do_step().what, step::kind::none);
  s.seen(3).away_us = s.by.grace_us;
  EXPECT_EQ(s.do_step().what, step::kind::change);
}

// 2 and 3 are away for long; 1 holds the only other copy of the items.
TEST(Healing, TheItemsOfALearnerAreKeptUntilTwoOthersHaveThem) {
  story s("aabbcc");
  s.silence(3, 3 * second);
  s.do_step();
  s.silence(2, 3 * second);
  s.do_step();
  ASSERT_EQ(s.shape(), "1@n1 2@n3(learner) 3@n5(learner) 4@n6(log) 5@n4(log)");
  EXPECT_EQ(s.do_step().what, step::kind::none) << "they may come back";
  s.silence(3, s.by.grace_us);
  EXPECT_EQ(s.do_step().what, step::kind::none) << "the other one may";
  s.silence(2, s.by.grace_us);
  auto grow = s.do_step();
  ASSERT_EQ(grow.what, step::kind::grow) << "and nobody is forgotten";
  s.seen(grow.member).has_items = true;
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3(learner) 3@n5(learner) 4@n6(log) 5@n4");
  s.do_step();
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 4@n6(log) 5@n4");
}

TEST(Healing, ALearnerThatAnswersAndGetsNothingIsGivenUpAfterTheGraceTime) {
  story s;
  s.silence(3, 3 * second);
  s.do_step();
  s.seen(3) = member_view{};
  s.seen(3).stays_us = s.by.grace_us - 1;
  EXPECT_EQ(s.do_step().what, step::kind::none);
  s.seen(3).stays_us = s.by.grace_us;
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 2@n3 4@n6(log)");
}

// Two log replicas where two items are missing: whoever has come far is not left for the other.
TEST(Healing, ALogReplicaWithAllItemsIsPromotedAndOneThatFetchesThemGoesOn) {
  story s("aabbcc");
  s.lose(3);
  s.do_step();
  s.lose(2);
  s.do_step();
  ASSERT_EQ(s.shape(), "1@n1 4@n6(log) 5@n4(log)");
  EXPECT_EQ(s.plan().member, 5u);
  s.view.grows = 4;
  EXPECT_EQ(s.plan().member, 4u) << "it was told to, and goes on";
  s.view.grows = 5;
  s.seen(4).has_items = true;
  s.do_step();
  EXPECT_EQ(s.shape(), "1@n1 4@n6 5@n4(log)");
}

TEST(Healing, OfTwoVotersNoneIsRemovedBeforeAThirdIsThere) {
  story s("abc");
  s.drop_node("n3");
  s.lose(3);
  s.seen(3).votes = false;
  EXPECT_EQ(s.do_step().what, step::kind::none);
  s.spares.push_back({"n3", "c", 3, 0});
  s.do_step();
  ASSERT_EQ(s.shape(), "1@n1 2@n2");
  s.lose(2);
  s.drop_node("n3");
  auto plan = s.do_step();
  EXPECT_EQ(plan.what, step::kind::none) << s.shape();
  EXPECT_FALSE(plan.stuck.empty());
}

// Whatever is lost in whatever order: votes stay in different zones, one voter enters and one leaves at a
// time, a member that is heard of is never removed, and once everybody is back or replaced the group is
// whole.
TEST(Healing, RandomLossesNeverPutTwoVotesInOneZoneAndEndWhole) {
  for (std::uint32_t seed = 1; seed <= 500; ++seed) {
    std::uint32_t state = seed * 2654435761u;
    auto draw = [&](std::uint32_t below) { return (state = state * 1664525u + 1013904223u) / 65536 % below; };
    story s("aaabbbccc");
    for (int round = 0; round < 40; ++round) {
      auto pick = static_cast<int>(draw(static_cast<std::uint32_t>(s.now.members_size())));
      auto id = s.now.members(pick).id();
      unsigned sound = s.sound();
      if (id != s.view.leader && sound > 2 && draw(3) == 0)
        draw(2) == 0 ? s.lose(id) : s.silence(id, draw(2) == 0 ? 3 * second : s.by.grace_us);
      if (s.seen(id).is == health::silent && draw(2) == 0)
        s.seen(id) = member_view{.steady_us = 60 * second, .level = true};
      auto before = s.now;
      auto done = s.do_step();
      if (done.what == step::kind::grow)
        s.seen(done.member).has_items = true;
      std::set<std::string> zones;
      int in = 0, voters = 0;
      for (const auto& m : s.now.members()) {
        if (m.kind() == msg::LEARNER)
          continue;
        ++voters;
        EXPECT_TRUE(zones.insert(m.zone()).second) << "seed " << seed << ": " << s.shape();
        bool had = false;
        for (const auto& old : before.members())
          had = had || (old.id() == m.id() && old.kind() != msg::LEARNER);
        in += !had;
      }
      EXPECT_LE(in, 1);
      EXPECT_GE(voters, 2) << "seed " << seed << ": " << s.shape();
    }
    for (int i = 0; i < s.now.members_size(); ++i)
      if (s.view.members[static_cast<std::size_t>(i)].is == health::silent)
        s.view.members[static_cast<std::size_t>(i)] = member_view{.steady_us = 60 * second, .level = true};
    for (int i = 0; i < 20 && !s.is_whole(); ++i)
      if (auto done = s.do_step(); done.what == step::kind::grow)
        s.seen(done.member).has_items = true;
    EXPECT_TRUE(s.is_whole()) << "seed " << seed << ": " << s.shape();
  }
}

} // namespace
} // namespace troupe::healing
