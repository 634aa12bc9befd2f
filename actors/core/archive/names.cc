#include "actors/core/archive/names.h"
#include <algorithm>
#include <charconv>
#include <cstdio>

namespace troupe::archive {

namespace {

constexpr std::size_t digits = 20; // of any 64-bit number
constexpr std::string_view ending = ".segment";

std::string padded(std::uint64_t number) {
  auto text = std::to_string(number);
  return std::string(digits - text.size(), '0') + text;
}

std::optional<std::uint64_t> number_in(std::string_view text, int base = 10) {
  std::uint64_t number = 0;
  auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (trouble != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

constexpr std::size_t hex_digits = 16;

std::string hex(std::uint64_t number) {
  char text[hex_digits + 1];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

} // namespace

std::string folder_of(const place& what) {
  return hex(what.cluster) + "/" + hex(what.table) + "/" + padded(what.group) + "/";
}

std::optional<place> read_place(std::string_view name) {
  constexpr auto length = 2 * hex_digits + digits + 3;
  if (name.size() <= length)
    return std::nullopt;
  auto cluster = number_in(name.substr(0, hex_digits), 16);
  auto table = number_in(name.substr(hex_digits + 1, hex_digits), 16);
  auto group = number_in(name.substr(2 * hex_digits + 2, digits));
  if (!cluster || !table || !group)
    return std::nullopt;
  place what{*cluster, *table, *group};
  return name.starts_with(folder_of(what)) ? std::optional(what) : std::nullopt;
}

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

std::string segments_prefix(const std::string& folder) {
  return folder + "0";
}

std::string names_behind(const std::string& folder, std::uint64_t index) {
  return folder + padded(index) + "-~"; // '~' is in no name and sorts behind all that is
}

namespace {

constexpr std::string_view snapshots = "snapshots/";
constexpr std::string_view parts = "parts/";
constexpr std::string_view manifest_ending = ".manifest";
constexpr std::size_t id_length = digits + 1 + hex_digits;
constexpr std::size_t part_digits = 8;

std::string text_of(const snapshot_id& what) {
  return padded(what.index) + "-" + hex(what.id);
}

std::optional<snapshot_id> id_in(std::string_view text) {
  auto index = number_in(text.substr(0, digits));
  auto id = number_in(text.substr(std::min(digits + 1, text.size())), 16);
  if (!index || !id)
    return std::nullopt;
  snapshot_id found{*index, *id};
  return text_of(found) == text ? std::optional(found) : std::nullopt;
}

} // namespace

std::string snapshots_folder(const std::string& folder) {
  return folder + std::string(snapshots);
}

std::string snapshot_name(const std::string& folder, const snapshot_id& what) {
  return snapshots_folder(folder) + text_of(what) + std::string(manifest_ending);
}

std::optional<snapshot_id> read_snapshot_name(std::string_view folder, std::string_view name) {
  auto head = folder.size() + snapshots.size();
  if (!name.starts_with(folder) || !name.substr(folder.size()).starts_with(snapshots) ||
      !name.ends_with(manifest_ending) || name.size() != head + id_length + manifest_ending.size())
    return std::nullopt;
  return id_in(name.substr(head, id_length));
}

std::string snapshot_part_name(const std::string& folder, const snapshot_id& what, std::size_t part) {
  auto number = std::to_string(part);
  return folder + std::string(parts) + text_of(what) + "/" +
         std::string(part_digits - std::min(part_digits, number.size()), '0') + number;
}

std::optional<snapshot_id> read_snapshot_part_name(std::string_view folder, std::string_view name) {
  auto head = folder.size() + parts.size();
  if (!name.starts_with(folder) || !name.substr(folder.size()).starts_with(parts) ||
      name.size() != head + id_length + 1 + part_digits || name[head + id_length] != '/' ||
      !number_in(name.substr(head + id_length + 1)))
    return std::nullopt;
  return id_in(name.substr(head, id_length));
}

} // namespace troupe::archive
