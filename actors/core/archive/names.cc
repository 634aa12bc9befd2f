#include "actors/core/archive/names.h"
#include <charconv>

namespace troupe::archive {

namespace {

constexpr std::size_t digits = 20; // of any 64-bit number
constexpr std::string_view ending = ".segment";

std::string padded(std::uint64_t number) {
  auto text = std::to_string(number);
  return std::string(digits - text.size(), '0') + text;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

} // namespace

std::string segment_name(const std::string& folder, const extent& what) {
  return folder + padded(what.last) + "-" + padded(what.first) + "-" + std::to_string(what.copy) +
         std::string(ending);
}

std::optional<extent> read_segment_name(std::string_view folder, std::string_view name) {
  constexpr auto length = 2 * digits + 3 + ending.size();
  if (!name.starts_with(folder) || name.size() != folder.size() + length || !name.ends_with(ending))
    return std::nullopt;
  auto rest = name.substr(folder.size());
  auto last = number_in(rest.substr(0, digits));
  auto first = number_in(rest.substr(digits + 1, digits));
  auto copy = number_in(rest.substr(2 * digits + 2, 1));
  if (!last || !first || !copy || rest[digits] != '-' || rest[2 * digits + 1] != '-' || *first == 0 ||
      *first > *last)
    return std::nullopt;
  return extent{*first, *last, static_cast<std::uint32_t>(*copy)};
}

std::string names_behind(const std::string& folder, std::uint64_t index) {
  return folder + padded(index) + "-~"; // '~' is in no name and sorts behind all that is
}

} // namespace troupe::archive
