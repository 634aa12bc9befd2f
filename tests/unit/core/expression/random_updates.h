// Random updates as text together with what they do to plain items. The reference builds the new item from
// the old one in one walk, so that positions in lists are those of before by construction.
#pragma once
#include "random_expressions.h"
#include <cmath>

namespace troupe::expression::test {

// What the reference says of one action on one item.
struct plain_change {
  enum class kind { nothing, set, remove, refuse } what = kind::nothing;
  plain value;
};
struct random_action {
  plain_path path;
  std::string text;
  std::function<plain_change(const plain_item&)> change;
};

inline std::string key_of(const plain_path& path) {
  std::string out;
  for (const plain_step& step : path)
    out += step.index >= 0 ? "[" + std::to_string(step.index) : "." + step.name;
  return out + "|";
}

// Whether DynamoDB accepts both paths in one update.
inline bool are_apart(const plain_path& a, const plain_path& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if ((a[i].index < 0) != (b[i].index < 0))
      return false;
    if (a[i].index != b[i].index || a[i].name != b[i].name)
      return true;
  }
  return false;
}

// Halves are exact in a double and in decimal.
inline std::string half_text(double value) {
  const auto whole = static_cast<long long>(std::trunc(value));
  const bool half = value != std::trunc(value);
  return (value < 0 && whole == 0 && half ? "-" : "") + std::to_string(whole) + (half ? ".5" : "");
}

// A value to set, or nothing for a refusal.
struct random_value {
  std::string text;
  std::function<plain_value(const plain_item&)> value;
};

inline random_value make_number(dice& roll, vocabulary& words) {
  if (roll.chance(50)) {
    msg::Value out;
    out.set_n(pick(roll, std::vector<std::string>{"0", "1", "-1.5", "10"}));
    return {words.value(out), [p = plain_of(out)](const plain_item&) { return plain_value(p); }};
  }
  const plain_path path = random_path(roll);
  return {text_of(roll, path, words), [path](const plain_item& item) { return look(item, path); }};
}

inline random_value make_list(dice& roll, vocabulary& words, int levels);

inline random_value make_set_value(dice& roll, vocabulary& words, int levels) {
  switch (roll.below(levels > 0 ? 5 : 2)) {
  case 0: {
    const msg::Value value = small_value(roll, 1);
    return {words.value(value), [p = plain_of(value)](const plain_item&) { return plain_value(p); }};
  }
  case 1: {
    const plain_path path = random_path(roll);
    return {text_of(roll, path, words), [path](const plain_item& item) { return look(item, path); }};
  }
  case 2: {
    const plain_path path = random_path(roll);
    const std::string text = text_of(roll, path, words);
    const random_value other = make_set_value(roll, words, levels - 1);
    return {"if_not_exists(" + text + ", " + other.text + ")", [path, other](const plain_item& item) {
              const auto there = look(item, path);
              return there ? there : other.value(item);
            }};
  }
  default:
    return make_list(roll, words, levels);
  }
}

inline random_value make_list(dice& roll, vocabulary& words, int levels) {
  const auto part = [&]() -> random_value {
    if (roll.chance(60)) {
      msg::Value list;
      for (list.mutable_l(); roll.chance(60);)
        *list.mutable_l()->add_values() = small_value(roll, 0);
      return {words.value(list), [p = plain_of(list)](const plain_item&) { return plain_value(p); }};
    }
    const plain_path path = random_path(roll);
    return {text_of(roll, path, words), [path](const plain_item& item) { return look(item, path); }};
  };
  const random_value a = part(),
                     b = levels > 1 && roll.chance(30) ? make_list(roll, words, levels - 1) : part();
  return {"list_append(" + a.text + "," + b.text + ")", [a, b](const plain_item& item) -> plain_value {
            auto x = a.value(item);
            const auto y = b.value(item);
            if (!x || !y || x->type != "L" || y->type != "L")
              return {};
            x->list.insert(x->list.end(), y->list.begin(), y->list.end());
            return x;
          }};
}

inline random_value make_sum(dice& roll, vocabulary& words) {
  const random_value a = make_number(roll, words), b = make_number(roll, words);
  const bool plus = roll.chance(50), inside = roll.chance(20);
  const std::string text = a.text + (plus ? " + " : " - ") + b.text;
  return {inside ? "(" + text + ")" : text, [a, b, plus](const plain_item& item) -> plain_value {
            const auto x = a.value(item), y = b.value(item);
            if (!x || !y || x->type != "N" || y->type != "N")
              return {};
            const double other = std::stod(y->text);
            return plain{"N", half_text(std::stod(x->text) + (plus ? other : -other)), {}, {}, {}};
          }};
}

inline random_action make_action(dice& roll, vocabulary& words, const plain_path& path,
                                 msg::UpdateExpression::Verb verb) {
  using kind = plain_change::kind;
  const std::string where = text_of(roll, path, words);
  if (verb == msg::UpdateExpression::REMOVE)
    return {path, where, [](const plain_item&) { return plain_change{kind::remove, {}}; }};
  if (verb == msg::UpdateExpression::SET) {
    const random_value to = roll.chance(30) ? make_sum(roll, words) : make_set_value(roll, words, 2);
    return {path, where + " = " + to.text, [to](const plain_item& item) {
              const auto value = to.value(item);
              return value ? plain_change{kind::set, *value} : plain_change{kind::refuse, {}};
            }};
  }
  msg::Value operand;
  do
    operand = small_value(roll, 0);
  while (!operand.has_ss() && !operand.has_ns() && !operand.has_bs() &&
         !(operand.has_n() && verb == msg::UpdateExpression::ADD));
  const bool add = verb == msg::UpdateExpression::ADD;
  return {path, where + " " + words.value(operand),
          [path, add, p = plain_of(operand)](const plain_item& item) {
            auto there = look(item, path);
            if (!there)
              return add ? plain_change{kind::set, p} : plain_change{};
            if (there->type != p.type)
              return plain_change{kind::refuse, {}};
            if (p.type == "N")
              return plain_change{kind::set,
                                  {"N", half_text(std::stod(there->text) + std::stod(p.text)), {}, {}, {}}};
            for (const std::string& member : p.set) {
              if (add)
                there->set.insert(member);
              else
                there->set.erase(member);
            }
            return there->set.empty() ? plain_change{kind::remove, {}} : plain_change{kind::set, *there};
          }};
}

struct random_update {
  std::string text;
  std::vector<random_action> actions;

  // The new item, or nothing for a refusal.
  std::optional<plain_item> apply(const plain_item& old) const {
    std::map<std::string, plain_change> changes;
    for (const random_action& one : actions) {
      const plain_path parent(one.path.begin(), one.path.end() - 1);
      const auto above = look(old, parent);
      const plain_change change = one.change(old);
      if (change.what == plain_change::kind::refuse || !above ||
          above->type != (one.path.back().index >= 0 ? "L" : "M"))
        return {};
      changes[key_of(one.path)] = change;
    }
    return rebuilt({"M", "", old, {}, {}}, {}, changes).map;
  }

private:
  // The value at `path` with the changes on it and below.
  plain rebuilt(const plain& old, const plain_path& path,
                const std::map<std::string, plain_change>& changes) const {
    using kind = plain_change::kind;
    plain out = old;
    out.map.clear();
    out.list.clear();
    const auto pass = [&](const plain_step& step, const plain& child, auto keep) {
      plain_path below = path;
      below.push_back(step);
      const auto change = changes.find(key_of(below));
      if (change == changes.end() || change->second.what == kind::nothing)
        keep(rebuilt(child, below, changes));
      else if (change->second.what == kind::set)
        keep(change->second.value);
    };
    for (const auto& [name, child] : old.map)
      pass({name, -1}, child, [&, n = name](const plain& value) { out.map[n] = value; });
    for (std::size_t i = 0; i < old.list.size(); ++i)
      pass({"", static_cast<int>(i)}, old.list[i], [&](const plain& value) { out.list.push_back(value); });

    std::map<int, plain> appended;
    for (const random_action& one : actions) {
      const plain_path parent(one.path.begin(), one.path.end() - 1);
      const plain_change& change = changes.at(key_of(one.path));
      if (key_of(parent) != key_of(path) || change.what != kind::set)
        continue;
      const plain_step& last = one.path.back();
      if (last.index < 0)
        out.map[last.name] = change.value;
      else if (last.index >= static_cast<int>(old.list.size()))
        appended[last.index] = change.value;
    }
    for (const auto& [index, value] : appended)
      out.list.push_back(value);
    return out;
  }
};

inline random_update make_update(dice& roll, vocabulary& words) {
  using expression = msg::UpdateExpression;
  std::vector<expression::Verb> verbs = {expression::SET, expression::REMOVE, expression::ADD,
                                         expression::DELETE};
  random_update out;
  std::vector<plain_path> taken;
  for (const auto verb : verbs) {
    if (!roll.chance(50) && !(verb == expression::DELETE && out.actions.empty()))
      continue;
    std::string section;
    for (int i = roll.between(1, 3); i > 0; --i) {
      const plain_path path = random_path(roll);
      if (!std::all_of(taken.begin(), taken.end(),
                       [&](const plain_path& other) { return are_apart(path, other); }))
        continue;
      taken.push_back(path);
      out.actions.push_back(make_action(roll, words, path, verb));
      section += (section.empty() ? "" : ", ") + out.actions.back().text;
    }
    if (!section.empty())
      out.text += (out.text.empty() ? "" : " ") + expression::Verb_Name(verb) + " " + section;
  }
  return out;
}

} // namespace troupe::expression::test
