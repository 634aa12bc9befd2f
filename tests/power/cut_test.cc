// The layer and the cut by themselves: what was synced is always there afterwards, what was not may go, and
// does.
#include "storage/archive/directory_store.h"
#include "tests/power/cut.h"
#include "tests/power/journal.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::power {
namespace {

namespace fs = std::filesystem;

class PowerCut : public ::testing::Test {
protected:
  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "troupe-power-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
    data = root + "/n";
    side = data + ".power";
    begin();
  }
  void TearDown() override { fs::remove_all(root); }

  void begin() {
    fs::remove_all(data);
    fs::create_directories(data);
    fs::create_directories(side);
  }

  // The status that the story's process ended with. Files are below the data directory; "." is the directory.
  int tell(const std::string& story) {
    auto child = fork();
    if (child == 0) {
      setenv("LD_PRELOAD", POWER_LAYER, 1);
      setenv(data_variable, data.c_str(), 1);
      setenv(side_variable, side.c_str(), 1);
      setenv(lie_variable, (root + "/lie").c_str(), 1);
      if (chdir(data.c_str()) != 0)
        _exit(126);
      std::istringstream words(story);
      std::vector<std::string> list{"story"};
      for (std::string word; words >> word;)
        list.push_back(word);
      std::vector<char*> arguments;
      for (auto& word : list)
        arguments.push_back(word.data());
      arguments.push_back(nullptr);
      execv(POWER_STORY, arguments.data());
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }

  void killed(const std::string& story) {
    auto status = tell(story);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << story << " ended with " << status;
  }

  std::string read(const std::string& name) const {
    std::ifstream in(data + "/" + name, std::ios::binary);
    return in ? std::string(std::istreambuf_iterator<char>(in), {}) : "gone";
  }

  std::string root, data, side;
};

std::string letters(std::size_t count, char letter) {
  return std::string(count, letter);
}

TEST_F(PowerCut, WhatWasSyncedStaysAndTheRestGoes) {
  killed("write a 0 1000 x sync a sync . write a 500 1000 y");
  EXPECT_EQ(read("a"), letters(500, 'x') + letters(1000, 'y')) << "a process sees its own writes";
  auto report = cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), letters(1000, 'x'));
  EXPECT_EQ(report.writes, 1u);
  EXPECT_EQ(report.writes_lost, 1u);
  EXPECT_EQ(cut(side, 1, loss::everything).writes, 0u) << "what is lost is lost once";
}

TEST_F(PowerCut, AFileWhoseDirectoryWasNotSyncedGoesWithAllThatWasSyncedInIt) {
  killed("write a 0 10 x sync a");
  cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), "gone");
}

TEST_F(PowerCut, ARenameOrRemovalWithoutASyncOfItsDirectoryIsTakenBack) {
  killed("write a 0 10 x sync a write b 0 10 y sync b write c 0 5 z sync c sync . rename b a remove c");
  EXPECT_EQ(read("a"), letters(10, 'y'));
  auto report = cut(side, 1, loss::everything);
  EXPECT_EQ(report.entries_lost, 2u);
  EXPECT_EQ(read("a"), letters(10, 'x'));
  EXPECT_EQ(read("b"), letters(10, 'y'));
  EXPECT_EQ(read("c"), letters(5, 'z'));
}

TEST_F(PowerCut, ARenameWithASyncOfItsDirectoryStays) {
  killed("write a 0 10 x write b 0 10 y sync b rename b a sync .");
  cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), letters(10, 'y'));
  EXPECT_EQ(read("b"), "gone");
}

TEST_F(PowerCut, AFileCutShortIsLongAgain) {
  killed("write a 0 1000 x sync a sync . cut a 100 write a 100 10 y");
  cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), letters(1000, 'x'));
}

TEST_F(PowerCut, ASecondProcessGoesOnWithTheJournalOfTheFirst) {
  killed("write a 0 10 x sync a sync . write a 10 10 y");
  killed("write a 20 10 z");
  cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), letters(10, 'x'));
}

TEST_F(PowerCut, ASecondNameGoesUnlessItsDirectoryIsSynced) {
  killed("write a 0 10 x sync a sync . link a b");
  EXPECT_EQ(read("b"), letters(10, 'x'));
  cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), letters(10, 'x'));
  EXPECT_EQ(read("b"), "gone");
  killed("link a b remove a sync .");
  cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), "gone");
  EXPECT_EQ(read("b"), letters(10, 'x'));
}

// A node that finds an object in the archive may cut its log because of it. The node that put it there may
// have died before it made the object's name durable.
TEST_F(PowerCut, AnObjectThatANodeFoundInTheArchiveStays) {
  const std::string half_put =
      "write archive/.put 0 10 x sync archive/.put sync archive link archive/.put archive/t/p/o ";
  for (const auto& [finds, left] : std::vector<std::pair<std::string, std::string>>{
           {"", "gone"}, {"get archive t/p/o", letters(10, 'x')}, {"put archive t/p/o", letters(10, 'x')}}) {
    begin();
    ASSERT_TRUE(storage::directory_store::open(data + "/archive"));
    fs::create_directories(data + "/archive/t/p");
    killed(half_put + finds);
    cut(side, 1, loss::everything);
    EXPECT_EQ(read("archive/t/p/o"), left) << finds;
  }
}

// Over many seeds a disk does everything it may do to two unsynced writes, and nothing else.
TEST_F(PowerCut, AnyOfTheWritesMaySurviveTornAtSectors) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    begin();
    killed("write a 0 1536 x sync a sync . write a 256 512 y write a 1024 512 z");
    cut(side, seed);
    auto left = read("a");
    ASSERT_EQ(left.size(), 1536u);
    EXPECT_EQ(left.substr(0, 256), letters(256, 'x'));
    EXPECT_EQ(left.substr(768, 256), letters(256, 'x'));
    std::string shape;
    for (std::size_t at : {256, 512, 1024})
      shape += left[at];
    EXPECT_TRUE(left.substr(256, 256) == letters(256, shape[0]) &&
                left.substr(512, 256) == letters(256, shape[1]) &&
                left.substr(1024) == letters(512, shape[2]))
        << "torn within a sector";
    seen.insert(shape);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"xxx", "xyx", "yxx", "yyx", "xxz", "xyz", "yxz", "yyz"}));
}

TEST_F(PowerCut, ADiskThatLiesLosesWhatItSaidItHad) {
  std::ofstream(root + "/lie").put('1');
  killed("write a 0 10 x sync a sync .");
  cut(side, 1, loss::everything);
  EXPECT_EQ(read("a"), "gone");
}

TEST_F(PowerCut, WhatCannotBeFollowedEndsTheProcess) {
  auto status = tell("map a");
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

} // namespace
} // namespace troupe::power
