#include "actors/core/item/key.h"
#include "actors/replica/overlay.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <random>

namespace troupe::replica {
namespace {

msg::Effect put(const std::string& key, const std::string& item) {
  msg::Effect e;
  e.set_key(key);
  e.set_item(item);
  return e;
}

msg::Effect removal(const std::string& key) {
  msg::Effect e;
  e.set_key(key);
  e.set_remove(true);
  return e;
}

std::vector<std::string> keys(const overlay& o, const std::string& from, const std::string& to,
                              bool backward) {
  std::vector<std::string> result;
  o.walk(from, to, backward, [&](const std::string& key, const overlay::version&) {
    result.push_back(key);
    return true;
  });
  return result;
}

// Keys are compared by their first bytes as a number, and by the rest where these agree.
TEST(overlay, walks_in_the_order_of_bytes_whatever_they_are) {
  std::vector<std::string> sorted = {std::string("\0", 1),
                                     std::string("\0\0", 2),
                                     "a",
                                     std::string("a\0", 2),
                                     std::string("a\0b", 3),
                                     "aaaaaaaa",
                                     std::string("aaaaaaaa\0", 9),
                                     "aaaaaaaab",
                                     "aaaaaaaac",
                                     "b",
                                     "\x7f",
                                     "\x80",
                                     "\xff",
                                     "\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
  std::sort(sorted.begin(), sorted.end());
  auto shuffled = sorted;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
  overlay o;
  for (std::size_t i = 0; i < shuffled.size(); ++i)
    o.apply(put(shuffled[i], "x"), i + 1);
  EXPECT_EQ(keys(o, "", "", false), sorted);
  for (std::size_t i = 0; i < sorted.size(); ++i)
    EXPECT_EQ(keys(o, sorted[i], "", false),
              std::vector<std::string>(sorted.begin() + static_cast<std::ptrdiff_t>(i), sorted.end()));
  auto flushed = o.begin_flush();
  ASSERT_EQ(flushed.size(), sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i)
    EXPECT_EQ(flushed[i].key(), sorted[i]);
}

TEST(overlay, shows_proposals_to_writers_and_not_to_readers) {
  overlay o;
  o.apply(put("k", "old"), 1);
  o.propose(put("k", "new"), 2);
  EXPECT_EQ(o.newest("k")->item, "new");
  EXPECT_EQ(o.newest("k")->index, 2u);
  EXPECT_EQ(o.applied("k")->item, "old");
  o.apply(put("k", "new"), 2);
  EXPECT_EQ(o.applied("k")->item, "new");
}

TEST(overlay, keeps_later_proposals_when_an_earlier_one_is_applied) {
  overlay o;
  o.propose(put("k", "a"), 5);
  o.propose(removal("k"), 6);
  o.apply(put("k", "a"), 5);
  EXPECT_TRUE(o.newest("k")->removed);
  EXPECT_FALSE(o.applied("k")->removed);
}

TEST(overlay, forgets_what_was_proposed_when_leadership_ends) {
  overlay o;
  o.propose(put("only proposed", "x"), 1);
  o.apply(put("both", "applied"), 2);
  o.propose(put("both", "proposed"), 3);
  o.forget_proposed();
  EXPECT_EQ(o.newest("only proposed"), nullptr);
  EXPECT_EQ(o.newest("both")->item, "applied");
  EXPECT_EQ(o.size(), 1u);
}

TEST(overlay, a_flush_takes_each_key_once_with_its_last_value_in_key_order) {
  overlay o;
  o.apply(put("b", "1"), 1);
  o.apply(put("a", "2"), 2);
  o.apply(put("b", "3"), 3);
  o.apply(removal("c"), 4);
  auto flushed = o.begin_flush();
  ASSERT_EQ(flushed.size(), 3u);
  EXPECT_EQ(flushed[0].key(), "a");
  EXPECT_EQ(flushed[1].item(), "3");
  EXPECT_TRUE(flushed[2].remove());
  EXPECT_EQ(o.applied("b")->item, "3") << "still here until the store has it";
  o.end_flush(true);
  EXPECT_EQ(o.size(), 0u);
  EXPECT_EQ(o.bytes(), 0u);
}

TEST(overlay, what_is_written_during_a_flush_stays_and_goes_with_the_next) {
  overlay o;
  o.apply(put("k", "1"), 1);
  o.begin_flush();
  o.apply(put("k", "2"), 2);
  o.end_flush(true);
  ASSERT_NE(o.applied("k"), nullptr);
  EXPECT_EQ(o.applied("k")->item, "2");
  auto next = o.begin_flush();
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].item(), "2");
}

TEST(overlay, a_flush_that_failed_is_taken_again) {
  overlay o;
  o.apply(put("k", "1"), 1);
  o.begin_flush();
  o.end_flush(false);
  EXPECT_TRUE(o.dirty());
  auto again = o.begin_flush();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].item(), "1");
}

TEST(overlay, a_proposal_survives_the_flush_of_the_value_below_it) {
  overlay o;
  o.apply(put("k", "1"), 1);
  o.propose(put("k", "2"), 2);
  o.begin_flush();
  o.end_flush(true);
  EXPECT_EQ(o.applied("k"), nullptr) << "the store has it";
  ASSERT_NE(o.newest("k"), nullptr);
  EXPECT_EQ(o.newest("k")->item, "2");
}

TEST(overlay, walks_a_range_in_both_directions) {
  overlay o;
  for (auto k : {"a", "b", "c", "d"})
    o.apply(put(k, k), 1);
  o.propose(put("bb", "proposed"), 2);
  using list = std::vector<std::string>;
  EXPECT_EQ(keys(o, "b", "d", false), (list{"b", "c"}));
  EXPECT_EQ(keys(o, "b", "d", true), (list{"c", "b"}));
  EXPECT_EQ(keys(o, "c", "", false), (list{"c", "d"}));
  EXPECT_EQ(keys(o, "d", "b", false), (list{}));
}

// Against a plain map that is the store and the truth, over many random steps.
TEST(overlay, overlay_and_store_together_are_always_the_whole_state) {
  std::mt19937 random(1);
  overlay o;
  std::map<std::string, std::string> truth, store;
  std::vector<msg::Effect> under_way;
  std::uint64_t index = 0;
  for (int step = 0; step < 20'000; ++step) {
    auto key = "k" + std::to_string(random() % 20);
    switch (random() % 6) {
    case 0:
      if (!o.flushing())
        under_way = o.begin_flush();
      break;
    case 1:
      if (o.flushing()) {
        auto written = random() % 4 != 0;
        if (written)
          for (auto& e : under_way)
            e.remove() ? static_cast<void>(store.erase(e.key()))
                       : static_cast<void>(store[e.key()] = e.item());
        o.end_flush(written);
      }
      break;
    case 2:
      o.apply(removal(key), ++index);
      truth.erase(key);
      break;
    default:
      o.apply(put(key, std::to_string(step)), ++index);
      truth[key] = std::to_string(step);
    }
    auto v = o.applied(key);
    std::optional<std::string> seen;
    if (v && !v->removed)
      seen = v->item;
    else if (!v && store.count(key) > 0)
      seen = store[key];
    auto expected = truth.count(key) > 0 ? std::optional(truth[key]) : std::nullopt;
    ASSERT_EQ(seen, expected) << "step " << step;
  }
}

// Entries of the overlay's items, in the order of an index by the number "at".

std::shared_ptr<const item::local_indexes> by_at() {
  msg::LocalIndexes made;
  made.mutable_keys()->mutable_partition()->set_name("p");
  made.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_N);
  made.mutable_keys()->mutable_sort()->set_name("s");
  made.mutable_keys()->mutable_sort()->set_type(msg::KEY_TYPE_N);
  auto& index = *made.add_indexes();
  index.mutable_sort()->set_name("at");
  index.mutable_sort()->set_type(msg::KEY_TYPE_N);
  return item::local_indexes::make(made);
}

// An item (p 1, s `sort`), at `at` unless that is empty.
msg::Effect put_at(int sort, const std::string& at) {
  msg::AttributeMap map;
  auto add = [&](const char* name, const std::string& number) {
    auto& one = *map.add_attributes();
    one.set_name(name);
    one.mutable_value()->set_n(number);
  };
  if (!at.empty())
    add("at", at);
  add("p", "1");
  add("s", std::to_string(sort));
  msg::KeySchema schema;
  schema.mutable_partition()->set_name("p");
  schema.mutable_partition()->set_type(msg::KEY_TYPE_N);
  schema.mutable_sort()->set_name("s");
  schema.mutable_sort()->set_type(msg::KEY_TYPE_N);
  auto key = item::encode_key(schema, map);
  EXPECT_TRUE(key);
  return put(*key, map.SerializeAsString());
}

// The numbers of the entries' items, in walking order.
std::string entries(const overlay& o, bool backward = false) {
  std::string out;
  o.walk_entries(1, "", "", backward, [&](const std::string&, const overlay::version& v) {
    msg::AttributeMap map;
    EXPECT_TRUE(map.ParseFromString(v.item));
    out += map.attributes(map.attributes_size() - 1).value().n();
    return true;
  });
  return out;
}

TEST(overlay, walks_the_entries_of_what_is_applied_in_their_own_order) {
  overlay o;
  o.keep_entries(by_at());
  o.apply(put_at(1, "30"), 1);
  o.apply(put_at(2, "10"), 2);
  o.apply(put_at(3, ""), 3);
  o.propose(put_at(4, "1"), 4);
  EXPECT_EQ(entries(o), "21");
  EXPECT_EQ(entries(o, true), "12");
  o.apply(put_at(1, "5"), 5);
  EXPECT_EQ(entries(o), "12") << "an entry moves with its item";
  o.apply(removal(put_at(2, "").key()), 6);
  EXPECT_EQ(entries(o), "1");
  o.apply(put_at(1, ""), 7);
  EXPECT_EQ(entries(o), "");
}

TEST(overlay, keeps_entries_as_long_as_their_items) {
  overlay o;
  o.keep_entries(by_at());
  o.apply(put_at(1, "1"), 1);
  o.apply(put_at(2, "2"), 2);
  o.begin_flush();
  o.apply(put_at(2, "3"), 3);
  EXPECT_EQ(entries(o), "12");
  o.end_flush(true);
  EXPECT_EQ(entries(o), "2") << "the first is the store's now, the second was written again meanwhile";
  o.begin_flush();
  o.end_flush(false);
  EXPECT_EQ(entries(o), "2");
  o.clear();
  EXPECT_EQ(entries(o), "");
}

// One flush may be taken while another is under way: a mark needs the items at an index of its own.
TEST(overlay, a_second_flush_takes_what_came_after_the_first) {
  overlay o;
  o.apply(put("a", "1"), 1);
  o.apply(put("b", "1"), 2);
  ASSERT_EQ(o.begin_flush().size(), 2u);
  o.apply(put("b", "2"), 3);
  o.apply(put("c", "2"), 4);
  auto second = o.begin_flush();
  ASSERT_EQ(second.size(), 2u);
  EXPECT_TRUE(o.next_taken());
  o.apply(put("c", "3"), 5);
  o.end_flush(true);
  EXPECT_TRUE(o.flushing()) << "the second one goes on";
  EXPECT_FALSE(o.next_taken());
  EXPECT_EQ(o.applied("a"), nullptr) << "the file has it";
  ASSERT_NE(o.applied("b"), nullptr) << "the file has an older one";
  EXPECT_EQ(o.applied("b")->item, "2");
  o.end_flush(true);
  EXPECT_FALSE(o.flushing());
  EXPECT_EQ(o.applied("b"), nullptr);
  ASSERT_NE(o.applied("c"), nullptr);
  auto third = o.begin_flush();
  ASSERT_EQ(third.size(), 1u);
  EXPECT_EQ(third[0].item(), "3");
  o.end_flush(true);
  EXPECT_EQ(o.bytes(), 0u);
  EXPECT_EQ(o.size(), 0u);
}

TEST(overlay, a_first_flush_that_fails_gives_the_second_back_with_it) {
  overlay o;
  o.apply(put("a", "1"), 1);
  o.apply(put("b", "1"), 2);
  o.begin_flush();
  o.apply(put("b", "22"), 3);
  o.apply(put("c", "2"), 4);
  o.begin_flush();
  o.end_flush(false);
  EXPECT_FALSE(o.flushing());
  EXPECT_EQ(o.dirty_bytes(), o.bytes() + 3) << "each once, with its key";
  auto all = o.begin_flush();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].item(), "22");
  o.end_flush(true);
  EXPECT_EQ(o.size(), 0u);
}

} // namespace
} // namespace troupe::replica
