#include "actors/host/commands/json_writer.h"
#include "actors/core/item/json.h"

namespace troupe::commands {

json_writer& json_writer::key(std::string_view name) {
  before_value();
  item::append_json_string(out_, name);
  out_ += ": ";
  after_key_ = true;
  return *this;
}

json_writer& json_writer::text(std::string_view value) {
  before_value();
  item::append_json_string(out_, value);
  return *this;
}

json_writer& json_writer::raw(std::string_view written) {
  before_value();
  out_ += written;
  return *this;
}

json_writer& json_writer::open(char bracket) {
  before_value();
  out_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  --depth_;
  if (!first_)
    new_line();
  out_ += bracket;
  first_ = false;
  return *this;
}

void json_writer::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ == 0)
    return;
  if (!first_)
    out_ += ',';
  first_ = false;
  new_line();
}

void json_writer::new_line() {
  out_ += '\n';
  out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
}

} // namespace troupe::commands
