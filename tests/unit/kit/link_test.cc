#include "actors/kit/link.h"
#include "actors/kit/promise_table.h"
#include "config/limits.h"
#include <deque>
#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace troupe::kit {
namespace {

msg::Parcel parcel(std::size_t bytes, std::uint64_t id = 1) {
  msg::Parcel p;
  p.set_id(id);
  p.mutable_replica_request()->mutable_read()->set_key(std::string(bytes, 'x'));
  return p;
}

bool push(link& l, msg::Parcel p) {
  return l.push(p);
}

TEST(link, what_is_ready_travels_in_one_envelope) {
  link l(1);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(push(l, parcel(100)));
  auto e = l.next(false);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->parcels_size(), 5);
  EXPECT_EQ(e->sequence(), 1u);
  EXPECT_FALSE(l.next(false));
  EXPECT_EQ(l.queued_bytes(), 0u);
}

TEST(link, an_envelope_is_bounded_but_one_large_parcel_still_goes) {
  link l(1);
  push(l, parcel(limits::envelope_bytes + 1));
  push(l, parcel(10));
  EXPECT_EQ(l.next(false)->parcels_size(), 1);
  EXPECT_EQ(l.next(false)->parcels_size(), 1);
}

TEST(link, sends_no_more_than_its_window_until_credit_comes_back) {
  link a(1), b(2);
  for (std::size_t i = 0; i < limits::link_window; ++i) {
    push(a, parcel(10));
    auto e = a.next(false);
    ASSERT_TRUE(e);
    EXPECT_TRUE(b.receive(*e));
  }
  push(a, parcel(10));
  EXPECT_FALSE(a.next(false));
  auto acknowledgement = b.next(true);
  ASSERT_TRUE(acknowledgement);
  EXPECT_EQ(acknowledgement->sequence(), 0u) << "it needs no acknowledgement itself";
  EXPECT_TRUE(a.receive(*acknowledgement));
  EXPECT_EQ(a.on_the_way(), 0u);
  EXPECT_TRUE(a.next(false));
}

TEST(link, acknowledges_on_its_own_at_half_the_window_and_otherwise_with_what_it_sends) {
  link a(1), b(2);
  for (std::size_t i = 1; i < limits::link_window / 2; ++i) {
    push(a, parcel(10));
    b.receive(*a.next(false));
    EXPECT_FALSE(b.next(false));
  }
  push(b, parcel(10));
  auto back = b.next(false);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->received(), limits::link_window / 2 - 1);
  for (std::size_t i = 0; i < limits::link_window / 2; ++i) {
    push(a, parcel(10));
    b.receive(*a.next(false));
  }
  EXPECT_TRUE(b.next(false));
}

TEST(link, ignores_what_it_has_seen_and_starts_anew_with_a_new_session) {
  link a(1), b(2);
  push(a, parcel(10));
  auto e = *a.next(false);
  EXPECT_TRUE(b.receive(e));
  EXPECT_FALSE(b.receive(e));
  link reborn(3);
  push(reborn, parcel(10));
  EXPECT_TRUE(b.receive(*reborn.next(false)));
}

TEST(link, an_acknowledgement_of_another_session_gives_no_credit) {
  link a(1);
  push(a, parcel(10));
  a.next(false);
  msg::Envelope stale;
  stale.set_session(9);
  stale.set_received_session(7);
  stale.set_received(1);
  a.receive(stale);
  EXPECT_EQ(a.on_the_way(), 1u);
}

// What a connection loses when it breaks is gone without a word, and the link object may outlive it: another
// connection to the same process can carry it on.
TEST(link, a_window_that_was_lost_does_not_silence_it) {
  link a(1), b(2);
  for (std::size_t i = 0; i < limits::link_window; ++i) {
    push(a, parcel(10));
    ASSERT_TRUE(a.next(false)); // lost
  }
  push(a, parcel(10));
  std::optional<msg::Envelope> sent;
  int ticks = 0;
  for (; ticks < 100 && a.on_the_way() >= limits::link_window; ++ticks) {
    if (auto e = a.next(true)) {
      EXPECT_EQ(e->parcels_size(), 0) << "without credit only the question goes";
      b.receive(*e);
    }
    if (auto e = b.next(true))
      a.receive(*e);
  }
  ASSERT_EQ(a.on_the_way(), 0u);
  EXPECT_EQ(a.next(false)->parcels_size(), 1);
  EXPECT_LT(ticks, 20);
}

TEST(link, a_lost_acknowledgement_does_not_silence_it) {
  link a(1), b(2);
  for (std::size_t i = 0; i < limits::link_window; ++i) {
    push(a, parcel(10));
    b.receive(*a.next(false));
  }
  ASSERT_TRUE(b.next(true)); // lost
  push(a, parcel(10));
  for (int ticks = 0; ticks < 20 && a.on_the_way() >= limits::link_window; ++ticks) {
    if (auto e = a.next(true))
      b.receive(*e);
    if (auto e = b.next(true))
      a.receive(*e);
  }
  EXPECT_EQ(a.on_the_way(), 0u);
}

TEST(link, asks_a_slow_peer_for_credit_now_and_then_and_gets_none_for_it) {
  link a(1), b(2);
  std::deque<msg::Envelope> on_the_wire;
  for (std::size_t i = 0; i < limits::link_window; ++i) {
    push(a, parcel(10));
    on_the_wire.push_back(*a.next(false));
  }
  push(a, parcel(10));
  int questions = 0;
  for (int ticks = 0; ticks < 160; ++ticks)
    while (auto e = a.next(true)) {
      ++questions;
      on_the_wire.push_back(*e);
    }
  EXPECT_GT(questions, 0);
  EXPECT_LE(questions, 25);
  for (auto& e : on_the_wire)
    EXPECT_TRUE(b.receive(e));
  EXPECT_TRUE(a.receive(*b.next(true)));
  EXPECT_EQ(a.on_the_way(), 0u);
}

TEST(link, refuses_what_its_queue_cannot_hold_and_gives_back_what_has_not_left) {
  link l(1);
  auto big = 1u << 20;
  std::size_t taken = 0;
  while (push(l, parcel(big)))
    ++taken;
  EXPECT_LE(l.queued_bytes(), limits::link_queue_bytes);
  EXPECT_GE(taken, limits::link_queue_bytes / big - 1);
  EXPECT_EQ(l.drain().size(), taken);
  EXPECT_TRUE(l.idle());
}

TEST(promise_table, every_promise_leaves_exactly_once) {
  promise_table<std::string> t(3);
  auto a = t.add("a", 10), b = t.add("b", 5), c = t.add("c", 20);
  EXPECT_TRUE(t.full());
  EXPECT_EQ(*t.take(a), "a");
  EXPECT_FALSE(t.take(a));
  EXPECT_EQ(t.next_deadline(), 5);
  EXPECT_EQ(t.take_expired(10), (std::vector<std::string>{"b"}));
  EXPECT_FALSE(t.take(b));
  EXPECT_EQ(t.take_all(), (std::vector<std::string>{"c"}));
  EXPECT_FALSE(t.find(c));
  EXPECT_EQ(t.size(), 0u);
}

} // namespace
} // namespace troupe::kit
