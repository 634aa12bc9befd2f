// A replica that becomes the leader of a group whose members are just being changed: its predecessor, member
// 2, died before anybody heard that the change was chosen. It needs the newcomer's vote, and where the
// newcomer is stands nowhere but in the entry it found.
#include "tests/unit/replica/lone_replica.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <utility>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::lone_replica;

// Member 4 takes the vote of 3, which may come back.
msg::Configuration new_members() {
  auto next = test::three_members();
  next.set_epoch(2);
  next.mutable_members(2)->set_kind(msg::LEARNER);
  auto& newcomer = *next.add_members();
  newcomer.set_id(4);
  newcomer.set_kind(msg::LOG_REPLICA);
  newcomer.set_node("n4");
  newcomer.set_disk(1);
  return next;
}

// Member 3 grants whatever it is asked.
void grant_everything(lone_replica& w, const std::vector<msg::Parcel>& told) {
  for (auto& parcel : told) {
    auto& said = parcel.paxos();
    msg::PaxosMessage answer;
    if (said.to() == 3 && said.has_pre_vote()) {
      *answer.mutable_pre_vote_reply()->mutable_ballot() = said.pre_vote().ballot();
      answer.mutable_pre_vote_reply()->set_granted(true);
    } else if (said.to() == 3 && said.has_prepare()) {
      auto& promise = *answer.mutable_promise();
      *promise.mutable_ballot() = *promise.mutable_promised() = said.prepare().ballot();
      promise.set_granted(true);
      promise.set_commit(1);
    } else {
      continue;
    }
    w.hear_from(3, "n3", std::move(answer));
  }
}

TEST(Newcomer, IsSpokenToByALeaderThatFoundTheChangeInItsLog) {
  test::leaders_log leader;
  wire::log_loaded log; // it has heard of the first that it is chosen
  log.entries = {leader.next(msg::Entry::NOOP), leader.configuration(new_members())};
  log.exists = true;
  *log.hard_state.mutable_promised() = log.entries[0].ballot();
  log.hard_state.set_commit(1);
  *log.hard_state.mutable_configuration() = test::three_members();
  wire::items_opened file;
  file.applied = file.durable = 1;
  file.applied_link = log.entries[0].link();
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, log);

  std::set<std::string> accepts_to;
  for (int i = 0; i < 500 && !accepts_to.contains("n4"); ++i) {
    w.pass(10ms);
    auto told = std::exchange(w.told, {});
    auto nodes = std::exchange(w.told_nodes, {});
    for (std::size_t n = 0; n < told.size(); ++n)
      if (told[n].paxos().has_accept())
        accepts_to.insert(nodes[n]);
    grant_everything(w, told);
  }
  EXPECT_TRUE(accepts_to.contains("n3")) << "it leads";
  EXPECT_TRUE(accepts_to.contains("n4"));

  // It is that node and that directory, though the change is not chosen yet: nobody else speaks as member 4.
  auto answered = [&](const std::string& node) {
    w.told.clear();
    msg::PaxosMessage ask;
    ask.mutable_catch_up()->set_from(1);
    w.hear_from(4, node, std::move(ask));
    return std::any_of(w.told.begin(), w.told.end(),
                       [](auto& one) { return one.paxos().to() == 4 && one.paxos().has_chosen(); });
  };
  EXPECT_FALSE(answered("n5"));
  EXPECT_TRUE(answered("n4"));
}

} // namespace
} // namespace troupe::replica
