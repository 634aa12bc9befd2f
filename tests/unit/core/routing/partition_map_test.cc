#include "actors/core/routing/partition_map.h"
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

namespace troupe::routing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

msg::TableRecord* add_table(msg::MapReply& reply, const std::string& name, std::uint64_t id,
                            msg::TableState state = msg::TABLE_ACTIVE) {
  msg::TableRecord* table = reply.add_tables();
  table->set_name(name);
  table->set_id(id);
  table->set_state(state);
  return table;
}

void add_partition(msg::MapReply& reply, std::uint64_t table, std::uint64_t group, const std::string& from,
                   const std::string& to) {
  msg::PartitionRecord* one = reply.add_partitions();
  one->set_table_id(table);
  one->set_group(group);
  one->set_from(from);
  one->set_to(to);
}

// Table "books" in four partitions, listed in no order, and "cars" in one.
msg::MapReply two_tables() {
  msg::MapReply reply;
  reply.set_version(5);
  add_table(reply, "books", 1);
  add_table(reply, "cars", 2);
  add_partition(reply, 1, 12, "f", "m");
  add_partition(reply, 2, 20, "", "");
  add_partition(reply, 1, 13, "m", "t");
  add_partition(reply, 1, 11, "", "f");
  add_partition(reply, 1, 14, "t", "");
  return reply;
}

std::vector<std::uint64_t> groups(std::span<const msg::PartitionRecord* const> partitions) {
  std::vector<std::uint64_t> out;
  for (const auto* one : partitions)
    out.push_back(one->group());
  return out;
}

TEST(PartitionMap, AnEmptyMapKnowsNothing) {
  const partition_map map;
  EXPECT_EQ(map.version(), 0u);
  EXPECT_EQ(map.find("books"), nullptr);
  EXPECT_EQ(map.group(1), nullptr);
  EXPECT_TRUE(map.troubles().empty());
}

TEST(PartitionMap, AKeyIsLocatedByItsRange) {
  const partition_map map(two_tables());
  EXPECT_EQ(map.version(), 5u);
  EXPECT_TRUE(map.troubles().empty());
  const auto* books = map.find("books");
  ASSERT_NE(books, nullptr);
  const std::pair<const char*, std::uint64_t> cases[] = {{"", 11},  {"a", 11},   {"ezz", 11},
                                                         {"f", 12}, {"lzz", 12}, {"m", 13},
                                                         {"t", 14}, {"zzz", 14}, {"\xFF", 14}};
  for (const auto& [key, group] : cases)
    EXPECT_EQ(map.locate(*books, key)->group(), group) << key;
  EXPECT_EQ(map.locate(*map.find("cars"), "anything")->group(), 20u);
  EXPECT_EQ(map.find("boats"), nullptr);
  EXPECT_EQ(map.group(13)->from(), "m");
  EXPECT_EQ(map.group(99), nullptr);
}

TEST(PartitionMap, ARangeHasItsPartitionsInOrder) {
  const partition_map map(two_tables());
  const auto& books = *map.find("books");
  EXPECT_THAT(groups(map.partitions_of(books)), ElementsAre(11, 12, 13, 14));
  EXPECT_THAT(groups(map.partitions_in(books, "", "")), ElementsAre(11, 12, 13, 14));
  EXPECT_THAT(groups(map.partitions_in(books, "g", "h")), ElementsAre(12));
  EXPECT_THAT(groups(map.partitions_in(books, "g", "m")), ElementsAre(12)) << "the end is not in the range";
  EXPECT_THAT(groups(map.partitions_in(books, "g", std::string("m\0", 2))), ElementsAre(12, 13));
  EXPECT_THAT(groups(map.partitions_in(books, "f", "")), ElementsAre(12, 13, 14));
  EXPECT_THAT(groups(map.partitions_in(books, "x", "")), ElementsAre(14));
  EXPECT_THAT(groups(map.partitions_in(books, "g", "g")), ElementsAre());
  EXPECT_THAT(groups(map.partitions_in(books, "h", "g")), ElementsAre());
}

TEST(PartitionMap, ManyPartitionsAreFoundAsByLookingAtEachOne) {
  std::mt19937_64 roll(1);
  msg::MapReply reply;
  add_table(reply, "wide", 9);
  std::vector<std::string> edges{""};
  for (int i = 0; i < 300; ++i) {
    std::string edge;
    for (auto left = 1 + roll() % 3; left > 0; --left)
      edge += static_cast<char>(roll() % 256);
    edges.push_back(edge);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  for (std::size_t i = 0; i < edges.size(); ++i)
    add_partition(reply, 9, i + 1, edges[i], i + 1 < edges.size() ? edges[i + 1] : "");
  std::shuffle(reply.mutable_partitions()->pointer_begin(), reply.mutable_partitions()->pointer_end(), roll);
  const partition_map map(std::move(reply));
  ASSERT_TRUE(map.troubles().empty());
  const auto& table = *map.find("wide");
  const auto random_key = [&] {
    std::string key = edges[roll() % edges.size()];
    if (roll() % 2)
      key += static_cast<char>(roll() % 256);
    return key;
  };
  for (int round = 0; round < 5'000; ++round) {
    const std::string from = random_key(), to = roll() % 10 == 0 ? "" : random_key();
    std::vector<std::uint64_t> expected;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const bool starts_before = to.empty() || edges[i] < to;
      const bool ends_behind = i + 1 == edges.size() || edges[i + 1] > from;
      if (starts_before && ends_behind && (to.empty() || from < to))
        expected.push_back(i + 1);
    }
    ASSERT_EQ(groups(map.partitions_in(table, from, to)), expected);
    const auto* home = map.locate(table, from);
    ASSERT_TRUE(home != nullptr && home->from() <= from && (home->to().empty() || from < home->to()));
  }
}

// --- what must not happen, and does
// ------------------------------------------------------------------------------

std::string trouble_with(const std::vector<std::pair<std::string, std::string>>& ranges) {
  msg::MapReply reply;
  add_table(reply, "books", 1);
  add_table(reply, "cars", 2);
  add_partition(reply, 2, 99, "", "");
  for (std::size_t i = 0; i < ranges.size(); ++i)
    add_partition(reply, 1, i + 1, ranges[i].first, ranges[i].second);
  const partition_map map(std::move(reply));
  const auto& books = *map.find("books");
  EXPECT_EQ(map.locate(books, "g") == nullptr, !map.troubles().empty())
      << "nothing is guessed about such a table";
  EXPECT_EQ(map.partitions_of(books).empty(), !map.troubles().empty());
  EXPECT_EQ(map.locate(*map.find("cars"), "g")->group(), 99u) << "and the others are not disturbed";
  return map.troubles().empty() ? "" : map.troubles()[0];
}

TEST(PartitionMap, HolesAndOverlapsAreSeen) {
  EXPECT_EQ(trouble_with({{"", ""}}), "");
  EXPECT_EQ(trouble_with({{"", "g"}, {"g", ""}}), "");
  EXPECT_THAT(trouble_with({}), HasSubstr("books cannot be routed: there are no partitions"));
  EXPECT_THAT(trouble_with({{"a", ""}}), HasSubstr("nothing covers the keys below 61"));
  EXPECT_THAT(trouble_with({{"", "k"}}),
              HasSubstr("nothing covers the keys from 6b, where partition 1 ends"));
  EXPECT_THAT(trouble_with({{"", "f"}, {"h", ""}}), HasSubstr("nothing covers the keys from 66"));
  EXPECT_THAT(trouble_with({{"", "h"}, {"g", ""}}), HasSubstr("partition 1 and partition 2 overlap from 67"));
  EXPECT_THAT(trouble_with({{"", ""}, {"g", ""}}), HasSubstr("overlap"));
  EXPECT_THAT(trouble_with({{"", "g"}, {"", "g"}, {"g", ""}}), HasSubstr("overlap"));
  EXPECT_THAT(trouble_with({{"", "g"}, {"g", "g"}, {"g", ""}}),
              testing::AnyOf(HasSubstr("empty"), HasSubstr("overlap")));
}

TEST(PartitionMap, ATableComingOrGoingMayLackPartitions) {
  msg::MapReply reply;
  add_table(reply, "coming", 1, msg::TABLE_CREATING);
  add_table(reply, "going", 2, msg::TABLE_DELETING);
  add_partition(reply, 2, 7, "m", "");
  const partition_map map(std::move(reply));
  EXPECT_TRUE(map.troubles().empty());
  EXPECT_EQ(map.find("coming")->state(), msg::TABLE_CREATING);
  EXPECT_EQ(map.locate(*map.find("coming"), "a"), nullptr);
  EXPECT_EQ(map.locate(*map.find("going"), "z"), nullptr);
}

TEST(PartitionMap, DoublesAndStraysAreSeen) {
  auto reply = two_tables();
  add_table(reply, "books", 3);
  add_table(reply, "vans", 2);
  add_partition(reply, 77, 30, "", "");
  const partition_map map(std::move(reply));
  EXPECT_THAT(map.troubles(), ElementsAre("partition 30 belongs to a table that is not there, ",
                                          "two tables are named books; the one with the id 3 is left out",
                                          "two tables have the id 2; vans is left out"));
  EXPECT_EQ(map.find("books")->id(), 1u);
  EXPECT_EQ(map.locate(*map.find("books"), "g")->group(), 12u);
}

TEST(PartitionMap, ATableMadeAgainIsAnotherOne) {
  const partition_map old_map(two_tables());
  msg::MapReply reply;
  reply.set_version(6);
  add_table(reply, "books", 8);
  add_partition(reply, 8, 80, "", "");
  const partition_map new_map(std::move(reply));
  EXPECT_EQ(new_map.locate(*old_map.find("books"), "g"), nullptr) << "the old record is not of this map";
  EXPECT_EQ(new_map.locate(*new_map.find("books"), "g")->group(), 80u);
}

TEST(PartitionMap, OnlyANewerAnswerReplacesTheMap) {
  auto held = advance(nullptr, two_tables());
  ASSERT_NE(held, nullptr);
  const auto* first = held.get();
  const auto answered = [&](std::uint64_t version, bool unchanged, msg::Code code) {
    auto reply = two_tables();
    reply.set_version(version);
    reply.set_unchanged(unchanged);
    reply.mutable_status()->set_code(code);
    return advance(held, std::move(reply)).get();
  };
  EXPECT_EQ(answered(5, false, msg::OK), first);
  EXPECT_EQ(answered(4, false, msg::OK), first) << "an answer that was overtaken";
  EXPECT_EQ(answered(6, true, msg::OK), first);
  EXPECT_EQ(answered(6, false, msg::UNAVAILABLE), first);
  EXPECT_NE(answered(6, false, msg::OK), first);
}

} // namespace
} // namespace troupe::routing
