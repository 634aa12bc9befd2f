// A disk that refuses: what is full is waited for, what fails for long costs the member its place, and what
// is not on the disk is not voted with.
#include "tests/unit/replica/lone_replica.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::lone_replica;

const wire::disk_result fails{wire::disk_outcome::failed, "Input/output error"};
const wire::disk_result is_full{wire::disk_outcome::full, "no space left"};

void put(lone_replica& w, std::uint64_t sequence) {
  msg::ReplicaRequest::Mutation mutation;
  mutation.set_key("key");
  mutation.set_item("item");
  w.write(sequence, false, std::move(mutation));
}

void pass_seconds(lone_replica& w, int seconds) {
  for (int s = 0; s < seconds; ++s)
    w.pass(1s);
}

TEST(Disk, WhoseLogFailsForLongCostsTheMemberItsPlace) {
  lone_replica w;
  w.disk_says = fails;
  put(w, 1);
  EXPECT_TRUE(w.answers.empty());
  pass_seconds(w, 8);
  EXPECT_EQ(w.report().damage(), "") << "it may pass";
  pass_seconds(w, 4);
  EXPECT_NE(w.report().damage().find("Input/output error"), std::string::npos) << w.report().damage();
  put(w, 2);
  ASSERT_FALSE(w.answers.empty());
  EXPECT_EQ(w.answers.back().status().code(), msg::MOVED) << "it is not full, and had no effect";
}

TEST(Disk, WhoseLogTakesSomethingAgainHasCostTheMemberNothing) {
  lone_replica w;
  w.disk_says = fails;
  put(w, 1);
  pass_seconds(w, 12);
  ASSERT_NE(w.report().damage(), "");
  EXPECT_FALSE(w.report().items_gone()) << "they are as they were";
  w.disk_says = {};
  pass_seconds(w, 5);
  EXPECT_EQ(w.report().damage(), "");
  put(w, 2);
  ASSERT_FALSE(w.answers.empty());
  EXPECT_EQ(w.answers.back().status().code(), msg::OK);
}

TEST(Disk, ThatIsFullIsWaitedForHoweverLongItTakes) {
  lone_replica w;
  w.disk_says = is_full;
  put(w, 1);
  pass_seconds(w, 60);
  EXPECT_EQ(w.report().damage(), "");
  put(w, 2);
  ASSERT_FALSE(w.answers.empty());
  EXPECT_EQ(w.answers.back().status().code(), msg::STORAGE_FULL);
  w.disk_says = {};
  pass_seconds(w, 5);
  put(w, 3);
  EXPECT_EQ(w.answers.back().status().code(), msg::OK);
}

TEST(Disk, WhoseItemFileFailsForLongCostsTheMemberItsPlace) {
  lone_replica w;
  put(w, 1);
  for (int s = 0; s < 12; ++s) {
    w.pass(1100ms);
    ASSERT_FALSE(w.asked.applies.empty()) << "after " << s << " s";
    EXPECT_EQ(w.report().damage(), "") << "after " << s << " s";
    w.answer_flush(fails);
    if (!w.report().damage().empty())
      break;
  }
  EXPECT_NE(w.report().damage().find("Input/output error"), std::string::npos) << w.report().damage();
}

TEST(Disk, WhoseItemFileTakesSomethingAgainHasCostTheMemberNothing) {
  lone_replica w;
  put(w, 1);
  for (int s = 0; s < 12; ++s) {
    w.pass(1100ms);
    w.answer_flush(fails);
  }
  ASSERT_NE(w.report().damage(), "");
  EXPECT_FALSE(w.report().items_gone());
  w.pass(1100ms);
  w.answer_flush();
  EXPECT_EQ(w.report().damage(), "");
  pass_seconds(w, 5); // it has handed over to nobody, and leads again
  put(w, 2);
  EXPECT_EQ(w.answers.back().status().code(), msg::OK);
}

// What it had to write was more than it may keep, and is in its log.
TEST(Disk, WhoseItemFileTakesSomethingAgainGetsWhatWasGivenUpMeanwhile) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto large = std::string(1u << 20, 'x');
  for (int i = 0; i < 40; ++i) {
    auto put = log.put("key " + std::to_string(i), large);
    w.hear(log.accept({put}, put.index()));
    w.pass(1100ms);
    if (!w.asked.applies.empty() && !w.asked.applies.front().stay)
      w.answer_flush(fails);
  }
  ASSERT_EQ(w.report().applied(), log.index);
  ASSERT_NE(w.report().damage(), "");
  EXPECT_FALSE(w.report().items_gone()) << "the file has what it had";
  ASSERT_EQ(w.asked.applies.size(), 1u) << "it is asked whether it takes something again, and once at a time";
  EXPECT_TRUE(w.asked.applies.front().effects.empty());
  w.answer_flush(fails);
  EXPECT_NE(w.report().damage(), "");
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  auto opened = w.asked.opens.size();
  w.answer_flush();
  EXPECT_EQ(w.report().damage(), "");
  EXPECT_EQ(w.asked.opens.size(), opened + 1) << "it begins again from what is on the disk";

  std::size_t written = 0;
  for (int s = 0; s < 20; ++s) {
    w.pass(1100ms);
    auto next = log.next(msg::Entry::NOOP);
    w.hear(log.accept({next}, next.index()));
    while (!w.asked.applies.empty()) {
      written += w.asked.applies.front().effects.size();
      w.answer_flush();
    }
  }
  EXPECT_EQ(written, 40u);
}

// It is to begin again, and its log is busy, when a snapshot that it does not need any more cannot be stored.
TEST(Disk, WhoseItemFileTakesSomethingAgainIsNotForgottenForASnapshotThatFails) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto large = std::string(1u << 20, 'x');
  for (int i = 0; i < 40; ++i) {
    auto put = log.put("key " + std::to_string(i), large);
    w.hear(log.accept({put}, put.index()));
    w.pass(1100ms);
    if (!w.asked.applies.empty() && !w.asked.applies.front().stay)
      w.answer_flush(fails);
  }
  ASSERT_EQ(w.asked.applies.size(), 1u);
  ASSERT_TRUE(w.asked.applies.front().stay) << "it is asked whether it takes something again";
  auto next = log.put("next", "1");
  w.hear(log.gone());
  w.pass(1100ms);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  w.slow_disk = true;
  w.hear(log.accept({next, log.put("last", "1")}, next.index()));
  ASSERT_EQ(w.appends.size(), 1u);
  auto opened = w.asked.opens.size();
  w.answer_flush();
  ASSERT_EQ(w.asked.opens.size(), opened) << "its log is busy";
  wire::snapshot_stored failed;
  failed.transfer = w.asked.stores.front().transfer;
  failed.result = fails;
  w.items_say(failed);
  w.slow_disk = false;
  w.answer_disk();
  EXPECT_EQ(w.asked.opens.size(), opened + 1);
}

TEST(Disk, ThatIsFullForTheItemFileIsWaitedFor) {
  lone_replica w;
  put(w, 1);
  for (int s = 0; s < 30; ++s) {
    w.pass(1100ms);
    w.answer_flush(is_full);
  }
  EXPECT_EQ(w.report().damage(), "");
}

// A replica that follows, whose log has three entries of which the second is damaged.
struct damaged_log {
  test::leaders_log leader;
  msg::Entry one = leader.put("a", "1");
  msg::Entry two = leader.put("b", "2");
  msg::Entry three = leader.put("c", "3");

  wire::log_loaded loaded() const {
    wire::log_loaded log;
    log.exists = true;
    log.entries = {one, three};
    log.damaged = {2};
    *log.hard_state.mutable_promised() = one.ballot();
    log.hard_state.set_commit(1);
    *log.hard_state.mutable_configuration() = test::three_members();
    return log;
  }
  // What another member answers when it is asked for the second.
  msg::PaxosMessage help() const {
    msg::PaxosMessage help;
    auto& chosen = *help.mutable_chosen();
    chosen.set_commit(3);
    chosen.set_previous_index(1);
    chosen.set_previous_link(one.link());
    *chosen.add_entries() = two;
    return help;
  }
};

void starts_again(replica_options& options) {
  test::follows(options);
  options.fresh = false;
}

bool has_voted(const lone_replica& w) {
  return std::any_of(w.told.begin(), w.told.end(), [](auto& said) {
    return said.paxos().has_accepted() && said.paxos().accepted().granted();
  });
}

// The entry was accepted here and is damaged: another member has it, and the disk does not take it back at
// once.
TEST(Disk, IsVotedWithOnlyWhenItHasWhatWasMended) {
  damaged_log log;
  lone_replica w(starts_again, {}, log.loaded());
  ASSERT_TRUE(
      std::any_of(w.told.begin(), w.told.end(), [](auto& said) { return said.paxos().has_catch_up(); }));
  EXPECT_EQ(w.report().last_index(), 3u) << "it has read its log, and waits for others";

  w.disk_says = fails;
  w.hear_from(2, "n2", log.help());
  EXPECT_EQ(w.report().epoch(), 0u) << "the disk does not have it";
  w.disk_says = {};
  w.pass(400ms);
  EXPECT_EQ(w.report().epoch(), 1u);
}

// What the disk says of the mend says nothing of the votes that come after it.
TEST(Disk, ThatIsSlowIsHandedAMendOnceAndItsAnswerCountsForNothingElse) {
  damaged_log log;
  lone_replica w(starts_again, {}, log.loaded());
  w.slow_disk = true;
  w.hear_from(2, "n2", log.help());
  ASSERT_EQ(w.appends.size(), 1u);
  auto mend = w.appends.front().job;
  w.pass(400ms);
  w.pass(400ms);
  ASSERT_EQ(w.appends.size(), 1u) << "slow is not refused";
  w.answer_disk();
  ASSERT_EQ(w.report().epoch(), 1u) << "it runs";

  w.hear(log.leader.accept({log.leader.put("d", "4")}, 3));
  ASSERT_EQ(w.appends.size(), 1u);
  w.disk_tells({{}, mend});
  EXPECT_FALSE(has_voted(w)) << "the entry is on no disk yet";
  w.answer_disk();
  EXPECT_TRUE(has_voted(w));
}

// Its predecessor ended between making the log and saying so.
TEST(Disk, ThatHasItsLogAlreadyIsOpenedAsSuch) {
  damaged_log log;
  auto found = log.loaded();
  found.entries = {log.one, log.two, log.three};
  found.damaged.clear();
  lone_replica w(test::follows, {}, found);
  EXPECT_EQ(w.report().trouble(), "");
  EXPECT_EQ(w.report().epoch(), 1u);
  EXPECT_EQ(w.report().last_index(), 3u);
}

// It begins anew under its old name, and hears something that was meant for whoever had it before.
TEST(Disk, TellsNobodyThatALogIsMadeWhichIsStillBeingRead) {
  lone_replica w([](replica_options& options) {
    options.configuration = test::three_members(msg::LOG_REPLICA);
    options.kind = msg::LOG_REPLICA;
    options.preferred_leader = false;
  });
  w.grow();
  w.slow_loading = true;
  w.hear(test::leaders_log().snapshot());
  w.answer_store();
  ASSERT_EQ(w.loads.size(), 1u) << "it opens again, with its items";
  w.disk_tells({{}, 0});
  EXPECT_FALSE(w.view().running);
  w.answer_load();
  EXPECT_TRUE(w.view().running);
}

// It fails now and then, and the file that it failed for has been replaced in between.
class Replaced : public ::testing::TestWithParam<bool> {};

TEST_P(Replaced, ItemFileHasNotFailedSinceTheFirstOneDid) {
  const bool reopens = GetParam();
  lone_replica w(test::follows);
  test::leaders_log log;
  w.hear(log.accept({log.put("a", "1")}, 1));
  w.pass(1100ms);
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  w.answer_flush(fails);
  auto two = log.put("b", "2");
  w.hear(log.gone());
  w.pass(100ms);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  if (reopens) // the log above the snapshot came after all
    w.hear(log.accept({two, log.put("c", "3")}, 3));
  auto opened = w.asked.opens.size();
  w.answer_store();
  ASSERT_EQ(w.asked.opens.size(), opened + (reopens ? 1 : 0));

  pass_seconds(w, 10);
  w.asked.applies.clear();
  auto last = log.put("d", "4");
  w.hear(log.accept({last}, last.index()));
  w.pass(1100ms);
  w.pass(1100ms);
  ASSERT_EQ(w.asked.applies.size(), 1u);
  w.answer_flush(fails);
  EXPECT_EQ(w.report().damage(), "") << "it failed once, and once long before";
}
INSTANTIATE_TEST_SUITE_P(Disk, Replaced, ::testing::Bool(),
                         [](auto& one) { return one.param ? "AndOpenedAgain" : "InPlace"; });

} // namespace
} // namespace troupe::replica
