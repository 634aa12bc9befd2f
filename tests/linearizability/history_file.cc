#include "tests/linearizability/history_file.h"
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <string_view>
#include <system_error>
#include <time.h>
#include <unistd.h>
#include <unordered_map>

namespace troupe::linearizability {
namespace {

constexpr std::string_view header = "troupe-history\t1";

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text)
    switch (c) {
    case '\\':
      out += "\\\\";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      out += c;
    }
  return out;
}

bool unescape(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size())
      return false;
    switch (text[i]) {
    case '\\':
      out += '\\';
      break;
    case 't':
      out += '\t';
      break;
    case 'n':
      out += '\n';
      break;
    case 'r':
      out += '\r';
      break;
    default:
      return false;
    }
  }
  return true;
}

std::string field_of(const value& v) {
  return v ? "=" + escaped(*v) : "-";
}

bool value_from(std::string_view field, value& v) {
  if (field == "-") {
    v.reset();
    return true;
  }
  if (field.empty() || field[0] != '=')
    return false;
  v.emplace();
  return unescape(field.substr(1), *v);
}

template <class Integer>
bool integer_from(std::string_view field, Integer& number) {
  const auto [rest, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  return error == std::errc{} && rest == field.data() + field.size();
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos)
      return fields;
    line.remove_prefix(tab + 1);
  }
}

// Reads one file's lines. Each returns why it is malformed, or nullptr.
class parser {
public:
  explicit parser(std::vector<operation>& into) : into_(into) {}

  const char* take(std::string_view line) {
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields[0] == "i")
      return invoked(fields);
    if (fields[0] == "r")
      return returned(fields);
    return "a line begins with i or r";
  }

private:
  const char* invoked(const std::vector<std::string_view>& fields) {
    std::uint64_t id = 0;
    operation op;
    if (fields.size() < 6)
      return "an invocation has at least 6 fields";
    if (!integer_from(fields[1], id) || !integer_from(fields[2], op.invoked))
      return "ID and TIME are integers";
    if (!unescape(fields[3], op.client) || !unescape(fields[5], op.key))
      return "a backslash is followed by \\, t, n or r";
    std::size_t expected_fields = 6;
    if (fields[4] == "put") {
      op.what = action::put;
      expected_fields = 7;
    } else if (fields[4] == "cas") {
      op.what = action::cas;
      expected_fields = 8;
    } else if (fields[4] == "delete") {
      op.what = action::remove;
    } else if (fields[4] != "get") {
      return "ACTION is put, delete, get or cas";
    }
    if (fields.size() != expected_fields)
      return "the number of fields does not fit the action";
    if (expected_fields > 6 && !value_from(fields[6], op.written))
      return "WRITTEN is - or begins with =";
    if (expected_fields > 7 && !value_from(fields[7], op.expected))
      return "EXPECTED is - or begins with =";
    if (op.what == action::put && !op.written)
      return "a put writes a value";
    if (!open_.try_emplace(id, into_.size()).second)
      return "this ID was invoked before";
    into_.push_back(std::move(op));
    return nullptr;
  }

  const char* returned(const std::vector<std::string_view>& fields) {
    std::uint64_t id = 0;
    std::int64_t time = 0;
    if (fields.size() < 4 || !integer_from(fields[1], id) || !integer_from(fields[2], time))
      return "a return has ID, TIME and OUTCOME";
    const auto at = open_.find(id);
    if (at == open_.end())
      return "this ID was not invoked";
    operation& op = into_[at->second];
    if (op.returned != never)
      return "this ID has returned before";
    if (time < op.invoked)
      return "it returned before it was invoked";
    if (fields[3] == "ok")
      op.result = outcome::ok;
    else if (fields[3] == "condition_failed" && op.what == action::cas)
      op.result = outcome::condition_failed;
    else if (fields[3] == "failed")
      op.result = outcome::failed;
    else if (fields[3] == "unknown")
      op.result = outcome::unknown;
    else
      return "OUTCOME is ok, condition_failed (of a cas), failed or unknown";
    const bool reads = op.what == action::get && op.result == outcome::ok;
    if (fields.size() != (reads ? 5u : 4u))
      return "a get that is ok, and nothing else, carries READ";
    if (reads && !value_from(fields[4], op.read))
      return "READ is - or begins with =";
    if (op.result != outcome::unknown)
      op.returned = time;
    return nullptr;
  }

  std::vector<operation>& into_;
  std::unordered_map<std::uint64_t, std::size_t> open_;
};

} // namespace

history_writer::history_writer(const std::string& path) {
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0)
    throw std::system_error(errno, std::generic_category(), path);
  write_line(std::string(header) + "\n");
}

history_writer::~history_writer() {
  ::close(fd_);
}

history_writer::ticket history_writer::invoke(const operation& asked, std::int64_t time) {
  std::string rest = "\t" + std::to_string(time) + "\t" + escaped(asked.client) + "\t" + name_of(asked.what) +
                     "\t" + escaped(asked.key);
  if (asked.what == action::put || asked.what == action::cas)
    rest += "\t" + field_of(asked.written);
  if (asked.what == action::cas)
    rest += "\t" + field_of(asked.expected);
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_++;
  write_line("i\t" + std::to_string(id) + rest + "\n");
  return {id, asked.what};
}

void history_writer::complete(ticket which, outcome result, std::int64_t time, const value& read) {
  std::string line = "r\t" + std::to_string(which.id) + "\t" + std::to_string(time) + "\t" + name_of(result);
  if (which.what == action::get && result == outcome::ok)
    line += "\t" + field_of(read);
  const std::lock_guard lock(mutex_);
  write_line(line + "\n");
}

std::int64_t history_writer::now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void history_writer::write_line(const std::string& line) {
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t wrote = ::write(fd_, line.data() + done, line.size() - done);
    if (wrote < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "history file");
    if (wrote > 0)
      done += static_cast<std::size_t>(wrote);
  }
}

bool read_history(std::istream& in, std::vector<operation>& into, read_error& error) {
  parser lines(into);
  std::string line;
  error = {};
  while (std::getline(in, line)) {
    ++error.line;
    if (in.eof())
      break; // no \n: the process died while it wrote this line
    if (error.line == 1) {
      if (line == header)
        continue;
      error.what = "the file does not begin with \"troupe-history\\t1\"";
      return false;
    }
    if (const char* wrong = lines.take(line)) {
      error.what = wrong;
      return false;
    }
  }
  return true;
}

} // namespace troupe::linearizability
