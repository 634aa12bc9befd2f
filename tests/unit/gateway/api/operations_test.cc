#include "actors/gateway/api/operations.h"
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace troupe::api;

TEST(operations, are_found_by_their_exact_names) {
  EXPECT_EQ(find_operation("GetItem")->which, operation::get_item);
  EXPECT_EQ(find_operation("BatchExecuteStatement"), &all_operations.front());
  EXPECT_EQ(find_operation("UpdateTimeToLive"), &all_operations.back());
  for (const char* name : {"", "getItem", "GetItem ", "GetItems", "Zzz", "Aaa"})
    EXPECT_EQ(find_operation(name), nullptr) << name;
}

TEST(operations, each_of_ours_stands_in_the_table_once) {
  std::set<operation> seen;
  for (const auto& one : all_operations)
    if (one.which != operation::none) {
      EXPECT_TRUE(seen.insert(one.which).second) << one.name;
    } else {
      EXPECT_EQ(one.support, support::not_yet) << one.name << " is done by nobody";
    }
  EXPECT_EQ(seen.size(), operation_count);
}

TEST(operations, the_page_for_people_says_the_same) {
  std::ifstream in(std::string(TROUPE_SOURCE_DIR) + "/docs/compatibility.md");
  std::string expected;
  for (const auto& one : all_operations)
    expected +=
        "| `" + std::string(one.name) + "` | " + (one.support == support::done ? "yes" : "no") + " |\n";
  std::string found;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("| `") && (line.ends_with(" | yes |") || line.ends_with(" | no |")))
      found += line + "\n";
  EXPECT_EQ(found, expected) << "replace the table of operations in docs/compatibility.md with:\n"
                             << expected;
}
