// The archive with real nodes under load: what is in it, what logs let go because of it, and what happens
// when it is away or damaged.
#include "actors/client/values.h"
#include "tests/cluster/archive_story.h"
#include <fstream>

namespace troupe::cluster_test {
namespace {

TEST_F(Archive, SegmentsAppearAndLogsAreCutOnlyBehindThemWhoeverDies) {
  begin(heavy());
  auto group = nodes->group_of_table("registers");
  auto cut = [&] { return every_member(group, [](auto& r) { return r.first_index() > 1; }); };
  ASSERT_TRUE(eventually(milliseconds(180'000), cut)) << "no log is ever cut";
  check_cuts(group);
  auto lost = leader();
  auto killed = steady_us();
  nodes->kill(lost);
  EXPECT_LT(write_gap_ms(killed), 3'000);
  auto before = end_of_archive(group);
  EXPECT_TRUE(eventually(milliseconds(30'000), [&] { return end_of_archive(group) > before; }))
      << "the next leader archives on";
  check_cuts(group);
  nodes->start(lost);
  progress();
  judge();
  // In the end everything is there, of the metadata too.
  for (auto g : {group, metadata_group}) {
    EXPECT_TRUE(eventually(milliseconds(30'000), [&] {
      return every_member(
          g, [](auto& r) { return r.archive().behind_bytes() == 0 && r.archive().archived() > 0; });
    })) << g;
    EXPECT_TRUE(every_member(g, [](auto& r) { return r.archive().alarm().empty(); })) << g;
    check_cuts(g);
  }
}

TEST_F(Archive, WhileItIsAwayWritesGoOnUntilTooMuchIsNotInItAndAgainWhenItIsBack) {
  begin(heavy(), 1);
  auto group = nodes->group_of_table("registers");
  ASSERT_TRUE(eventually(milliseconds(30'000), [&] { return end_of_archive(group) > 0; }));
  fs::rename(directory / ".troupe-archive", directory / "unmounted");
  ASSERT_TRUE(eventually(milliseconds(30'000), [&] {
    auto seen = members(group)[leader()];
    return seen.archive().alarm().find("is it mounted") != std::string::npos;
  })) << members(group)[leader()].ShortDebugString();
  auto impatient = nodes->connect([](client::options& o) { o.timeout = milliseconds(1'000); });
  client::put_item put;
  put.table = "registers";
  put.item = client::make_item({{"id", client::s("other")}});
  msg::Code said = msg::OK;
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] {
    said = impatient->call(put).status.code();
    return said != msg::OK;
  })) << "writes are never refused";
  EXPECT_EQ(said, msg::OVERLOADED) << impatient->call(put).status.message();
  client::get_item get;
  get.table = "registers";
  get.key = put.item;
  EXPECT_TRUE(impatient->call(get).ok()) << "reads go on";
  auto kept = members(group)[leader()];
  EXPECT_TRUE(kept.archive().refusing());
  EXPECT_LE(kept.first_index(), kept.archive().may_cut() + 1);
  fs::rename(directory / "unmounted", directory / ".troupe-archive");
  EXPECT_TRUE(eventually(milliseconds(90'000), [&] { return impatient->call(put).ok(); }))
      << "and are taken again";
  progress();
  clients->stop(); // whether it keeps up with them is the disk's affair
  EXPECT_TRUE(eventually(milliseconds(90'000), [&] {
    return every_member(group, [](auto& r) { return r.archive().alarm().empty(); });
  })) << members(group)[leader()].ShortDebugString();
  check_cuts(group);
  judge();
}

class ArchiveWithLongLogs : public Archive {
protected:
  ArchiveWithLongLogs() { retention = 64 << 20; }
};

TEST_F(ArchiveWithLongLogs, ADamagedSegmentGetsASecondCopyWhileTheLogsHoldIt) {
  begin(heavy(), 1);
  auto group = nodes->group_of_table("registers");
  ASSERT_TRUE(eventually(milliseconds(30'000), [&] { return end_of_archive(group) > 200; }));
  clients->stop();
  auto place = place_of(group);
  ASSERT_TRUE(place);
  for (auto& name : nodes->names())
    nodes->stop(name);
  auto folder = archive::folder_of(*place);
  auto page = store()->list(folder, "", 1);
  ASSERT_TRUE(page && page->objects.size() == 1);
  auto first = archive::read_segment_name(folder, page->objects[0].name);
  ASSERT_TRUE(first);
  {
    std::fstream file(directory / page->objects[0].name, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file.good());
    file.seekp(static_cast<std::streamoff>(page->objects[0].bytes / 2));
    auto byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(page->objects[0].bytes / 2));
    file.put(static_cast<char>(byte ^ 1));
  }
  nodes->start_all();
  nodes->wait_ready();
  auto second = archive::segment_name(folder, {first->first, first->last, 1});
  auto mended = [&] { return fs::exists(directory / second); };
  // Another piece that begins there and ends elsewhere does as well.
  auto replaced = [&] {
    auto all = store()->list(folder, "", storage::object_page_max);
    unsigned sound = 0;
    for (auto& object : all->objects) {
      auto segment = archive::read_segment_name(folder, object.name);
      sound += segment && segment->first == first->first && object.name != page->objects[0].name;
    }
    return mended() || sound > 0;
  };
  ASSERT_TRUE(eventually(milliseconds(60'000), replaced));
  EXPECT_TRUE(eventually(milliseconds(60'000), [&] {
    return every_member(
        group, [](auto& r) { return r.archive().behind_bytes() == 0 && r.archive().archived() > 0; });
  }));
  read_up_to.clear();
  EXPECT_GT(end_of_archive(group), 200u);
  EXPECT_TRUE(fs::exists(directory / page->objects[0].name)) << "it stays for inspection";
}

} // namespace
} // namespace troupe::cluster_test
