// Where the nodes of a world on virtual time keep their files.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace troupe::nodes_test {

// A new one, in memory where there is such a place: a sync costs nothing there, and what a power cut does to
// files is tested elsewhere.
inline std::string fresh_directory() {
  std::error_code none;
  std::filesystem::path base = "/dev/shm";
  if (!std::filesystem::is_directory(base, none))
    base = std::filesystem::temp_directory_path();
  auto pattern = (base / "troupe-world-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    std::abort();
  return pattern;
}

} // namespace troupe::nodes_test
