#include "storage/item_format.h"
#include "storage/bytes.h"
#include "storage/checksum.h"

namespace troupe::storage::item_format {

namespace {

void seal(std::string& body) {
  append_u64(body, checksum(body));
}

// The body without its checksum, when that fits.
std::optional<std::string_view> unseal(std::string_view body) {
  if (body.size() < 8)
    return {};
  std::string_view covered = body.substr(0, body.size() - 8);
  if (get_u64(body.data() + covered.size()) != checksum(covered))
    return {};
  return covered;
}

} // namespace

std::string encode(const position_row& row) {
  std::string body;
  const item_position& at = row.position;
  for (std::uint64_t field :
       {row.group, row.member, at.index, at.link, at.ballot.round(), at.ballot.member(),
        at.configuration_index, static_cast<std::uint64_t>(at.time_ms), row.items, row.bytes})
    append_u64(body, field);
  at.configuration.AppendToString(&body);
  seal(body);
  return body;
}

std::optional<position_row> decode_position(std::string_view body) {
  auto covered = unseal(body);
  if (!covered)
    return {};
  byte_reader in(*covered);
  position_row row;
  row.group = in.u64();
  row.member = in.u64();
  row.position.index = in.u64();
  row.position.link = in.u64();
  row.position.ballot.set_round(in.u64());
  row.position.ballot.set_member(in.u64());
  row.position.configuration_index = in.u64();
  row.position.time_ms = static_cast<std::int64_t>(in.u64());
  row.items = in.u64();
  row.bytes = in.u64();
  std::string_view configuration = in.rest();
  if (!in.ok() || !row.position.configuration.ParseFromArray(configuration.data(),
                                                             static_cast<int>(configuration.size())))
    return {};
  return row;
}

std::string encode(const sizes_row& row) {
  std::string body;
  append_u64(body, row.index);
  append_u64(body, row.sizes);
  seal(body);
  return body;
}

std::optional<sizes_row> decode_sizes(std::string_view body) {
  auto covered = unseal(body);
  if (!covered)
    return {};
  byte_reader in(*covered);
  sizes_row row;
  row.index = in.u64();
  row.sizes = in.u64();
  return in.ok() ? std::optional(row) : std::nullopt;
}

namespace {
constexpr std::uint64_t leaves_layout = 1;
}

std::string encode(const digests_row& row) {
  std::string body;
  for (std::uint64_t field :
       {row.index, leaves_layout, row.first, row.width, static_cast<std::uint64_t>(row.known)})
    append_u64(body, field);
  seal(body);
  return body;
}

std::optional<digests_row> decode_digests_row(std::string_view body) {
  auto covered = unseal(body);
  if (!covered)
    return {};
  byte_reader in(*covered);
  digests_row row;
  row.index = in.u64();
  if (in.u64() != leaves_layout)
    return {};
  row.first = in.u64();
  row.width = in.u64();
  row.known = in.u64() != 0;
  return in.ok() ? std::optional(row) : std::nullopt;
}

std::string encode_lineage(std::uint64_t lineage) {
  std::string body;
  append_u64(body, lineage);
  seal(body);
  return body;
}

std::optional<std::uint64_t> decode_lineage(std::string_view body) {
  auto covered = unseal(body);
  if (!covered)
    return {};
  byte_reader in(*covered);
  const std::uint64_t lineage = in.u64();
  return in.ok() ? std::optional(lineage) : std::nullopt;
}

std::string encode_digests(const leaf_digest* first, std::size_t count) {
  std::string body;
  body.reserve(count * 16 + 8);
  for (const leaf_digest* leaf = first; leaf != first + count; ++leaf) {
    append_u64(body, leaf->sum);
    append_u64(body, leaf->items);
  }
  seal(body);
  return body;
}

std::optional<leaf_digests> decode_digests(std::string_view body) {
  auto covered = unseal(body);
  if (!covered || covered->size() % 16 != 0)
    return {};
  byte_reader in(*covered);
  leaf_digests leaves(covered->size() / 16);
  for (auto& leaf : leaves) {
    leaf.sum = in.u64();
    leaf.items = in.u64();
  }
  return leaves;
}

namespace {
constexpr std::uint64_t entries_layout = 1;
}

std::string encode(const entry_state& state) {
  std::string body;
  append_u64(body, entries_layout);
  append_u64(body, state.figures.size());
  for (const auto& one : state.figures) {
    append_u64(body, one.items);
    append_u64(body, one.bytes);
  }
  body += state.definitions;
  seal(body);
  return body;
}

std::optional<entry_state> decode_entry_state(std::string_view body) {
  auto covered = unseal(body);
  if (!covered)
    return {};
  byte_reader in(*covered);
  entry_state state;
  if (in.u64() != entries_layout)
    return {};
  const std::uint64_t indexes = in.u64();
  if (!in.ok() || indexes > 255)
    return {};
  for (std::uint64_t i = 0; i < indexes; ++i) {
    const std::uint64_t items = in.u64();
    state.figures.push_back({items, in.u64()});
  }
  state.definitions = in.rest();
  if (!in.ok())
    return {};
  return state;
}

namespace {
constexpr std::size_t request_bytes = 40;
}

std::string encode(const std::vector<msg::AppliedRequest>& requests) {
  std::string body;
  body.reserve(requests.size() * request_bytes + 8);
  for (const auto& r : requests) {
    append_u64(body, r.id().client());
    append_u64(body, r.id().sequence());
    append_u64(body, r.index());
    append_u64(body, static_cast<std::uint64_t>(r.time_ms()));
    append_u64(body, r.refused() ? 1 + static_cast<std::uint64_t>(r.refused_with()) : 0);
  }
  seal(body);
  return body;
}

bool decode_requests(std::string_view body, std::vector<msg::AppliedRequest>& into) {
  auto covered = unseal(body);
  if (!covered || covered->size() % request_bytes != 0)
    return false;
  byte_reader in(*covered);
  for (std::size_t left = covered->size() / request_bytes; left > 0; --left) {
    auto& r = into.emplace_back();
    r.mutable_id()->set_client(in.u64());
    r.mutable_id()->set_sequence(in.u64());
    r.set_index(in.u64());
    r.set_time_ms(static_cast<std::int64_t>(in.u64()));
    if (auto refused = in.u64(); refused != 0) {
      r.set_refused(true);
      r.set_refused_with(static_cast<msg::Code>(refused - 1));
    }
  }
  return true;
}

} // namespace troupe::storage::item_format
