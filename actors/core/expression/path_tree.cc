#include "actors/core/expression/path_tree.h"
#include "actors/core/expression/path.h"

namespace troupe::expression {

void path_tree::add(const msg::DocumentPath& path) {
  path_tree* at = this;
  for (const auto& element : path.elements())
    at = element.has_index() ? &at->indexes_[element.index()] : &at->names_[element.name()];
}

msg::AttributeMap path_tree::select(const msg::AttributeMap& item) const {
  msg::AttributeMap out;
  select(item, out);
  return out;
}

bool path_tree::select(const msg::AttributeMap& from, msg::AttributeMap& to) const {
  for (const auto& [name, below] : names_) {
    const msg::Value* found = find_attribute(from, name);
    msg::Value selected;
    if (found == nullptr || !below.select(*found, selected))
      continue;
    msg::Attribute* attribute = to.add_attributes();
    attribute->set_name(name);
    *attribute->mutable_value() = std::move(selected);
  }
  return to.attributes_size() > 0;
}

bool path_tree::select(const msg::Value& from, msg::Value& to) const {
  if (names_.empty() && indexes_.empty()) {
    to = from;
    return true;
  }
  if (from.has_m())
    return select(from.m(), *to.mutable_m());
  if (!from.has_l())
    return false;
  for (const auto& [index, below] : indexes_) {
    msg::Value selected;
    if (index < static_cast<std::uint32_t>(from.l().values_size()) &&
        below.select(from.l().values(static_cast<int>(index)), selected))
      *to.mutable_l()->add_values() = std::move(selected);
  }
  return to.l().values_size() > 0;
}

} // namespace troupe::expression
