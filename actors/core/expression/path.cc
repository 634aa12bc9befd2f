#include "actors/core/expression/path.h"
#include "actors/core/expression/bounds.h"
#include "actors/core/item/value.h"
#include <algorithm>

namespace troupe::expression {

std::string path_text(const msg::DocumentPath& path) {
  std::string out = "[";
  for (const auto& element : path.elements()) {
    out += out.size() > 1 ? ", " : "";
    out += element.has_index() ? "[" + std::to_string(element.index()) + "]" : element.name();
  }
  return out + "]";
}

bool same_element(const msg::DocumentPath::Element& a, const msg::DocumentPath::Element& b) {
  return a.has_index() == b.has_index() && a.index() == b.index() && a.name() == b.name();
}

bool same_path(const msg::DocumentPath& a, const msg::DocumentPath& b) {
  return std::equal(a.elements().begin(), a.elements().end(), b.elements().begin(), b.elements().end(),
                    same_element);
}

const msg::Value* find_attribute(const msg::AttributeMap& map, const std::string& name) {
  const auto at =
      std::lower_bound(map.attributes().begin(), map.attributes().end(), name,
                       [](const msg::Attribute& a, const std::string& n) { return a.name() < n; });
  return at != map.attributes().end() && at->name() == name ? &at->value() : nullptr;
}

const msg::Value* look_up(const msg::AttributeMap& item, const msg::DocumentPath& path, int elements) {
  const msg::Value* found = find_attribute(item, path.elements(0).name());
  for (int i = 1; i < elements && found != nullptr; ++i) {
    const auto& element = path.elements(i);
    if (element.has_index()) {
      const bool there =
          found->has_l() && element.index() < static_cast<std::uint32_t>(found->l().values_size());
      found = there ? &found->l().values(static_cast<int>(element.index())) : nullptr;
    } else {
      found = found->has_m() ? find_attribute(found->m(), element.name()) : nullptr;
    }
  }
  return found;
}

bool is_sound(const msg::DocumentPath& path) {
  const auto set = [](const auto& element) {
    return element.step_case() != msg::DocumentPath::Element::STEP_NOT_SET;
  };
  return path.elements_size() > 0 &&
         static_cast<std::size_t>(path.elements_size()) <= bounds::path_elements &&
         path.elements(0).has_name() && std::all_of(path.elements().begin(), path.elements().end(), set);
}

bool is_sound(const msg::Operand& operand, int values) {
  return operand.has_path() ? is_sound(operand.path())
                            : operand.kind_case() == msg::Operand::kValue &&
                                  operand.value() < static_cast<std::uint32_t>(values);
}

std::optional<std::vector<msg::Value>>
read_values(const google::protobuf::RepeatedPtrField<std::string>& serialized) {
  std::vector<msg::Value> out(static_cast<std::size_t>(serialized.size()));
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!item::parse_value_into(out[i], serialized[static_cast<int>(i)]) || item::canonicalise(out[i]))
      return {};
  return out;
}

msg::DocumentPath top_level(const std::string& name) {
  msg::DocumentPath out;
  out.add_elements()->set_name(name);
  return out;
}

} // namespace troupe::expression
