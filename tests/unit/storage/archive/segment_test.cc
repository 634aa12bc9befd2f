#include "storage/archive/segment.h"
#include "storage/bytes.h"
#include "tests/unit/storage/fixtures.h"
#include <gtest/gtest.h>
#include <random>

namespace troupe::testing {

using storage::code;
using storage::read_segment;
using storage::write_segment;

namespace {

msg::SegmentManifest about() {
  msg::SegmentManifest manifest;
  manifest.set_cluster("town");
  manifest.set_cluster_id(77);
  manifest.set_table_id(5);
  manifest.set_table("people");
  manifest.set_group(12);
  manifest.set_from("a");
  manifest.set_to("m");
  return manifest;
}

std::string command(std::int64_t time_ms, const std::string& item) {
  msg::Command command;
  command.set_time_ms(time_ms);
  auto& effect = *command.add_effects();
  effect.set_key("key");
  effect.set_item(item);
  return command.SerializeAsString();
}

std::vector<msg::Entry> some_entries(std::size_t count, std::uint64_t after = 40, std::uint64_t round = 3) {
  chain log(12, after, 999);
  std::vector<msg::Entry> list;
  for (std::size_t i = 0; i < count; ++i)
    list.push_back(
        *log.next(command(1000 + static_cast<std::int64_t>(i), "item " + std::to_string(i)), round));
  return list;
}

} // namespace

TEST(Segment, GivesBackItsEntriesAndSaysWhatItHolds) {
  auto list = some_entries(100);
  auto bytes = write_segment(about(), list);
  ASSERT_TRUE(bytes) << bytes.error().text;
  auto found = read_segment(*bytes, "here");
  ASSERT_TRUE(found) << found.error().text;
  auto& m = found->manifest;
  EXPECT_EQ(m.cluster(), "town");
  EXPECT_EQ(m.table(), "people");
  EXPECT_EQ(m.from() + m.to(), "am");
  EXPECT_EQ(m.first(), 41u);
  EXPECT_EQ(m.last(), 140u);
  EXPECT_EQ(m.first_time_ms(), 1000);
  EXPECT_EQ(m.last_time_ms(), 1099);
  EXPECT_EQ(m.previous_link(), 999u);
  EXPECT_EQ(m.last_link(), list.back().link());
  ASSERT_EQ(found->entries.size(), list.size());
  std::uint64_t content = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    content += storage::segment_content_bytes(list[i]);
    auto without_ballot = list[i];
    without_ballot.clear_ballot();
    EXPECT_EQ(found->entries[i].SerializeAsString(), without_ballot.SerializeAsString()) << i;
  }
  EXPECT_EQ(m.content_bytes(), content);
}

TEST(Segment, IsTheSameWhicheverBallotsItsEntriesHad) {
  EXPECT_EQ(*write_segment(about(), some_entries(50, 40, 3)),
            *write_segment(about(), some_entries(50, 40, 9)));
}

TEST(Segment, HoldsEveryKindOfEntryAndLargeOnes) {
  std::vector<msg::Entry> list;
  std::uint64_t link = 0;
  auto add = [&](msg::Entry::Kind kind, const std::string& payload) {
    auto& entry = list.emplace_back();
    entry.set_index(list.size());
    entry.set_kind(kind);
    entry.set_payload(payload);
    entry.set_previous_link(link);
    entry.set_link(link = entry_link(12, entry, link));
  };
  add(msg::Entry::NOOP, "");
  msg::Configuration configuration;
  configuration.set_epoch(2);
  add(msg::Entry::CONFIGURATION, configuration.SerializeAsString());
  add(msg::Entry::COMMAND, command(5, std::string(2 << 20, 'x')));
  add(msg::Entry::NOOP, "");
  auto found = read_segment(*write_segment(about(), list), "here");
  ASSERT_TRUE(found) << found.error().text;
  ASSERT_EQ(found->entries.size(), 4u);
  EXPECT_EQ(found->entries[1].kind(), msg::Entry::CONFIGURATION);
  EXPECT_EQ(found->entries[2].payload(), list[2].payload());
  EXPECT_EQ(found->manifest.first_time_ms(), 5);
  EXPECT_EQ(found->manifest.last_time_ms(), 5);
}

// No upload of a log that is not one.
TEST(Segment, IsNotMadeOfEntriesThatDoNotBelongTogether) {
  auto holed = some_entries(10);
  holed.erase(holed.begin() + 4);
  EXPECT_EQ(write_segment(about(), holed).error().code, code::corrupt);
  auto changed = some_entries(10);
  changed[3].set_payload(command(7, "another"));
  EXPECT_EQ(write_segment(about(), changed).error().code, code::corrupt);
  auto unchained = some_entries(10);
  chain elsewhere(12, 45, 1234);
  unchained[5] = *elsewhere.next(command(7, "another"));
  EXPECT_EQ(write_segment(about(), unchained).error().code, code::corrupt);
  auto stranger = about();
  stranger.set_group(13);
  EXPECT_EQ(write_segment(stranger, some_entries(10)).error().code, code::corrupt);
}

TEST(Segment, EveryFlippedByteIsFound) {
  auto bytes = *write_segment(about(), some_entries(30));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (int bit : {0, 3, 7}) {
      auto flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      auto found = read_segment(flipped, "here");
      ASSERT_FALSE(found) << "byte " << i << " bit " << bit;
      EXPECT_EQ(found.error().code, code::corrupt) << found.error().text;
    }
}

TEST(Segment, EveryPartOfOneIsFound) {
  auto bytes = *write_segment(about(), some_entries(30));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_segment(bytes.substr(0, size), "here")) << size;
    EXPECT_FALSE(read_segment(bytes.substr(bytes.size() - size), "here")) << size;
  }
  EXPECT_FALSE(read_segment(bytes + "x", "here"));
  EXPECT_FALSE(read_segment(bytes + bytes, "here"));
}

// Whoever writes checksums that fit can still not make the reader believe lengths that do not.
TEST(Segment, LengthsThatMakeNoSenseAreFound) {
  auto bytes = *write_segment(about(), some_entries(30));
  std::mt19937_64 dice(7);
  for (int i = 0; i < 2000; ++i) {
    storage::byte_reader reader(std::string_view(bytes).substr(8));
    msg::SegmentManifest manifest;
    ASSERT_TRUE(manifest.ParseFromString(std::string(reader.bytes(reader.u32()))));
    (void)reader.u64();
    auto any = [&] { return dice() >> (dice() % 64); };
    switch (dice() % 5) {
    case 0:
      manifest.set_last(any());
      break;
    case 1:
      manifest.set_content_bytes(any());
      break;
    case 2:
      manifest.set_stored_bytes(any());
      break;
    case 3:
      manifest.set_first(any());
      break;
    default:
      manifest.set_group(any());
    }
    auto head = manifest.SerializeAsString();
    std::string forged = bytes.substr(0, 8);
    storage::append_u32(forged, static_cast<std::uint32_t>(head.size()));
    forged += head;
    storage::append_u64(forged, XXH3_64bits(forged.data(), forged.size()));
    forged += reader.rest().substr(0, reader.rest().size() - 16);
    storage::append_u64(forged, XXH3_64bits(forged.data(), forged.size()));
    forged += "TROUPEND";
    if (auto found = read_segment(forged, "here")) {
      EXPECT_EQ(forged, bytes); // the dice gave what had been there
    }
  }
}

TEST(Segment, AnotherVersionIsRefused) {
  auto bytes = *write_segment(about(), some_entries(3));
  storage::byte_reader reader(std::string_view(bytes).substr(8));
  msg::SegmentManifest manifest;
  ASSERT_TRUE(manifest.ParseFromString(std::string(reader.bytes(reader.u32()))));
  manifest.set_version(2);
  (void)reader.u64();
  auto head = manifest.SerializeAsString();
  std::string newer = bytes.substr(0, 8);
  storage::append_u32(newer, static_cast<std::uint32_t>(head.size()));
  newer += head;
  storage::append_u64(newer, XXH3_64bits(newer.data(), newer.size()));
  newer += reader.rest();
  EXPECT_EQ(read_segment(newer, "here").error().code, code::refused);
}

} // namespace troupe::testing
