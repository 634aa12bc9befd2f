// A cluster file that is right, to be spoilt by each test in its own way.
#pragma once
#include "config/load.h"
#include <string>
#include <vector>

namespace troupe::config::sample {

inline const std::string good = R"(cluster: sample
zones: [a, b, c]
nodes:
  - {name: n1, zone: a, port: 7101, data: /d/n1}
  - {name: n2, zone: b, port: 7102, data: /d/n2}
  - {name: n3, zone: c, port: 7103, data: /d/n3}
)";

// The sample with one passage replaced; the passage must be there.
inline std::string with(std::string before, const std::string& after, std::string text = good) {
  const auto at = text.find(before);
  if (at == std::string::npos)
    return "the sample has no " + before;
  return text.replace(at, before.size(), after);
}

// All problems as people see them, without the file's name.
inline std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> out;
  for (auto& p : load_text(text, "s", {}).problems)
    out.push_back(to_text(p).substr(1));
  return out;
}

} // namespace troupe::config::sample
