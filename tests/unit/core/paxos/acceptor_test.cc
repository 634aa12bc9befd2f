// One acceptor, spoken to by hand: what it takes, what it refuses, and what it must not lose.
#include "actors/core/paxos/adopt.h"
#include "actors/core/paxos/ballot.h"
#include "tests/unit/core/paxos/cluster.h"
#include <gtest/gtest.h>

namespace troupe::paxos::testing {
namespace {

constexpr std::uint64_t group_id = cluster::group_id;

// A log by hand: each entry chained to the one before.
struct chain {
  std::uint64_t link = 0;
  log_index last = 0;
  msg::Entry next(std::uint64_t round, member_id owner, const std::string& payload) {
    msg::Entry e;
    e.set_index(++last);
    *e.mutable_ballot() = make_ballot(round, owner);
    e.set_kind(msg::Entry::COMMAND);
    e.set_payload(payload);
    e.set_previous_link(link);
    e.set_link(link = link_of(group_id, e, link));
    return e;
  }
};

struct acceptor_test : ::testing::Test {
  instant now = 1'000'000'000;
  std::unique_ptr<group> g;
  msg::Configuration members = configuration(1, {member(1), member(2), member(3)});

  void open(restored from = {}) {
    if (from.hard_state.configuration().members_size() == 0)
      *from.hard_state.mutable_configuration() = members;
    options o;
    o.group = group_id;
    o.self = 3;
    g = std::make_unique<group>(o, std::move(from), now);
  }
  void open_fresh() {
    restored from;
    from.fresh = true;
    open(std::move(from));
  }
  msg::PaxosMessage said(member_id by) {
    msg::PaxosMessage m;
    m.set_group(group_id), m.set_from(by), m.set_to(3), m.set_epoch(1);
    return m;
  }
  // What it answers once everything is durable.
  std::vector<msg::PaxosMessage> hear(const msg::PaxosMessage& m) {
    g->step(m, now);
    std::vector<msg::PaxosMessage> out;
    while (g->has_ready()) {
      ready r = g->take_ready();
      out.insert(out.end(), r.messages_now.begin(), r.messages_now.end());
      out.insert(out.end(), r.messages_after.begin(), r.messages_after.end());
      g->persisted(r.id, now);
    }
    return out;
  }
  msg::Accepted accept(std::uint64_t round, member_id owner, log_index previous, std::uint64_t link,
                       std::vector<msg::Entry> entries, log_index commit = 0) {
    msg::PaxosMessage m = said(owner);
    *m.mutable_accept()->mutable_ballot() = make_ballot(round, owner);
    m.mutable_accept()->set_previous_index(previous);
    m.mutable_accept()->set_previous_link(link);
    for (auto& e : entries)
      *m.mutable_accept()->add_entries() = e;
    m.mutable_accept()->set_commit(commit);
    auto out = hear(m);
    return out.size() == 1 ? out[0].accepted() : msg::Accepted();
  }
  msg::Promise prepare(std::uint64_t round, member_id owner, log_index above = 0) {
    msg::PaxosMessage m = said(owner);
    *m.mutable_prepare()->mutable_ballot() = make_ballot(round, owner);
    m.mutable_prepare()->set_commit(above);
    auto out = hear(m);
    return out.size() == 1 ? out[0].promise() : msg::Promise();
  }
};

TEST_F(acceptor_test, takes_entries_of_the_promised_ballot_and_says_how_far) {
  open_fresh();
  chain log;
  auto a = log.next(1, 1, "a"), b = log.next(1, 1, "b");
  EXPECT_EQ(accept(1, 1, 0, 0, {a, b}).match(), 2u);
  EXPECT_EQ(g->last_index(), 2u);
  EXPECT_EQ(g->commit(), 0u) << "accepted is not chosen";
}

TEST_F(acceptor_test, refuses_an_earlier_ballot_and_says_whom_it_promised) {
  open_fresh();
  EXPECT_TRUE(prepare(5, 2).granted());
  chain log;
  msg::Accepted reply = accept(4, 1, 0, 0, {log.next(4, 1, "a")});
  EXPECT_FALSE(reply.granted());
  EXPECT_EQ(reply.promised().round(), 5u);
  EXPECT_EQ(g->last_index(), 0u);
}

TEST_F(acceptor_test, leaves_no_hole_and_says_from_where_to_send) {
  open_fresh();
  chain log;
  auto a = log.next(1, 1, "a"), b = log.next(1, 1, "b");
  msg::Accepted reply = accept(1, 1, 1, a.link(), {b});
  EXPECT_FALSE(reply.granted());
  EXPECT_EQ(reply.need(), 1u);
}

TEST_F(acceptor_test, an_entry_of_an_earlier_ballot_below_is_a_gap_unless_chosen) {
  open_fresh();
  chain log;
  auto a = log.next(1, 1, "a"), b = log.next(2, 2, "b");
  accept(1, 1, 0, 0, {a});
  msg::Accepted reply = accept(2, 2, 1, a.link(), {b});
  EXPECT_FALSE(reply.granted()) << "it holds the same value at 1, but has not accepted it in ballot 2.2";
  EXPECT_EQ(reply.need(), 1u);
  EXPECT_EQ(accept(2, 2, 1, a.link(), {b}, 1).match(), 2u) << "known to be chosen, it counts";
  EXPECT_EQ(g->commit(), 1u);
}

TEST_F(acceptor_test, keeps_what_lies_above_an_overwritten_entry) {
  open_fresh();
  chain log;
  auto a = log.next(1, 1, "a"), b = log.next(1, 1, "b"), c = log.next(1, 1, "c");
  accept(1, 1, 0, 0, {a, b, c});
  auto again = a;
  *again.mutable_ballot() = make_ballot(2, 2);
  EXPECT_EQ(accept(2, 2, 0, 0, {again}).match(), 1u);
  now += 2'000'000; // past the lease of 2
  msg::Promise promise = prepare(3, 1);
  ASSERT_EQ(promise.entries_size(), 3);
  EXPECT_EQ(promise.entries(0).ballot().round(), 2u);
  EXPECT_EQ(promise.entries(1).ballot().round(), 1u);
  EXPECT_EQ(promise.entries(2).ballot().round(), 1u);
}

TEST_F(acceptor_test, commits_only_what_it_holds_in_the_leaders_ballot) {
  open_fresh();
  chain old, fresh;
  accept(1, 1, 0, 0, {old.next(1, 1, "old1"), old.next(1, 1, "old2")});
  // Ballot 2.2 chose other values at 1 and 2; this member hears of its commit index before its entries.
  msg::PaxosMessage beat = said(2);
  *beat.mutable_heartbeat()->mutable_ballot() = make_ballot(2, 2);
  beat.mutable_heartbeat()->set_commit(2);
  hear(beat);
  EXPECT_EQ(g->commit(), 0u);
  auto x = fresh.next(2, 2, "new1"), y = fresh.next(2, 2, "new2");
  accept(2, 2, 0, 0, {x, y}, 2);
  EXPECT_EQ(g->commit(), 2u);
  auto chosen = g->take_chosen();
  ASSERT_EQ(chosen.size(), 2u);
  EXPECT_EQ(chosen[0]->payload(), "new1");
}

TEST_F(acceptor_test, takes_chosen_entries_of_any_ballot_as_they_are) {
  open_fresh();
  chain log;
  auto a = log.next(1, 1, "a"), b = log.next(2, 2, "b"), c = log.next(3, 1, "c");
  EXPECT_EQ(accept(3, 1, 0, 0, {a, b, c}, 2).match(), 3u);
  EXPECT_EQ(g->commit(), 2u);
}

TEST_F(acceptor_test, refuses_an_entry_above_commit_that_is_not_in_the_ballot) {
  open_fresh();
  chain log;
  auto a = log.next(1, 1, "a");
  accept(3, 1, 0, 0, {a}, 0);
  EXPECT_EQ(g->last_index(), 0u);
  EXPECT_EQ(g->counters().ignored, 1u);
}

TEST_F(acceptor_test, refuses_a_chain_that_does_not_fit_what_is_chosen) {
  open_fresh();
  chain log, other;
  accept(1, 1, 0, 0, {log.next(1, 1, "a")}, 1);
  other.next(1, 1, "something else");
  std::uint64_t link = other.link;
  accept(1, 1, 1, link, {other.next(1, 1, "b")}, 1);
  EXPECT_EQ(g->last_index(), 1u);
  EXPECT_EQ(g->counters().links_refused, 1u);
}

TEST_F(acceptor_test, refuses_a_second_value_in_one_ballot) {
  open_fresh();
  chain log, other;
  accept(1, 1, 0, 0, {log.next(1, 1, "a")});
  accept(1, 1, 0, 0, {other.next(1, 1, "b")});
  EXPECT_EQ(g->link_at(1), log.link);
  EXPECT_EQ(g->counters().links_refused, 1u);
}

TEST_F(acceptor_test, answers_many_accepts_with_one_acknowledgement) {
  open_fresh();
  chain log;
  for (int i = 0; i < 5; ++i) {
    msg::PaxosMessage m = said(1);
    *m.mutable_accept()->mutable_ballot() = make_ballot(1, 1);
    m.mutable_accept()->set_previous_index(log.last);
    m.mutable_accept()->set_previous_link(log.link);
    m.mutable_accept()->set_sent_us(100 + i);
    *m.mutable_accept()->add_entries() = log.next(1, 1, "x");
    g->step(m, now);
  }
  ready r = g->take_ready();
  EXPECT_EQ(r.entries.size(), 5u);
  ASSERT_EQ(r.messages_after.size(), 1u);
  EXPECT_EQ(r.messages_after[0].accepted().match(), 5u);
  EXPECT_EQ(r.messages_after[0].accepted().sent_us(), 104);
  EXPECT_TRUE(r.messages_now.empty());
}

TEST_F(acceptor_test, a_heartbeat_reply_counts_only_what_is_durable) {
  open_fresh();
  chain log;
  msg::PaxosMessage m = said(1);
  *m.mutable_accept()->mutable_ballot() = make_ballot(1, 1);
  *m.mutable_accept()->add_entries() = log.next(1, 1, "x");
  g->step(m, now);
  ready r = g->take_ready(); // not yet on disk
  msg::PaxosMessage beat = said(1);
  *beat.mutable_heartbeat()->mutable_ballot() = make_ballot(1, 1);
  g->step(beat, now);
  EXPECT_TRUE(g->take_messages().empty()) << "even the promise is not on disk yet: no answer under it";
  g->persisted(r.id, now);
  ready second = g->take_ready();
  ASSERT_EQ(second.messages_after.size(), 1u);
  g->persisted(second.id, now);

  m.mutable_accept()->set_previous_index(1);
  m.mutable_accept()->set_previous_link(log.link);
  *m.mutable_accept()->mutable_entries(0) = log.next(1, 1, "y");
  g->step(m, now);
  ready third = g->take_ready();
  g->step(beat, now);
  auto replies = g->take_messages();
  ASSERT_EQ(replies.size(), 1u) << "a slow disk does not silence a member";
  EXPECT_EQ(replies[0].heartbeat_reply().match(), 1u);
  g->persisted(third.id, now);
}

TEST_F(acceptor_test, a_repeated_prepare_gets_its_promise_again) {
  open_fresh();
  EXPECT_TRUE(prepare(2, 1).granted());
  EXPECT_TRUE(prepare(2, 1).granted());
  EXPECT_FALSE(prepare(1, 2).granted());
}

TEST_F(acceptor_test, a_restarted_acceptor_knows_how_far_it_agreed_with_the_promised_leader) {
  chain log;
  restored from;
  *from.hard_state.mutable_promised() = make_ballot(2, 2);
  from.hard_state.set_commit(1); // a hint that lags: 2 was chosen in ballot 1.1 and sent as such
  from.entries = {log.next(1, 1, "a"), log.next(1, 1, "b"), log.next(2, 2, "c")};
  open(std::move(from));
  std::uint64_t link = log.link;
  msg::Accepted reply = accept(2, 2, 3, link, {log.next(2, 2, "d")}, 2);
  EXPECT_TRUE(reply.granted());
  EXPECT_EQ(reply.match(), 4u);
  EXPECT_EQ(g->commit(), 2u);
}

TEST_F(acceptor_test, a_commit_hint_above_a_shortened_log_is_cut_to_it) {
  chain log;
  restored from;
  from.hard_state.set_commit(9);
  from.applied = 7;
  from.entries = {log.next(1, 1, "a"), log.next(1, 1, "b")};
  open(std::move(from));
  EXPECT_EQ(g->commit(), 2u);
  std::uint64_t link = log.link;
  std::vector<msg::Entry> rest;
  for (int i = 3; i <= 9; ++i)
    rest.push_back(log.next(1, 1, "x" + std::to_string(i)));
  accept(1, 1, 2, link, rest, 9);
  EXPECT_EQ(g->commit(), 9u);
  auto chosen = g->take_chosen();
  ASSERT_EQ(chosen.size(), 2u) << "what the items have already is not handed out again";
  EXPECT_EQ(chosen[0]->index(), 8u);
}

TEST_F(acceptor_test, the_items_are_never_ahead_of_the_log) {
  open_fresh();
  chain log;
  msg::PaxosMessage m = said(1);
  *m.mutable_accept()->mutable_ballot() = make_ballot(1, 1);
  *m.mutable_accept()->add_entries() = log.next(1, 1, "a");
  m.mutable_accept()->set_commit(1);
  g->step(m, now);
  EXPECT_EQ(g->commit(), 1u);
  EXPECT_TRUE(g->take_chosen().empty());
  ready r = g->take_ready();
  EXPECT_TRUE(g->take_chosen().empty());
  g->persisted(r.id, now);
  EXPECT_EQ(g->take_chosen().size(), 1u);
}

TEST_F(acceptor_test, a_snapshot_replaces_the_log_below_it_and_keeps_the_votes_above) {
  open_fresh();
  chain log;
  std::vector<msg::Entry> entries;
  for (int i = 0; i < 6; ++i)
    entries.push_back(log.next(1, 1, "x"));
  accept(1, 1, 0, 0, entries, 1);
  msg::SnapshotHeader header;
  header.set_group(group_id);
  header.set_index(1);
  EXPECT_FALSE(g->restore(header, now)) << "at the commit index: nothing new";
  header.set_index(4);
  header.set_link(entries[3].link());
  *header.mutable_configuration() = configuration(4, {member(1), member(2), member(3)});
  header.set_configuration_index(3);
  ASSERT_TRUE(g->restore(header, now));
  ready r = g->take_ready();
  EXPECT_TRUE(r.reset_log);
  ASSERT_EQ(r.entries.size(), 2u) << "5 and 6 were voted for: they are written again above the new base";
  EXPECT_EQ(r.entries[0]->index(), 5u);
  ASSERT_TRUE(r.hard_state);
  EXPECT_EQ(r.hard_state->commit(), 4u);
  EXPECT_EQ(r.hard_state->configuration().epoch(), 4u);
  g->persisted(r.id, now);
  EXPECT_EQ(g->first_index(), 5u);
  EXPECT_EQ(g->applied_index(), 4u);
  std::uint64_t link = log.link;
  EXPECT_EQ(accept(1, 1, 6, link, {log.next(1, 1, "y")}, 4).match(), 7u) << "and the log goes on";
}

// --- phase 1's decision, as a function
// ---------------------------------------------------------------------------

entry_ptr shared(const msg::Entry& e) {
  return std::make_shared<const msg::Entry>(e);
}

TEST(adopt, takes_the_highest_ballot_at_each_index) {
  chain one, two;
  auto a1 = one.next(1, 1, "a"), b1 = one.next(1, 1, "b");
  auto a2 = two.next(2, 2, "other");
  auto adopted = adopt(0, 0, {{shared(a1), shared(b1)}, {shared(a2)}});
  ASSERT_EQ(adopted.size(), 1u) << "b was written after a, and a was not chosen: b fits nothing";
  EXPECT_EQ(adopted[0]->payload(), "other");
}

TEST(adopt, a_reproposed_prefix_keeps_the_old_tail_that_was_built_on_it) {
  chain log;
  auto a = log.next(1, 1, "a"), b = log.next(1, 1, "b"), c = log.next(1, 1, "c");
  auto a2 = a;
  *a2.mutable_ballot() = make_ballot(2, 2);
  auto adopted = adopt(0, 0, {{shared(a2), shared(b), shared(c)}, {shared(a)}});
  ASSERT_EQ(adopted.size(), 3u) << "c may have been chosen in ballot 1.1";
  EXPECT_EQ(adopted[0]->ballot().round(), 2u);
}

TEST(adopt, nothing_above_a_configuration_is_for_this_quorum_to_say) {
  chain log;
  auto a = log.next(1, 1, "a");
  a.set_kind(msg::Entry::CONFIGURATION);
  a.set_link(link_of(group_id, a, 0));
  log.link = a.link();
  auto b = log.next(1, 1, "b");
  EXPECT_EQ(adopt(0, 0, {{shared(a), shared(b)}}).size(), 1u);
}

TEST(adopt, the_mutations_are_wrong_in_the_way_they_say) {
  chain one, two;
  auto a1 = one.next(1, 1, "a"), b1 = one.next(1, 1, "b");
  auto a2 = two.next(2, 2, "other");
  struct options::mutations lowest, unlinked;
  lowest.adopt_lowest_ballot = true;
  unlinked.skip_link_check = true;
  EXPECT_EQ(adopt(0, 0, {{shared(a1)}, {shared(a2)}}, lowest)[0]->payload(), "a");
  EXPECT_EQ(adopt(0, 0, {{shared(a1), shared(b1)}, {shared(a2)}}, unlinked).size(), 2u);
}

TEST(link, depends_on_everything_but_the_ballot) {
  chain log;
  msg::Entry e = log.next(1, 1, "a");
  auto link = link_of(group_id, e, 0);
  *e.mutable_ballot() = make_ballot(9, 9);
  EXPECT_EQ(link_of(group_id, e, 0), link);
  EXPECT_NE(link_of(group_id + 1, e, 0), link);
  EXPECT_NE(link_of(group_id, e, 1), link);
  e.set_index(2);
  EXPECT_NE(link_of(group_id, e, 0), link);
  e.set_index(1), e.set_kind(msg::Entry::NOOP);
  EXPECT_NE(link_of(group_id, e, 0), link);
}

} // namespace
} // namespace troupe::paxos::testing
