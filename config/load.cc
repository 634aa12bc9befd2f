#include "config/load.h"
#include "config/check.h"
#include "config/limits.h"
#include "config/reader.h"
#include "config/source.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <tuple>

namespace troupe::config {

std::vector<problem> source::take_problems() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const problem& a, const problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::move(problems_);
}

std::pair<int, int> source::position(std::string path) const {
  for (;;) {
    if (auto it = positions_.find(path); it != positions_.end())
      return it->second;
    if (path.empty())
      return {0, 0};
    const auto cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
}

std::string to_text(const problem& p) {
  std::string out = p.file;
  if (p.line > 0)
    out += ":" + std::to_string(p.line) + ":" + std::to_string(p.column);
  out += ": " + p.what;
  if (!p.advice.empty())
    out += "; " + p.advice;
  return out;
}

loaded load_text(const std::string& text, const std::string& path, const here& starting) {
  source from{path};
  auto c = read_cluster(text, path, from);
  check_rules(c, from);
  choose_metadata_nodes(c);
  check_machine(c, starting, from);
  if (from.any_problem())
    return {std::nullopt, from.take_problems()};
  return {std::move(c), {}};
}

loaded load(const std::string& path, const here& starting) {
  const auto refuse = [&](std::string what, std::string advice) {
    return loaded{std::nullopt, {{path, 0, 0, std::move(what), std::move(advice)}}};
  };
  std::error_code failed;
  const auto kind = std::filesystem::status(path, failed).type();
  if (kind == std::filesystem::file_type::not_found)
    return refuse("there is no such file", "name a cluster file, for example config/three-zones.yaml");
  if (kind == std::filesystem::file_type::directory)
    return refuse("this is a directory", "name a cluster file in it");
  std::ifstream in{path, std::ios::binary};
  // One byte more than may be there tells a file that is too long.
  std::string text(limits::cluster_file_bytes + 1, '\0');
  if (in)
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad())
    return refuse("the file cannot be read", "check its permissions");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > limits::cluster_file_bytes)
    return refuse("the file is longer than 1 MiB", "this is hardly a cluster file");
  return load_text(text, path, starting);
}

} // namespace troupe::config
