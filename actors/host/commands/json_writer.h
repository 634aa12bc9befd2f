// Writes JSON for programs, one value after the other. Commas, indentation and escapes are its business; that
// every object and array is closed is the caller's.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::commands {

class json_writer {
public:
  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  json_writer& key(std::string_view name); // inside an object, before each value

  json_writer& text(std::string_view value);
  json_writer& number(std::int64_t value) { return raw(std::to_string(value)); }
  json_writer& number(std::uint64_t value) { return raw(std::to_string(value)); }
  json_writer& number(int value) { return raw(std::to_string(value)); }
  json_writer& boolean(bool value) { return raw(value ? "true" : "false"); }
  json_writer& null() { return raw("null"); }

  const std::string& result() const { return out_; }

private:
  json_writer& raw(std::string_view written);
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  void before_value();
  void new_line();

  std::string out_;
  int depth_ = 0;
  bool first_ = true; // nothing stands in this object or array yet
  bool after_key_ = false;
};

} // namespace troupe::commands
