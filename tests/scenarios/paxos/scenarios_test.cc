// Runs every *.txt of this folder and compares what each command prints with what the file says it prints.
// With TROUPE_REGENERATE=1 the files are rewritten instead: read the difference before you commit it.
//
// A file is a sequence of blocks, each separated by an empty line:
//   # any number of comment lines
//   command
//   command
//   ----
//   what they print
#include "tests/scenarios/paxos/script.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace troupe::paxos::testing {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const fs::path path = fs::path(TROUPE_SOURCE_DIR) / "tests/scenarios/paxos";
  return path;
}

std::vector<std::string> scenarios() {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(folder()))
    if (file.path().extension() == ".txt" && file.path().filename() != "CMakeLists.txt")
      names.push_back(file.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class scenario : public ::testing::TestWithParam<std::string> {};

TEST_P(scenario, prints_what_its_file_says) {
  fs::path path = folder() / (GetParam() + ".txt");
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  script run;
  std::string file, rewritten, commands_output, expected;
  bool in_expected = false;
  int number = 0, block = 0;
  auto finish_block = [&] {
    if (in_expected) {
      EXPECT_EQ(commands_output, expected) << "the block that ends before line " << block;
      rewritten += commands_output;
    }
    commands_output.clear();
    expected.clear();
    in_expected = false;
  };
  for (std::string line; std::getline(in, line);) {
    block = ++number;
    file += line + "\n";
    if (line.empty()) {
      finish_block();
      rewritten += "\n";
    } else if (in_expected) {
      expected += line + "\n";
    } else if (line == "----") {
      in_expected = true;
      rewritten += line + "\n";
    } else {
      if (line[0] != '#') {
        ASSERT_NO_THROW(commands_output += run.run(line)) << "line " << number << ": " << line;
      }
      rewritten += line + "\n";
    }
  }
  finish_block();
  if (std::getenv("TROUPE_REGENERATE") != nullptr && rewritten != file)
    std::ofstream(path, std::ios::trunc) << rewritten;
}

INSTANTIATE_TEST_SUITE_P(paxos, scenario, ::testing::ValuesIn(scenarios()),
                         [](const auto& each) { return each.param; });

} // namespace
} // namespace troupe::paxos::testing
