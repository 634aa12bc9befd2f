// docs/cluster-file.md has a table of every key; this keeps it true.
#include "config/keys.h"
#include "config/load.h"
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace troupe::config;

namespace {

std::string read(const std::string& name) {
  std::ifstream in{std::string{TROUPE_SOURCE_DIR} + "/" + name};
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

} // namespace

TEST(document, the_reference_table_is_the_table_in_the_code) {
  std::string expected;
  for (const auto& k : documented_keys())
    expected += "| `" + k.path + "` | " + k.kind + " | " + k.fallback + " | " + k.meaning + " |\n";
  std::string found;
  std::istringstream lines{read("docs/cluster-file.md")};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| `"))
      found += line + "\n";
  EXPECT_EQ(found, expected) << "replace the rows of the table in docs/cluster-file.md with:\n" << expected;
}

TEST(document, the_example_file_names_every_key_with_its_default) {
  const auto text = read("config/three-zones.yaml");
  for (const auto& k : documented_keys()) {
    const auto name = k.path.substr(k.path.find_last_of('.') + 1);
    EXPECT_TRUE(text.find(name + ":") != std::string::npos)
        << "config/three-zones.yaml does not mention " << k.path;
    const bool section = k.path.find('.') != std::string::npos && !k.path.starts_with("nodes");
    if (section && k.fallback != "none") {
      EXPECT_NE(text.find("# " + name + ": " + k.fallback), std::string::npos)
          << "config/three-zones.yaml does not show the default " << k.fallback << " of " << k.path;
    }
  }
}

TEST(document, defaults_lie_within_their_own_bounds) {
  const cluster c;
  const auto check = [](const auto& section) {
    using section_type = std::decay_t<decltype(section)>;
    for (const auto& k : keys_of<section_type>()) {
      if (k.required() || std::holds_alternative<text_value<section_type>>(k.value))
        continue;
      section_type copy = section;
      auto text = print_value<section_type>(k.value, section);
      given from{.list = text.starts_with("["), .quoted = false, .items = {text}};
      if (from.list)
        from.items = {"storage", "router"};
      EXPECT_FALSE(read_value<section_type>(k.value, from, copy)) << k.name << ": " << text;
      EXPECT_EQ((print_value<section_type>(k.value, copy)), text);
    }
  };
  check(node{});
  check(c.replication);
  check(c.storage);
  check(c.healing);
  check(c.archive);
  check(c.scrub);
  check(c.requests);
  check(c.tls);
}
