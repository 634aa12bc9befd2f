// What is known to be missing in the archive is never passed over: neither by an export, nor by a restore.
#include "actors/host/commands/archive_wait.h"
#include "actors/host/commands/command.h"
#include "actors/host/commands/past.h"
#include "tests/unit/host/commands/archived_table.h"
#include "tests/unit/host/commands/command_line.h"

namespace troupe::commands {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t cluster_id = 1;
constexpr std::uint64_t table_id = 2;
constexpr std::int64_t noon = 1'772'323'200'000;
const std::string middle = "m";

struct Past : CommandLine {
  Past() {
    std::string text = "cluster: town\nzones: [a, b, c]\nnodes:\n";
    for (const char* n : {"1", "2", "3"})
      text += std::string("  - {name: n") + n + ", zone: " + static_cast<char>('a' + (*n - '1')) +
              ", port: 710" + n + ", data: n" + n + "}\n";
    testing::write_bytes(file, text + "archive: {directory: archive}\n");
    where.directory = dir.file("archive");
    low.write("anna", noon);
    low.write("bert", noon + 1000);
    low.write("carl", noon + 2000);
    high.write("rosa", noon);
    high.write("susi", noon + 1000);
  }
  void archive_all() {
    low.archive(where, 1, 2);
    low.archive(where, 3, 3);
    high.archive(where, 1, 2);
  }
  std::string object(const archived_partition& whose, std::uint64_t first, std::uint64_t last) const {
    return dir.file("archive/" + whose.name(first, last));
  }
  int exported(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"archive", "export", file, "--table", "people"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  std::size_t lines() const {
    auto text = out.str();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  testing::temporary_directory dir;
  std::string file = dir.file("town.yaml");
  config::archive_settings where;
  archived_partition low{{cluster_id, table_id, 7}, "", middle};
  archived_partition high{{cluster_id, table_id, 8}, middle, ""};
};

TEST_F(Past, AnExportOfAllThereIs) {
  archive_all();
  EXPECT_EQ(exported(), exit_code::ok) << err.str();
  EXPECT_EQ(lines(), 5u);
  EXPECT_EQ(exported({"--at", "1772323201"}), exit_code::ok) << err.str();
  EXPECT_EQ(lines(), 4u);
}

TEST_F(Past, AnExportWithoutOneOfThePartitionsFails) {
  archive_all();
  std::filesystem::remove_all(dir.file("archive/" + archive::folder_of({cluster_id, table_id, 8})));
  EXPECT_EQ(exported(), exit_code::failed);
  EXPECT_EQ(lines(), 3u) << "what there is, it prints";
  EXPECT_NE(err.str().find("no partition of the keys from 6d to the last"), std::string::npos) << err.str();
  high.archive(where, 1, 2);
  std::filesystem::remove_all(dir.file("archive/" + archive::folder_of({cluster_id, table_id, 7})));
  EXPECT_EQ(exported(), exit_code::failed);
  EXPECT_NE(err.str().find("from the first to 6d"), std::string::npos) << err.str();
}

// The name stands in every segment: that the newest cannot be read takes nothing away from the others.
TEST_F(Past, ATableIsFoundThoughTheNewestSegmentOfItsFirstPartitionIsDamaged) {
  archive_all();
  testing::flip_byte(object(low, 3, 3), 30);
  EXPECT_EQ(exported(), exit_code::failed);
  EXPECT_NE(err.str().find("entry 3 of group 7 cannot be read"), std::string::npos) << err.str();
  EXPECT_EQ(exported({"--at", "1772323200"}), exit_code::ok) << err.str();
  testing::flip_byte(object(low, 1, 2), 30);
  testing::flip_byte(object(high, 1, 2), 30);
  EXPECT_EQ(exported(), exit_code::not_found);
  testing::flip_byte(object(low, 1, 2), 30);
  EXPECT_EQ(run({"archive", "export", file, "--id", "0000000000000002", "--at", "1772323200"}),
            exit_code::failed)
      << "it is found, and of the other partition nothing can be read";
  EXPECT_NE(err.str().find("entry 1 of group 8 cannot be read"), std::string::npos) << err.str();
  EXPECT_EQ(run({"archive", "export", file}), exit_code::usage);
}

// A listing that is older than what is known to be there ends early, and looks like an archive that does.
TEST_F(Past, WhatIsKnownToBeThereMustBeRead) {
  archive_all();
  auto store = storage::open_archive(where, storage::archive_use::as_it_is);
  ASSERT_TRUE(store);
  auto read = [&](std::uint64_t last, std::int64_t time_ms, std::int64_t now_ms = noon + 10'000) {
    past_wish wish{{cluster_id, table_id, 7}, time_ms, last, dir.path()};
    return read_past(**store, wish, now_ms, [](const msg::AttributeMap&) { return std::string(); });
  };
  EXPECT_EQ(read(3, 0)->items, 3u);
  EXPECT_EQ(read(4, 0).error().code, storage::code::missing);
  EXPECT_EQ(read(4, noon + 2000).error().code, storage::code::missing) << "entry 4 may be of that time";
  EXPECT_EQ(read(4, noon + 1000)->items, 2u) << "entry 3 is younger, so nothing older can be missing";
  auto tables = past_tables(**store);
  ASSERT_TRUE(tables);
  ASSERT_EQ(tables->size(), 1u);
  EXPECT_EQ(tables->front().find(7)->last, 3u);
  EXPECT_EQ(tables->front().find(7)->last_time_ms, noon + 2000);
  EXPECT_EQ(tables->front().find(9), nullptr);
}

// Commands that bear a time that has not come yet were written at some time that nobody knows.
TEST_F(Past, WhatAClockThatRanAheadHasStampedIsNotTakenForTheFuture) {
  archive_all();
  auto store = storage::open_archive(where, storage::archive_use::as_it_is);
  ASSERT_TRUE(store);
  past_wish wish{{cluster_id, table_id, 7}, noon, 3, dir.path()};
  auto none = [](const msg::AttributeMap&) { return std::string(); };
  EXPECT_EQ(read_past(**store, wish, noon - 10'000, none).error().code, storage::code::refused);
  EXPECT_EQ(read_past(**store, wish, noon + 1000, none)->items, 1u);
}

// --- what a restore waits for

struct Wait : ::testing::Test {
  msg::AdminReply says(std::uint64_t commit, std::uint64_t archived, std::uint64_t heard, std::uint64_t bytes,
                       bool serving = true) {
    msg::AdminReply reply;
    auto& node = *reply.add_nodes();
    node.set_node("n1");
    node.set_heard_ms_ago(10);
    auto& replica = *node.add_replicas();
    replica.set_group(7);
    replica.set_leads(true);
    replica.set_serving(serving);
    replica.set_commit(commit);
    replica.mutable_archive()->set_archived(archived);
    replica.mutable_archive()->set_heard(heard);
    replica.mutable_archive()->set_behind_bytes(bytes);
    return reply;
  }
  archive_wait wait{{7}};
};

TEST_F(Wait, ForWhatWasCommittedWhenTheNewsWereNew) {
  wait.look(says(1000, 1000, 1000, 0), 1s);
  EXPECT_FALSE(wait.done()) << "that may be ten seconds old";
  wait.look(says(1005, 1000, 1005, 50), 12s);
  EXPECT_FALSE(wait.done());
  EXPECT_NE(wait.behind().find("partition 7: its log is archived up to entry 1000"), std::string::npos)
      << wait.behind();
  wait.look(says(2000, 1010, 2000, 5000), 13s);
  EXPECT_TRUE(wait.done()) << "what came later is not waited for";
  EXPECT_EQ(wait.reaches(7), 1005u);
}

// An archiver that was not told yet of what was written last has nothing behind it either.
TEST_F(Wait, AnArchiverThatHasNotHeardKnowsNothing) {
  wait.look(says(1005, 1000, 1000, 0), 12s);
  EXPECT_FALSE(wait.done());
  wait.look(says(1005, 1000, 1005, 0), 13s);
  EXPECT_TRUE(wait.done()) << "behind 1000 there are no-ops";
  EXPECT_EQ(wait.reaches(7), 1000u);
}

TEST_F(Wait, WhoHasNotSeenTheArchivesBeginningHasSeenNothing) {
  wait.look(says(1005, 0, 1005, 0), 12s);
  EXPECT_FALSE(wait.done());
  wait.look(says(1005, 1005, 1005, 0), 13s);
  EXPECT_TRUE(wait.done());
}

TEST_F(Wait, OnlyALeaderThatServesSpeaksForItsGroup) {
  wait.look(says(1000, 1000, 1000, 0, false), 12s);
  EXPECT_FALSE(wait.done());
  EXPECT_NE(wait.behind().find("has no leader"), std::string::npos) << wait.behind();
  wait.look(says(1005, 1005, 1005, 0), 13s);
  EXPECT_TRUE(wait.done());
}

TEST_F(Wait, ForNothingWhereTheArchiveGoesOnBehindTheTime) {
  wait.holds_younger(7);
  EXPECT_TRUE(wait.done());
  EXPECT_EQ(wait.reaches(7), 0u);
}

TEST_F(Wait, ForNothingOfAClusterWithoutAnArchive) {
  auto reply = says(1, 0, 0, 0);
  reply.mutable_nodes(0)->mutable_replicas(0)->clear_archive();
  wait.look(reply, 1s);
  EXPECT_TRUE(wait.nothing_is_archived());
}

} // namespace
} // namespace troupe::commands
