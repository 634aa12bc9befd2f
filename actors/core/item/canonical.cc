#include "actors/core/item/canonical.h"
#include "actors/core/item/number.h"
#include "config/limits.h"
#include <cstring>
#include <simdjson.h>

namespace troupe::item {
namespace {

// Tags of the messages' fields on the wire: number x 8 + 2 for what has a length, + 0 for a plain number.
enum tag : unsigned char {
  element = 0x0A, // AttributeMap.attributes, ValueList.values, the members of sets, Attribute.name
  attribute_value = 0x12,
  value_s = 0x0A,
  value_n = 0x12,
  value_b = 0x1A,
  value_bool = 0x20,
  value_null = 0x28,
  value_m = 0x32,
  value_l = 0x3A,
  value_ss = 0x42,
  value_ns = 0x4A,
  value_bs = 0x52,
};

class cursor {
public:
  explicit cursor(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool done() const { return at_ == end_; }

  // The next field when it has this tag and a length that fits; lengths in their shortest form only.
  bool take(unsigned char tag, std::string_view& content) {
    return at_ != end_ && static_cast<unsigned char>(*at_) == tag && ++at_ != end_ && take_content(content);
  }
  bool take_tag(unsigned char& tag) {
    if (at_ == end_)
      return false;
    tag = static_cast<unsigned char>(*at_++);
    return true;
  }
  bool take_content(std::string_view& content) {
    std::size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at_ == end_ || shift > 28)
        return false;
      const auto byte = static_cast<unsigned char>(*at_++);
      length |= static_cast<std::size_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift > 0)
          return false;
        break;
      }
    }
    if (length > static_cast<std::size_t>(end_ - at_))
      return false;
    content = {at_, length};
    at_ += length;
    return true;
  }
  bool take_byte(unsigned char& byte) { return take_tag(byte); }

private:
  const char* at_;
  const char* end_;
};

bool is_text(std::string_view bytes) {
  std::uint64_t seen = 0, word;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::memcpy(&word, bytes.data() + i, 8);
    seen |= word;
  }
  for (; i < bytes.size(); ++i)
    seen |= static_cast<unsigned char>(bytes[i]);
  return (seen & 0x8080808080808080ull) == 0 || simdjson::validate_utf8(bytes.data(), bytes.size());
}

bool walk_value(std::string_view bytes, int level, std::size_t& size, key_value* seen);

// Calls visit(name, value bytes) for each attribute.
template <class Visit>
bool walk_attributes(std::string_view bytes, Visit visit) {
  std::string_view before, attribute, name, value;
  for (cursor all(bytes); !all.done(); before = name) {
    if (!all.take(element, attribute))
      return false;
    cursor fields(attribute);
    if (!fields.take(element, name) || !fields.take(attribute_value, value) || !fields.done())
      return false;
    if (name.empty() || name <= before || !is_text(name) || !visit(name, value))
      return false;
  }
  return true;
}

bool walk_set(std::string_view bytes, bool text, std::size_t& size) {
  if (bytes.empty())
    return false;
  std::string_view before, member;
  bool first = true;
  for (cursor all(bytes); !all.done(); before = member, first = false) {
    if (!all.take(element, member) || (!first && member <= before) || (text && !is_text(member)))
      return false;
    size += member.size();
  }
  return true;
}

bool walk_number_set(std::string_view bytes, std::size_t& size) {
  if (bytes.empty())
    return false;
  std::string_view member;
  number before;
  bool first = true;
  for (cursor all(bytes); !all.done(); first = false) {
    if (!all.take(element, member) || !is_canonical_number(member))
      return false;
    const auto value = number::parse(member);
    if (!value || (!first && *value <= before))
      return false;
    before = *value;
    size += number_size(member);
  }
  return true;
}

bool walk_list(std::string_view bytes, int level, std::size_t& size) {
  std::string_view value;
  for (cursor all(bytes); !all.done(); ++size)
    if (!all.take(element, value) || !walk_value(value, level, size, nullptr))
      return false;
  return true;
}

bool walk_map(std::string_view bytes, int level, std::size_t& size) {
  return walk_attributes(bytes, [&](std::string_view name, std::string_view value) {
    size += 1 + name.size();
    return walk_value(value, level, size, nullptr);
  });
}

// `seen` is given when the value may be a key's.
bool walk_value(std::string_view bytes, int level, std::size_t& size, key_value* seen) {
  if (level > limits::nesting_levels)
    return false;
  cursor field(bytes);
  unsigned char tag;
  if (!field.take_tag(tag))
    return false;
  const auto note = [&](std::string_view type, std::string_view content) {
    if (seen != nullptr)
      *seen = {type, content};
    return true;
  };

  if (tag == value_bool || tag == value_null) {
    unsigned char byte;
    size += 1;
    return field.take_byte(byte) && field.done() && (byte == 1 || (byte == 0 && tag == value_bool)) &&
           note(tag == value_bool ? "BOOL" : "NULL", {});
  }
  std::string_view content;
  if (!field.take_content(content) || !field.done())
    return false;
  switch (tag) {
  case value_s:
    size += content.size();
    return is_text(content) && note("S", content);
  case value_n:
    size += number_size(content);
    return is_canonical_number(content) && note("N", content);
  case value_b:
    size += content.size();
    return note("B", content);
  case value_m:
    size += 3;
    return walk_map(content, level + 1, size) && note("M", {});
  case value_l:
    size += 3;
    return walk_list(content, level + 1, size) && note("L", {});
  case value_ss:
    return walk_set(content, true, size) && note("SS", {});
  case value_ns:
    return walk_number_set(content, size) && note("NS", {});
  case value_bs:
    return walk_set(content, false, size) && note("BS", {});
  default:
    return false;
  }
}

} // namespace

std::optional<canonical_item> recognise_canonical(const msg::KeySchema& schema, std::string_view bytes) {
  canonical_item out;
  const std::string_view partition = schema.partition().name();
  const std::string_view sort =
      schema.has_sort() ? std::string_view(schema.sort().name()) : std::string_view();
  const bool canonical = walk_attributes(bytes, [&](std::string_view name, std::string_view value) {
    ++out.attributes;
    out.size += name.size();
    key_value* seen = nullptr;
    if (name == partition)
      seen = &out.partition.emplace();
    else if (name == sort)
      seen = &out.sort.emplace();
    return walk_value(value, 1, out.size, seen);
  });
  if (!canonical)
    return {};
  return out;
}

bool each_attribute(std::string_view bytes, const std::function<void(const attribute_bytes&)>& visit) {
  const char* end_of_last = bytes.data();
  return walk_attributes(bytes, [&](std::string_view name, std::string_view value) {
    // The value is the last thing in its attribute.
    const std::string_view whole(end_of_last, static_cast<std::size_t>(value.end() - end_of_last));
    end_of_last = value.end();
    visit({whole, name, value});
    return true;
  });
}

std::optional<key_value> key_value_in(std::string_view value) {
  key_value seen;
  std::size_t size = 0;
  if (!walk_value(value, 1, size, &seen))
    return {};
  return seen;
}

attribute_search find_in_canonical(std::string_view bytes, std::string_view name) {
  attribute_search out;
  out.damaged = !walk_attributes(bytes, [&](std::string_view found, std::string_view value) {
    if (found == name)
      out.value = value;
    return true;
  });
  return out;
}

} // namespace troupe::item
