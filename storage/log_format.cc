#include "storage/log_format.h"
#include "messages/entry_link.h"
#include "storage/bytes.h"
#include "storage/checksum.h"

namespace troupe::storage::log_format {

namespace {

// Over the group, the index and the head before its own check. The payload is covered by the link.
std::uint64_t check_of_entry(std::uint64_t group, std::uint64_t index, const char* head) {
  char bytes[16 + entry_head_bytes - 8];
  put_u64(bytes, group);
  put_u64(bytes + 8, index);
  std::memcpy(bytes + 16, head, entry_head_bytes - 8);
  return checksum({bytes, sizeof bytes});
}

} // namespace

std::uint64_t check_of(const run_head& head, std::size_t body_bytes) {
  char bytes[40];
  put_u64(bytes, head.id);
  put_u64(bytes + 8, head.group);
  put_u64(bytes + 16, head.first);
  put_u64(bytes + 24, head.count);
  put_u64(bytes + 32, body_bytes);
  return checksum({bytes, sizeof bytes});
}

void append_entry(std::string& body, std::uint64_t group, const msg::Entry& entry) {
  char head[entry_head_bytes];
  put_u64(head, entry.ballot().round());
  put_u64(head + 8, entry.ballot().member());
  put_u32(head + 16, static_cast<std::uint32_t>(entry.kind()));
  put_u32(head + 20, static_cast<std::uint32_t>(entry.payload().size()));
  put_u64(head + 24, entry.previous_link());
  put_u64(head + 32, entry.link());
  put_u64(head + 40, check_of_entry(group, entry.index(), head));
  body.append(head, sizeof head);
  body.append(entry.payload());
}

run_decoder::outcome run_decoder::next(msg::Entry* into) {
  if (left_.size() < entry_head_bytes)
    return outcome::hopeless;
  const char* head = left_.data();
  if (get_u64(head + 40) != check_of_entry(group_, index_, head))
    return outcome::hopeless;
  std::size_t length = get_u32(head + 20);
  if (left_.size() - entry_head_bytes < length)
    return outcome::hopeless;
  std::string_view payload = left_.substr(entry_head_bytes, length);
  left_.remove_prefix(entry_head_bytes + length);
  std::uint64_t index = index_++;
  if (into == nullptr)
    return outcome::good;
  std::uint32_t kind = get_u32(head + 16);
  std::uint64_t previous_link = get_u64(head + 24);
  std::uint64_t link = get_u64(head + 32);
  if (entry_link(group_, index, kind, payload, previous_link) != link)
    return outcome::damaged;
  into->set_index(index);
  into->mutable_ballot()->set_round(get_u64(head));
  into->mutable_ballot()->set_member(get_u64(head + 8));
  into->set_kind(static_cast<msg::Entry::Kind>(kind));
  into->set_payload(payload.data(), payload.size());
  into->set_previous_link(previous_link);
  into->set_link(link);
  return outcome::good;
}

std::string encode(std::uint64_t group, const group_row& row) {
  std::string body;
  body.reserve(64 + row.hard_state.size());
  append_u64(body, row.lost ? 1 : 0);
  append_u64(body, row.base.index);
  append_u64(body, row.base.link);
  append_u64(body, row.base.ballot.round());
  append_u64(body, row.base.ballot.member());
  append_u64(body, row.first_run);
  body += row.hard_state;
  append_u64(body, record_checksum({reinterpret_cast<const char*>(&group), sizeof group}, body));
  return body;
}

std::optional<group_row> decode(std::uint64_t group, std::string_view body) {
  if (body.size() < 56)
    return {};
  std::string_view covered = body.substr(0, body.size() - 8);
  if (get_u64(body.data() + covered.size()) !=
      record_checksum({reinterpret_cast<const char*>(&group), sizeof group}, covered))
    return {};
  byte_reader in(covered);
  group_row row;
  row.lost = (in.u64() & 1) != 0;
  row.base.index = in.u64();
  row.base.link = in.u64();
  row.base.ballot.set_round(in.u64());
  row.base.ballot.set_member(in.u64());
  row.first_run = in.u64();
  row.hard_state = in.rest();
  return row;
}

std::uint64_t check_of_mark(std::uint64_t group, std::uint64_t mark) {
  char bytes[16];
  put_u64(bytes, group);
  put_u64(bytes + 8, mark);
  return checksum({bytes, sizeof bytes});
}

} // namespace troupe::storage::log_format
