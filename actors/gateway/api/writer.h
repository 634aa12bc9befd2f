// Appends JSON to a text, commas included. What is opened is closed by its caller.
//
//   writer w;
//   w.object().key("TableNames").array().text("a").text("b").end_array().end_object();
//
// Thread: one owner.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::api {

class writer {
public:
  writer& object() { return open('{'); }
  writer& end_object() { return close('}'); }
  writer& array() { return open('['); }
  writer& end_array() { return close(']'); }
  writer& key(std::string_view name); // plain: nothing in it needs an escape
  writer& text(std::string_view value);
  writer& number(std::int64_t value);
  writer& units(std::int64_t halves); // half a unit each: 0.5, 1, 1.5
  writer& flag(bool value);
  writer& seconds(std::int64_t ms); // with three digits behind the point
  writer& json(std::string_view value);

  std::string take() { return std::move(out_); }

private:
  writer& open(char bracket);
  writer& close(char bracket);
  void begin(); // of a value or a key

  std::string out_;
  bool comma_ = false; // something stands before, on this level
};

} // namespace troupe::api
