// Several document paths as one tree, and what an item has at them. Inside core/expression only.
#pragma once
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <cstdint>
#include <map>
#include <string>

namespace troupe::expression {

class path_tree {
public:
  // A sound path that neither lies within another one nor has one within it.
  void add(const msg::DocumentPath& path);

  // What is there at the paths, in the maps and lists in which it stands; of lists the elements asked for,
  // moved together in their order. The item is canonical and so is the answer.
  msg::AttributeMap select(const msg::AttributeMap& item) const;

private:
  // Both return whether anything was found. With neither names nor indexes a node asks for the whole value.
  bool select(const msg::AttributeMap& from, msg::AttributeMap& to) const;
  bool select(const msg::Value& from, msg::Value& to) const;

  std::map<std::string, path_tree> names_;
  std::map<std::uint32_t, path_tree> indexes_;
};

} // namespace troupe::expression
