// The commands that look at an archive without its cluster: what they print, and what they return.
#include "actors/core/archive/names.h"
#include "storage/archive/open.h"
#include "storage/archive/segment.h"
#include "tests/unit/host/commands/command_line.h"
#include "tests/unit/storage/fixtures.h"

namespace troupe::commands {

struct ArchiveCommand : CommandLine {
  ArchiveCommand() {
    std::string text = "cluster: town\nzones: [a, b, c]\nnodes:\n";
    for (const char* n : {"1", "2", "3"})
      text += std::string("  - {name: n") + n + ", zone: " + static_cast<char>('a' + (*n - '1')) +
              ", port: 710" + n + ", data: n" + n + "}\n";
    testing::write_bytes(file, text + "archive: {directory: archive}\n");
    testing::write_bytes(bare, text);
  }

  // Entries 1 to `last` of group 7, in one segment behind `first`.
  void put(std::uint64_t first, std::uint64_t last) {
    config::archive_settings where;
    where.directory = dir.file("archive");
    auto store = storage::open_archive(where, storage::archive_use::as_it_is);
    ASSERT_TRUE(store);
    testing::chain log(7);
    std::vector<msg::Entry> entries;
    for (auto i = log.last() + 1; i <= last; ++i) {
      msg::Command command;
      command.set_time_ms(1'772'323'200'000);
      auto entry = log.next(command.SerializeAsString());
      if (i >= first)
        entries.push_back(*entry);
    }
    msg::SegmentManifest about;
    about.set_cluster_id(1);
    about.set_table_id(2);
    about.set_table("people");
    about.set_group(7);
    auto bytes = storage::write_segment(about, entries);
    ASSERT_TRUE(bytes);
    ASSERT_TRUE(
        (*store)->put(archive::segment_name(archive::folder_of({1, 2, 7}), {first, last, 0}), *bytes));
  }

  testing::temporary_directory dir;
  std::string file = dir.file("town.yaml");
  std::string bare = dir.file("bare.yaml");
};

TEST_F(ArchiveCommand, AnArchiveThatIsNotThereIsMadeByInitAlone) {
  EXPECT_EQ(run({"archive", "list", file}), exit_code::unavailable);
  EXPECT_NE(err.str().find("no archive is there"), std::string::npos) << err.str();
  EXPECT_EQ(run({"archive", "init", file}), exit_code::ok);
  EXPECT_NE(out.str().find(dir.file("archive")), std::string::npos) << out.str();
  EXPECT_EQ(run({"archive", "list", file}), exit_code::ok);
  EXPECT_NE(err.str().find("nothing is archived"), std::string::npos) << err.str();
}

TEST_F(ArchiveCommand, AClusterFileWithoutAnArchiveIsToldSo) {
  EXPECT_EQ(run({"archive", "verify", bare}), exit_code::usage);
  EXPECT_NE(err.str().find("names no archive"), std::string::npos) << err.str();
  EXPECT_EQ(run({"archive", "verify", dir.file("none.yaml")}), exit_code::usage);
}

TEST_F(ArchiveCommand, VerifySaysWhatIsWholeAndReturnsIt) {
  ASSERT_EQ(run({"archive", "init", file}), exit_code::ok);
  put(1, 10);
  put(11, 30);
  EXPECT_EQ(run({"archive", "verify", file}), exit_code::ok);
  EXPECT_NE(out.str().find("people          7         2      1    30         -"), std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find("2026-03-01T00:00:00Z        0  whole\n"), std::string::npos) << out.str();
  put(41, 50);
  EXPECT_EQ(run({"archive", "verify", file}), exit_code::failed);
  EXPECT_NE(out.str().find("not whole"), std::string::npos);
  EXPECT_NE(out.str().find("partition 7: entries 31 to 40 are in no sound segment"), std::string::npos)
      << out.str();
  EXPECT_EQ(run({"archive", "list", file, "--table", "people"}), exit_code::ok) << "it only lists";
  EXPECT_NE(out.str().find("not whole"), std::string::npos);
  EXPECT_EQ(run({"archive", "verify", file, "--group", "8", "--json"}), exit_code::ok);
  EXPECT_NE(out.str().find("\"partitions\": []"), std::string::npos) << out.str();
  EXPECT_EQ(run({"archive", "verify", file, "--json"}), exit_code::failed);
  EXPECT_NE(out.str().find("\"whole\": false"), std::string::npos) << out.str();
}

} // namespace troupe::commands
