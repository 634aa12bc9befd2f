// The printing half of json.h.
#include "actors/core/item/base64.h"
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include <algorithm>
#include <array>
#include <simdjson.h>

namespace troupe::item {
namespace {

using kind = msg::Value::KindCase;

class writer {
public:
  writer(std::string& out, json_style style) : out_(out), pretty_(style == json_style::pretty) {}

  void map(const msg::AttributeMap& item) {
    open('{');
    for (const msg::Attribute& attribute : item.attributes()) {
      next();
      append_json_string(out_, attribute.name());
      colon();
      value(attribute.value());
    }
    close('}');
  }

  void value(const msg::Value& what) {
    out_ += '{';
    if (what.kind_case() != kind::KIND_NOT_SET) {
      append_json_string(out_, type_name(what));
      colon();
      content(what);
    }
    out_ += '}';
  }

private:
  void content(const msg::Value& what) {
    switch (what.kind_case()) {
    case kind::kS:
      return append_json_string(out_, what.s());
    case kind::kN:
      return append_json_string(out_, what.n());
    case kind::kB:
      return append_json_string(out_, encode_base64(what.b()));
    case kind::kBool:
      out_ += what.bool_() ? "true" : "false";
      return;
    case kind::kNull:
      out_ += what.null() ? "true" : "false";
      return;
    case kind::kM:
      return map(what.m());
    case kind::kL:
      open('[');
      for (const msg::Value& element : what.l().values()) {
        next();
        value(element);
      }
      return close(']');
    case kind::kSs:
      return set(what.ss().values(), false);
    case kind::kNs:
      return set(what.ns().values(), false);
    case kind::kBs:
      return set(what.bs().values(), true);
    case kind::KIND_NOT_SET:
      return;
    }
  }

  template <class Members>
  void set(const Members& members, bool binary) { // on one line also when pretty
    out_ += '[';
    for (auto member = members.begin(); member != members.end(); ++member) {
      if (member != members.begin())
        out_ += pretty_ ? ", " : ",";
      append_json_string(out_, binary ? encode_base64(*member) : *member);
    }
    out_ += ']';
  }

  void open(char bracket) {
    out_ += bracket;
    ++depth_;
    first_ = true;
  }
  void next() {
    if (!first_)
      out_ += ',';
    first_ = false;
    new_line();
  }
  void close(char bracket) {
    --depth_;
    if (!first_)
      new_line();
    first_ = false;
    out_ += bracket;
  }
  void new_line() {
    if (pretty_)
      out_.append(1, '\n').append(2 * depth_, ' ');
  }
  void colon() { out_ += pretty_ ? ": " : ":"; }

  std::string& out_;
  bool pretty_;
  bool first_ = true;
  std::size_t depth_ = 0;
};

// Bytes of the UTF-8 character at the front; 0 when there is none.
std::size_t character_bytes(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length)
    if (simdjson::validate_utf8(text.data(), length))
      return length;
  return 0;
}

// Only damage leaves text that is not UTF-8. It is printed as far as it can be.
std::string repaired(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_bytes(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

// Bytes at which append_json_string must look twice.
constexpr auto special = [] {
  std::array<bool, 256> out{};
  for (std::size_t control = 0; control < 0x20; ++control)
    out[control] = true;
  out['"'] = out['\\'] = out[0x7F] = true;
  out[0xC2] = true; // U+0080 to U+009F are control characters too, and are C2 80 to C2 9F
  return out;
}();

void append_escape(std::string& out, unsigned code) {
  constexpr char hex[] = "0123456789abcdef";
  out += "\\u00";
  out += hex[code >> 4 & 15];
  out += hex[code & 15];
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  std::string mended;
  if (!simdjson::validate_utf8(text.data(), text.size()))
    text = mended = repaired(text);
  out += '"';
  std::size_t plain = 0; // start of what needs no escape and is not written yet
  const auto flush = [&](std::size_t end, std::size_t skip) {
    out += text.substr(plain, end - plain);
    plain = end + skip;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!special[byte])
      continue;
    if (byte == 0xC2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if (second >= 0xA0)
        continue;
      flush(i, 2);
      append_escape(out, second);
      ++i;
      continue;
    }
    flush(i, 1);
    switch (byte) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_escape(out, byte);
    }
  }
  flush(text.size(), 0);
  out += '"';
}

std::string write_json(const msg::AttributeMap& item, json_style style) {
  std::string out;
  writer(out, style).map(item);
  return out;
}

std::string write_json(const msg::Value& value, json_style style) {
  std::string out;
  writer(out, style).value(value);
  return out;
}

} // namespace troupe::item
