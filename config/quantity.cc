#include "config/quantity.h"
#include "config/text.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <vector>

namespace troupe::config {
namespace {

struct unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<unit, 4> times{{{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}}};
constexpr std::array<unit, 5> bytes{
    {{"B", 1}, {"KiB", 1ll << 10}, {"MiB", 1ll << 20}, {"GiB", 1ll << 30}, {"TiB", 1ll << 40}}};

// What people write for a unit that we spell otherwise. Lower case.
struct habit {
  std::string_view written;
  std::string_view ours;
};
constexpr std::array<habit, 19> habits{{{"msec", "ms"},
                                        {"millis", "ms"},
                                        {"milliseconds", "ms"},
                                        {"sec", "s"},
                                        {"secs", "s"},
                                        {"second", "s"},
                                        {"seconds", "s"},
                                        {"m", "min"},
                                        {"minute", "min"},
                                        {"minutes", "min"},
                                        {"hour", "h"},
                                        {"hours", "h"},
                                        {"b", "B"},
                                        {"k", "KiB"},
                                        {"kb", "KiB"},
                                        {"mb", "MiB"},
                                        {"gb", "GiB"},
                                        {"g", "GiB"},
                                        {"tb", "TiB"}}};

bool digit(char c) {
  return c >= '0' && c <= '9';
}

std::string names(std::span<const unit> units) {
  std::vector<std::string_view> out;
  for (const auto& u : units)
    out.push_back(u.name);
  return in_words(out, "or");
}

const unit* find(std::span<const unit> units, std::string_view name) {
  auto it = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == name; });
  return it == units.end() ? nullptr : &*it;
}

// The unit meant by what was written: another spelling, or the right letters in the wrong case.
const unit* guess(std::span<const unit> units, std::string_view written) {
  auto small = to_lower(written);
  for (const auto& u : units)
    if (to_lower(u.name) == small)
      return &u;
  for (const auto& h : habits)
    if (h.written == small)
      if (const auto* u = find(units, h.ours))
        return u;
  // `m` is minutes where times are meant and mebibytes where sizes are.
  return small == "m" ? find(units, "MiB") : nullptr;
}

quantity parse(std::string_view text, std::span<const unit> units, std::string_view kind,
               std::string_view example) {
  auto end = std::find_if_not(text.begin(), text.end(), digit);
  auto number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  auto rest = text.substr(number.size());
  auto written = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
  const auto usage = "write a whole number and " + names(units) + ", for example " + std::string{example};
  if (number.empty() || (number.size() > 1 && number[0] == '0'))
    return {{}, in_quotes(text) + " is not a " + std::string{kind}, usage};
  if (written.empty())
    return {
        {}, in_quotes(text) + " has no unit", "write " + std::string{number} + std::string{units[0].name}};
  const auto* found = find(units, written);
  if (found == nullptr || written.size() != rest.size()) {
    if (const auto* meant = found != nullptr ? found : guess(units, written))
      return {{},
              in_quotes(text) + " is not a " + std::string{kind},
              "write " + std::string{number} + std::string{meant->name}};
    return {{}, in_quotes(text) + " is not a " + std::string{kind}, usage};
  }
  std::int64_t count = 0;
  auto [_, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc{} || count > std::numeric_limits<std::int64_t>::max() / found->factor)
    return {{}, in_quotes(text) + " is larger than any " + std::string{kind}, usage};
  return {count * found->factor, {}, {}};
}

std::string print(std::int64_t value, std::span<const unit> units) {
  const unit* best = &units[0];
  for (const auto& u : units)
    if (value >= u.factor && value % u.factor == 0)
      best = &u;
  return std::to_string(value / best->factor) + std::string{best->name};
}

} // namespace

quantity parse_duration(std::string_view text) {
  return parse(text, times, "duration", "1500ms");
}

quantity parse_size(std::string_view text) {
  return parse(text, bytes, "size", "64MiB");
}

quantity parse_count(std::string_view text) {
  const bool plain =
      !text.empty() && std::all_of(text.begin(), text.end(), digit) && (text.size() == 1 || text[0] != '0');
  std::int64_t count = 0;
  if (plain) {
    auto [_, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc{})
      return {count, {}, {}};
  }
  return {{}, in_quotes(text) + " is not a whole number", "write digits only"};
}

std::string print_duration(std::int64_t ms) {
  return print(ms, times);
}

std::string print_size(std::int64_t size) {
  return print(size, bytes);
}

} // namespace troupe::config
