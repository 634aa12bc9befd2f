#include "actors/gateway/api/writer.h"
#include "actors/core/item/json.h"

namespace troupe::api {

void writer::begin() {
  if (comma_)
    out_ += ',';
  comma_ = true;
}

writer& writer::open(char bracket) {
  begin();
  out_ += bracket;
  comma_ = false;
  return *this;
}

writer& writer::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

writer& writer::key(std::string_view name) {
  begin();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  comma_ = false;
  return *this;
}

writer& writer::text(std::string_view value) {
  begin();
  item::append_json_string(out_, value);
  return *this;
}

writer& writer::number(std::int64_t value) {
  return json(std::to_string(value));
}

writer& writer::units(std::int64_t halves) {
  return json(std::to_string(halves / 2) + (halves % 2 == 0 ? ".0" : ".5"));
}

writer& writer::flag(bool value) {
  return json(value ? "true" : "false");
}

writer& writer::seconds(std::int64_t ms) {
  auto fraction = std::to_string(ms % 1000);
  return json(std::to_string(ms / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction);
}

writer& writer::json(std::string_view value) {
  begin();
  out_ += value;
  return *this;
}

} // namespace troupe::api
