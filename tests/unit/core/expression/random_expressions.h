// Random items, and random conditions on them as text together with what they mean on plain items: the
// meaning is built along with the text and never parsed.
#pragma once
#include "ask.h"
#include "plain.h"
#include "random_items.h"
#include <functional>
#include <string>
#include <vector>

namespace troupe::expression::test {

using item::test::dice;

template <class T>
const T& pick(dice& roll, const std::vector<T>& from) {
  return from[roll.below(from.size())];
}

// Few values, so that equal ones, prefixes and members meet often.
inline msg::Value small_value(dice& roll, int levels) {
  static const std::vector<std::string> numbers = {"0", "1", "-1", "10", "1.5", "2", "3"};
  static const std::vector<std::string> texts = {"", "a", "ab", "b", "S", "N", "é", "😀"};
  static const std::vector<std::string> keys = {"a", "b", "c"};
  msg::Value out;
  switch (roll.below(levels > 0 ? 12 : 8)) {
  case 0:
  case 1:
    out.set_n(pick(roll, numbers));
    break;
  case 2:
    out.set_s(pick(roll, texts));
    break;
  case 3:
    out.set_b(pick(roll, texts));
    break;
  case 4:
    if (roll.chance(50))
      out.set_null(true);
    else
      out.set_bool_(roll.chance(50));
    break;
  case 5:
    for (const std::string& text : texts)
      if (roll.chance(40) || out.ss().values_size() == 0)
        out.mutable_ss()->add_values(text);
    break;
  case 6:
    for (const std::string& number : numbers)
      if (roll.chance(40) || out.ns().values_size() == 0)
        out.mutable_ns()->add_values(number);
    break;
  case 7:
    for (const std::string& text : texts)
      if (roll.chance(40) || out.bs().values_size() == 0)
        out.mutable_bs()->add_values(text);
    break;
  case 8:
  case 9:
    out.mutable_m();
    for (const std::string& name : keys)
      if (roll.chance(60)) {
        msg::Attribute* attribute = out.mutable_m()->add_attributes();
        attribute->set_name(name);
        *attribute->mutable_value() = small_value(roll, levels - 1);
      }
    break;
  default:
    out.mutable_l();
    for (int i = roll.between(0, 4); i > 0; --i)
      *out.mutable_l()->add_values() = small_value(roll, levels - 1);
  }
  item::canonicalise(out);
  return out;
}

inline msg::AttributeMap small_item(dice& roll) {
  msg::AttributeMap out;
  for (const char* name : {"a", "b", "c", "d", "e"})
    if (roll.chance(80)) {
      msg::Attribute* attribute = out.add_attributes();
      attribute->set_name(name);
      *attribute->mutable_value() = small_value(roll, 2);
    }
  item::canonicalise(out);
  return out;
}

// Names and values of one expression, given out as it is written.
struct vocabulary {
  placeholders::names::value_type names;
  placeholders::values::value_type values;

  std::string name(dice& roll, const std::string& meaning) {
    if (roll.chance(60))
      return meaning;
    for (const auto& [placeholder, known] : names)
      if (known == meaning)
        return placeholder;
    names.emplace_back("#n" + std::to_string(names.size()), meaning);
    return names.back().first;
  }
  std::string value(const msg::Value& meaning) {
    values.emplace_back(":v" + std::to_string(values.size()), meaning);
    return values.back().first;
  }
  placeholders use() const {
    auto made = placeholders::make(names.empty() ? placeholders::names() : names,
                                   values.empty() ? placeholders::values() : values);
    if (!made)
      throw std::invalid_argument(made.why().message);
    return *made;
  }
};

struct plain_step {
  std::string name;
  int index = -1;
};
using plain_path = std::vector<plain_step>;

inline plain_path random_path(dice& roll) {
  static const std::vector<std::string> tops = {"a", "b", "c", "d", "e", "gone"}, keys = {"a", "b", "c"};
  plain_path out = {{pick(roll, tops), -1}};
  while (roll.chance(35) && out.size() < 4) {
    if (roll.chance(50))
      out.push_back({pick(roll, keys), -1});
    else
      out.push_back({"", roll.between(0, 4)});
  }
  return out;
}

inline std::string text_of(dice& roll, const plain_path& path, vocabulary& words) {
  std::string out;
  for (const plain_step& step : path)
    out += step.index >= 0 ? "[" + std::to_string(step.index) + "]"
                           : (out.empty()       ? ""
                              : roll.chance(10) ? " . "
                                                : ".") +
                                 words.name(roll, step.name);
  return out;
}

inline plain_value look(const plain_item& item, const plain_path& path) {
  plain whole{"M", "", item, {}, {}};
  plain_value at = whole;
  for (const plain_step& step : path) {
    plain_value next;
    if (step.index >= 0 && at->type == "L" && step.index < static_cast<int>(at->list.size()))
      next = at->list[static_cast<std::size_t>(step.index)];
    if (step.index < 0 && at->type == "M" && at->map.count(step.name) > 0)
      next = at->map.at(step.name);
    if (!next)
      return {};
    at = next;
  }
  return at;
}

struct random_operand {
  std::string text;
  std::function<plain_value(const plain_item&)> value;
};

inline random_operand make_operand(dice& roll, vocabulary& words) {
  if (roll.chance(45)) {
    const msg::Value value = small_value(roll, 1);
    return {words.value(value), [p = plain_of(value)](const plain_item&) { return plain_value(p); }};
  }
  const plain_path path = random_path(roll);
  std::string text = text_of(roll, path, words);
  const auto value = [path](const plain_item& item) { return look(item, path); };
  if (roll.chance(75))
    return {roll.chance(10) ? "(" + text + ")" : text, value};
  return {"size(" + text + ")", [value](const plain_item& item) -> plain_value {
            const auto of = value(item);
            if (!of || of->type == "N" || of->type == "BOOL" || of->type == "NULL")
              return {};
            std::size_t size = of->map.size() + of->list.size() + of->set.size();
            if (of->type == "B")
              size = of->text.size();
            if (of->type == "S") // "é" is one unit of UTF-16, "😀" two
              size = of->text == "é" ? 1 : of->text == "😀" ? 2 : of->text.size();
            return plain{"N", std::to_string(size), {}, {}, {}};
          }};
}

struct random_condition {
  std::string text;
  int binds; // 3 a test, 2 NOT, 1 AND, 0 OR
  std::function<bool(const plain_item&)> holds;
};

// The tests whose first operand is a path.
inline random_condition make_path_test(dice& roll, vocabulary& words) {
  const plain_path path = random_path(roll);
  if (roll.chance(60)) {
    const bool there = roll.chance(50);
    return {std::string(there ? "attribute_exists" : "attribute_not_exists") + "(" +
                text_of(roll, path, words) + ")",
            3, [path, there](const plain_item& item) { return look(item, path).has_value() == there; }};
  }
  static const std::vector<std::string> types = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
  const std::string type = pick(roll, types), text = text_of(roll, path, words);
  msg::Value wanted;
  wanted.set_s(type);
  return {"attribute_type(" + text + ", " + words.value(wanted) + ")", 3,
          [path, type](const plain_item& item) {
            const auto x = look(item, path);
            return x && x->type == type;
          }};
}

inline random_condition make_test(dice& roll, vocabulary& words) {
  if (roll.chance(20))
    return make_path_test(roll, words);
  const random_operand a = make_operand(roll, words);
  const auto compared = [&](const char* op, auto decide) -> random_condition {
    const random_operand b = make_operand(roll, words);
    const char* blank = roll.chance(70) ? " " : "";
    return {a.text + blank + op + blank + b.text, 3,
            [a, b, decide](const plain_item& item) { return decide(a.value(item), b.value(item)); }};
  };
  switch (roll.below(10)) {
  case 0:
    return compared("=", [](const plain_value& x, const plain_value& y) { return x && y && *x == *y; });
  case 1:
    return compared("<>", [](const plain_value& x, const plain_value& y) { return !x || !y || !(*x == *y); });
  case 2:
    return compared("<", [](const plain_value& x, const plain_value& y) { return plain_order(x, y) == -1; });
  case 3:
    return compared(
        "<=", [](const plain_value& x, const plain_value& y) { return plain_order(x, y).value_or(1) < 1; });
  case 4:
    return compared(">", [](const plain_value& x, const plain_value& y) { return plain_order(x, y) == 1; });
  case 5:
    return compared(
        ">=", [](const plain_value& x, const plain_value& y) { return plain_order(x, y).value_or(-1) > -1; });
  case 6: {
    const random_operand low = make_operand(roll, words), high = make_operand(roll, words);
    return {a.text + " between " + low.text + " and " + high.text, 3, [a, low, high](const plain_item& item) {
              return plain_order(low.value(item), a.value(item)).value_or(1) < 1 &&
                     plain_order(a.value(item), high.value(item)).value_or(1) < 1;
            }};
  }
  case 7: {
    std::vector<random_operand> among;
    std::string text;
    for (int i = roll.between(1, 4); i > 0; --i) {
      among.push_back(make_operand(roll, words));
      text += (text.empty() ? "" : ", ") + among.back().text;
    }
    return {a.text + " IN (" + text + ")", 3, [a, among](const plain_item& item) {
              const auto x = a.value(item);
              return x && std::any_of(among.begin(), among.end(),
                                      [&](const random_operand& one) { return one.value(item) == x; });
            }};
  }
  case 8: {
    const random_operand b = make_operand(roll, words);
    return {"begins_with(" + a.text + "," + b.text + ")", 3, [a, b](const plain_item& item) {
              const auto x = a.value(item), y = b.value(item);
              return x && y && x->type == y->type && (x->type == "S" || x->type == "B") &&
                     x->text.substr(0, y->text.size()) == y->text;
            }};
  }
  default: {
    const random_operand b = make_operand(roll, words);
    return {"contains (" + a.text + ", " + b.text + ")", 3, [a, b](const plain_item& item) {
              const auto x = a.value(item), y = b.value(item);
              if (!x || !y)
                return false;
              if (x->type == "L")
                return std::find(x->list.begin(), x->list.end(), *y) != x->list.end();
              if (x->type == "S" || x->type == "B")
                return x->type == y->type && x->text.find(y->text) != std::string::npos;
              return x->type.size() == 2 && x->type[1] == 'S' && y->type == x->type.substr(0, 1) &&
                     x->set.count(y->text) > 0;
            }};
  }
  }
}

inline random_condition make_condition(dice& roll, vocabulary& words, int levels) {
  if (levels == 0 || roll.chance(30))
    return make_test(roll, words);
  const auto part = [&](int least) {
    random_condition out = make_condition(roll, words, levels - 1);
    if (out.binds < least || roll.chance(15))
      out.text = "(" + out.text + ")", out.binds = 3;
    return out;
  };
  if (roll.chance(25)) {
    const random_condition inner = part(2);
    return {(roll.chance(50) ? "NOT " : "not ") + inner.text, 2,
            [inner](const plain_item& item) { return !inner.holds(item); }};
  }
  const bool all = roll.chance(50);
  std::vector<random_condition> parts;
  std::string text;
  for (int i = roll.between(2, 4); i > 0; --i) {
    parts.push_back(part(all ? 1 : 0));
    text += (text.empty() ? "" : all ? " AND " : " or ") + parts.back().text;
  }
  return {text, all ? 1 : 0, [parts, all](const plain_item& item) {
            const auto holds = [&](const random_condition& one) { return one.holds(item); };
            return all ? std::all_of(parts.begin(), parts.end(), holds)
                       : std::any_of(parts.begin(), parts.end(), holds);
          }};
}

} // namespace troupe::expression::test
