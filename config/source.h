// Where in the file each value stood, and which values were refused: what the checks need to point at a line,
// and to stay silent about what was already said.
#pragma once
#include "config/load.h"
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::config {

// Values are named by path: "zones[1]", "nodes[2].port", "replication.lease".
class source {
public:
  explicit source(std::string file) : file_(std::move(file)) {}

  void stands(const std::string& path, int line, int column) { positions_[path] = {line, column}; }

  // A problem at the path's value, or at what encloses it when the file does not name it.
  void refuse(const std::string& path, std::string what, std::string advice) {
    refused_.insert(path);
    auto [line, column] = position(path);
    problems_.push_back({file_, line, column, std::move(what), std::move(advice)});
  }

  // A problem at a place that is no value: an unknown key, a syntax error.
  void refuse_at(int line, int column, std::string what, std::string advice) {
    problems_.push_back({file_, line, column, std::move(what), std::move(advice)});
  }

  // The text cannot be read at all: no value in it is sound, and no rule is worth checking.
  void give_up(int line, int column, std::string what, std::string advice) {
    refused_.insert("");
    refuse_at(line, column, std::move(what), std::move(advice));
  }

  // No problem was found with the value itself. A check that relates several values asks for all of them
  // first.
  bool sound(const std::string& path) const { return !refused_.contains(path); }

  bool any_problem() const { return !problems_.empty(); }

  // All problems in the order of the file.
  std::vector<problem> take_problems();

private:
  std::pair<int, int> position(std::string path) const;

  std::string file_;
  std::map<std::string, std::pair<int, int>> positions_;
  std::set<std::string> refused_;
  std::vector<problem> problems_;
};

inline std::string node_path(std::size_t index) {
  return "nodes[" + std::to_string(index) + "]";
}

} // namespace troupe::config
