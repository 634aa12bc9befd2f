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

TEST(Disk, ThatIsFullForTheItemFileIsWaitedFor) {
  lone_replica w;
  put(w, 1);
  for (int s = 0; s < 30; ++s) {
    w.pass(1100ms);
    w.answer_flush(is_full);
  }
  EXPECT_EQ(w.report().damage(), "");
}

// The entry was accepted here and is damaged: another member has it, and the disk does not take it back at
// once.
TEST(Disk, IsVotedWithOnlyWhenItHasWhatWasMended) {
  test::leaders_log leader;
  auto one = leader.put("a", "1");
  auto two = leader.put("b", "2");
  auto three = leader.put("c", "3");
  wire::log_loaded log;
  log.exists = true;
  log.entries = {one, three};
  log.damaged = {2};
  *log.hard_state.mutable_promised() = one.ballot();
  log.hard_state.set_commit(1);
  *log.hard_state.mutable_configuration() = test::three_members();
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, {}, log);
  ASSERT_TRUE(
      std::any_of(w.told.begin(), w.told.end(), [](auto& said) { return said.paxos().has_catch_up(); }));
  EXPECT_EQ(w.report().last_index(), 3u) << "it has read its log, and waits for others";

  w.disk_says = fails;
  msg::PaxosMessage help;
  auto& chosen = *help.mutable_chosen();
  chosen.set_commit(3);
  chosen.set_previous_index(1);
  chosen.set_previous_link(one.link());
  *chosen.add_entries() = two;
  w.hear_from(2, "n2", help);
  EXPECT_EQ(w.report().epoch(), 0u) << "the disk does not have it";
  w.disk_says = {};
  w.pass(400ms);
  EXPECT_EQ(w.report().epoch(), 1u);
}

} // namespace
} // namespace troupe::replica
