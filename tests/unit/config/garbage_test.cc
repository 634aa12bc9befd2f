// Whatever bytes a cluster file holds, reading it ends with settings or with problems, and never otherwise.
#include "config/write.h"
#include "tests/unit/config/sample.h"
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

using namespace troupe::config;

namespace {

// One to eight edits: a byte changed, removed or inserted, or a stretch of the text copied elsewhere.
std::string spoilt(std::string text, std::mt19937& random) {
  static const std::string bytes = " \t\n:#-[]{},'\"&*!|>%@`~?0129azMiBs\\\x00\x7f\xc3\xff";
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (auto edits = 1 + below(8); edits > 0 && !text.empty(); --edits) {
    const auto at = below(text.size());
    switch (below(4)) {
    case 0:
      text[at] = bytes[below(bytes.size())];
      break;
    case 1:
      text.erase(at, 1 + below(12));
      break;
    case 2:
      text.insert(at, 1 + below(3), bytes[below(bytes.size())]);
      break;
    default:
      text.insert(at, text.substr(below(text.size()), 1 + below(60)));
    }
  }
  return text;
}

} // namespace

TEST(garbage, a_spoilt_file_is_read_or_refused_and_what_is_read_keeps_every_rule) {
  std::ifstream in{std::string{TROUPE_SOURCE_DIR} + "/config/three-zones.yaml"};
  std::ostringstream shipped;
  shipped << in.rdbuf();
  const std::string starts[] = {shipped.str(), sample::good, to_yaml(dev_cluster("/d"))};
  std::size_t taken = 0;
  std::size_t refused = 0;
  for (unsigned seed = 0; seed < 3'000; ++seed) {
    std::mt19937 random{seed};
    const auto text = spoilt(starts[seed % std::size(starts)], random);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto got = load_text(text, "/etc/spoilt.yaml");
    ASSERT_EQ(got.settings.has_value(), got.problems.empty()) << text;
    if (!got.settings) {
      ++refused;
      for (const auto& p : got.problems)
        ASSERT_FALSE(p.what.empty()) << text;
      continue;
    }
    ++taken;
    const auto again = load_text(to_yaml(*got.settings), "/elsewhere.yaml");
    ASSERT_TRUE(again.settings) << to_text(again.problems.front()) << "\n" << text;
    ASSERT_EQ(to_yaml(*again.settings), to_yaml(*got.settings)) << text;
  }
  // Both ends were really visited: many edits fall into comments.
  EXPECT_GT(taken, 100u);
  EXPECT_GT(refused, 1'000u);
}
