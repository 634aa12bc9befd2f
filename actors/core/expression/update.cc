#include "actors/core/expression/update.h"
#include "actors/core/expression/path.h"
#include "actors/core/expression/set_value.h"
#include "actors/core/expression/sets.h"
#include "actors/core/expression/values.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::expression {
namespace {

using verb = msg::UpdateExpression;
using failure = worked_out::failure;

// What an action comes down to on one item.
struct change {
  const msg::DocumentPath* path;
  const msg::Value* before; // what is at the path, or nullptr
  bool remove = false;
  worked_out value; // unless `remove`
};

// Where the last step of a path leads from: a map for a name, a list for an index.
bool has_parent(const msg::AttributeMap& item, const msg::DocumentPath& path) {
  const int last = path.elements_size() - 1;
  if (last == 0)
    return true;
  const msg::Value* parent = look_up(item, path, last);
  return parent != nullptr && (path.elements(last).has_index() ? parent->has_l() : parent->has_m());
}

msg::Value* attribute_in(msg::AttributeMap& map, const std::string& name) {
  return const_cast<msg::Value*>(find_attribute(map, name));
}

// The map or list that the last step leads from, which is known to be there. nullptr: the item itself.
msg::Value* parent_of(msg::AttributeMap& item, const msg::DocumentPath& path) {
  msg::Value* at = nullptr;
  for (int i = 0; i + 1 < path.elements_size(); ++i) {
    const auto& element = path.elements(i);
    if (element.has_index())
      at = at->mutable_l()->mutable_values(static_cast<int>(element.index()));
    else
      at = attribute_in(at == nullptr ? item : *at->mutable_m(), element.name());
  }
  return at;
}

void set_attribute(msg::AttributeMap& map, const std::string& name, const msg::Value& value) {
  if (msg::Value* there = attribute_in(map, name)) {
    *there = value;
    return;
  }
  msg::Attribute* added = map.add_attributes();
  added->set_name(name);
  *added->mutable_value() = value;
  for (int i = map.attributes_size() - 1; i > 0 && name < map.attributes(i - 1).name(); --i)
    map.mutable_attributes()->SwapElements(i, i - 1);
}

void remove_attribute(msg::AttributeMap& map, const std::string& name) {
  for (int i = 0; i < map.attributes_size(); ++i)
    if (map.attributes(i).name() == name) {
      map.mutable_attributes()->DeleteSubrange(i, 1);
      return;
    }
}

// Where positions in lists differ, by those. So the last of a list comes last, and what is inside an element
// comes beside it.
bool earlier(const msg::DocumentPath& a, const msg::DocumentPath& b) {
  const auto less = [](const auto& x, const auto& y) {
    if (x.has_index() != y.has_index())
      return y.has_index();
    return x.has_index() ? x.index() < y.index() : x.name() < y.name();
  };
  return std::lexicographical_compare(a.elements().begin(), a.elements().end(), b.elements().begin(),
                                      b.elements().end(), less);
}

void write(msg::AttributeMap& item, const change& what) {
  const auto& last = *what.path->elements().rbegin();
  msg::Value* parent = parent_of(item, *what.path);
  if (!last.has_index())
    set_attribute(parent == nullptr ? item : *parent->mutable_m(), last.name(), what.value.value());
  else if (what.before != nullptr)
    *parent->mutable_l()->mutable_values(static_cast<int>(last.index())) = what.value.value();
  else
    *parent->mutable_l()->add_values() = what.value.value();
}

void remove(msg::AttributeMap& item, const change& what) {
  const auto& last = *what.path->elements().rbegin();
  msg::Value* parent = parent_of(item, *what.path);
  if (last.has_index())
    parent->mutable_l()->mutable_values()->DeleteSubrange(static_cast<int>(last.index()), 1);
  else
    remove_attribute(parent == nullptr ? item : *parent->mutable_m(), last.name());
}

// First what replaces and what is appended, from the front; then what goes, from the back: so each path finds
// the positions that the item had before.
void write_all(msg::AttributeMap& item, std::vector<change> changes) {
  std::sort(changes.begin(), changes.end(),
            [](const change& a, const change& b) { return earlier(*a.path, *b.path); });
  for (const change& what : changes)
    if (!what.remove)
      write(item, what);
  for (auto what = changes.rbegin(); what != changes.rend(); ++what)
    if (what->remove && what->before != nullptr)
      remove(item, *what);
}

worked_out add(const change& to, const msg::Value& value, bool legacy) {
  if (to.before == nullptr)
    return worked_out::borrow(value);
  if (to.before->kind_case() != value.kind_case())
    return worked_out::fail(failure::type, legacy ? texts::legacy_wrong_type : texts::wrong_type);
  if (value.has_n())
    return add_numbers(*to.before, value, false);
  if (value.has_l()) {
    msg::Value out = *to.before;
    out.mutable_l()->mutable_values()->MergeFrom(value.l().values());
    return worked_out::keep(std::move(out));
  }
  return worked_out::keep(set_union(*to.before, value));
}

change take_away(change from, const msg::Value& value, bool legacy) {
  from.remove = true;
  if (from.before == nullptr)
    return from;
  if (from.before->kind_case() != value.kind_case()) {
    from.value = worked_out::fail(failure::type, legacy ? texts::legacy_wrong_type : texts::wrong_type);
    return from;
  }
  from.value = worked_out::keep(set_difference(*from.before, value));
  from.remove = is_empty_set(from.value.value());
  return from;
}

verdict first_failure(const std::vector<change>& changes, failure why) {
  for (const change& what : changes)
    if (what.value.why() == why)
      return refusal{what.value.text()};
  return {};
}

bool is_prefix(const msg::DocumentPath& a, const msg::DocumentPath& b) {
  return a.elements_size() <= b.elements_size() &&
         std::equal(a.elements().begin(), a.elements().end(), b.elements().begin(), same_element);
}

// Whether no path lies within another: writing relies on it. In order, such a path directly follows the
// other.
bool are_apart(const google::protobuf::RepeatedPtrField<verb::Action>& actions) {
  std::vector<const msg::DocumentPath*> paths;
  for (const auto& what : actions)
    paths.push_back(&what.path());
  std::sort(paths.begin(), paths.end(), [](auto* a, auto* b) { return earlier(*a, *b); });
  return std::adjacent_find(paths.begin(), paths.end(), [](auto* a, auto* b) { return is_prefix(*a, *b); }) ==
         paths.end();
}

} // namespace

std::optional<update> update::make(msg::UpdateExpression from) {
  auto values = read_values(from.values());
  if (!values)
    return {};
  update out;
  for (const action& what : from.actions()) {
    if (!is_sound(what.path()) || !verb::Verb_IsValid(what.verb()))
      return {};
    if (what.verb() == verb::SET && !is_sound(what.steps(), from.values_size()))
      return {};
    if (what.verb() == verb::ADD || what.verb() == verb::DELETE) {
      if (what.value() >= static_cast<std::uint32_t>(from.values_size()))
        return {};
      const msg::Value& value = (*values)[what.value()];
      const bool adds = what.verb() == verb::ADD && (value.has_n() || (value.has_l() && from.legacy()));
      if (!is_set(value) && !adds)
        return {};
    }
    out.touched_.add(what.path());
  }
  if (!are_apart(from.actions()))
    return {};
  out.values_ = std::move(*values);
  from.clear_values();
  out.actions_ = std::move(from);
  return out;
}

bool update::only_removes() const {
  return actions_.actions_size() > 0 &&
         std::all_of(actions_.actions().begin(), actions_.actions().end(), [](const action& what) {
           return what.verb() == verb::REMOVE || what.verb() == verb::DELETE;
         });
}

result<update::outcome> update::apply(const msg::AttributeMap* old, const msg::AttributeMap& key) const {
  const msg::AttributeMap& before = old != nullptr ? *old : key;
  std::vector<change> changes;
  for (const action& what : actions_.actions()) {
    change next{&what.path(), look_up(before, what.path()), false, {}};
    switch (what.verb()) {
    case verb::SET:
      next.value = work_out(what.steps(), values_, before);
      break;
    case verb::ADD:
      next.value = add(next, values_[what.value()], actions_.legacy());
      break;
    case verb::DELETE:
      next = take_away(std::move(next), values_[what.value()], actions_.legacy());
      break;
    default:
      next.remove = true;
    }
    changes.push_back(std::move(next));
  }

  // In DynamoDB's order: types, places, what is missing, numbers, sizes.
  if (auto bad = first_failure(changes, failure::type))
    return *bad;
  for (const change& what : changes)
    if (!has_parent(before, *what.path))
      return refusal{texts::wrong_path};
  if (auto bad = first_failure(changes, failure::missing))
    return *bad;
  if (auto bad = first_failure(changes, failure::number))
    return *bad;
  std::size_t written = 0; // all of it will be in the item
  for (const change& what : changes)
    written += what.remove ? 0 : item::value_size(what.value.value());
  if (written > limits::item_bytes)
    return refusal{texts::too_large};

  if (old == nullptr && only_removes())
    return outcome{false, {}};
  outcome out{true, before};
  write_all(out.item, std::move(changes));
  if (auto bad = item::canonicalise(out.item)) // nested too deeply now, perhaps
    return *bad;
  if (item::item_size(out.item) > limits::item_bytes)
    return refusal{texts::too_large};
  return out;
}

} // namespace troupe::expression
