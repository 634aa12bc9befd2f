// Understanding what people type, and saying what would have been right.
#include "actors/core/item/base64.h"
#include "actors/core/item/json.h"
#include "actors/host/commands/command.h"
#include "config/limits.h"
#include "config/quantity.h"
#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <ctime>
#include <fstream>
#include <istream>
#include <iterator>

namespace troupe::commands {

namespace {

// Reads at most one byte more than any item may take, to tell "too long" from "just fits".
std::string read_all(std::istream& in) {
  std::string text;
  char block[64 * 1024];
  while (text.size() <= item::max_json_bytes && in.read(block, sizeof block).gcount() > 0)
    text.append(block, static_cast<std::size_t>(in.gcount()));
  return text;
}

} // namespace

understood<std::string> read_argument(const terminal& t, const std::string& argument) {
  if (argument == "-")
    return {read_all(*t.in), {}};
  if (argument.empty() || argument.front() != '@')
    return {argument, {}};
  std::ifstream file(argument.substr(1), std::ios::binary);
  if (!file)
    return {{}, "cannot read the file " + argument.substr(1)};
  return {read_all(file), {}};
}

understood<msg::AttributeMap> parse_attributes(const terminal& t, const std::string& argument) {
  auto text = read_argument(t, argument);
  if (!text.value)
    return {{}, text.trouble};
  auto parsed = item::read_json(*text.value);
  if (!parsed)
    return {{}, parsed.why().message + R"(; write DynamoDB JSON, as in {"pk": {"S": "a"}, "n": {"N": "1"}})"};
  return {std::move(*parsed), {}};
}

understood<msg::Value> parse_value(const std::string& text) {
  static const std::string usage =
      R"(; write S:text, N:number, B:base64, or DynamoDB JSON such as {"S": "text"})";
  if (!text.empty() && text.front() == '{') {
    auto parsed = item::read_json_value(text);
    if (!parsed)
      return {{}, parsed.why().message + usage};
    return {std::move(*parsed), {}};
  }
  auto rest = text.size() >= 2 ? text.substr(2) : std::string();
  if (text.rfind("S:", 0) == 0)
    return {client::s(rest), {}};
  if (text.rfind("N:", 0) == 0)
    return {client::n(std::string_view(rest)), {}};
  if (text.rfind("B:", 0) == 0) {
    if (auto bytes = item::decode_base64(rest))
      return {client::b(std::move(*bytes)), {}};
    return {{}, "'" + rest + "' is not base64"};
  }
  return {{}, "'" + text + "' is not a value" + usage};
}

namespace {

// "#n=attribute" and ":v=N:5", at the first sign behind the placeholder.
std::optional<std::pair<std::string, std::string>> parse_placeholder(const std::string& text, char mark) {
  auto sign = text.find('=');
  if (text.empty() || text.front() != mark || sign == std::string::npos || sign < 2)
    return std::nullopt;
  return std::pair(text.substr(0, sign), text.substr(sign + 1));
}

} // namespace

understood<client::parsed_expressions> parse_expressions(const expression_wish& wish) {
  client::expressions texts{.update = wish.update, .condition = wish.condition, .filter = wish.filter};
  for (const auto& name : wish.names) {
    auto parts = parse_placeholder(name, '#');
    if (!parts)
      return {{}, "'" + name + "' names no attribute; write #NAME=ATTRIBUTE, as in '#y=year'"};
    texts.names.push_back(std::move(*parts));
  }
  for (const auto& value : wish.values) {
    auto parts = parse_placeholder(value, ':');
    if (!parts)
      return {{}, "'" + value + "' is no value of a placeholder; write :NAME=VALUE, as in ':one=N:1'"};
    auto parsed = parse_value(parts->second);
    if (!parsed.value)
      return {{}, parsed.trouble};
    texts.values.emplace_back(std::move(parts->first), std::move(*parsed.value));
  }
  auto made = client::parse(texts);
  if (!made.ok())
    return {{}, made.trouble};
  return {std::move(made), {}};
}

void add_placeholders(CLI::App& sub, expression_wish& wish) {
  sub.add_option("--name", wish.names, "What a # placeholder of the expressions stands for; may be repeated")
      ->allow_extra_args(false)
      ->type_name("#NAME=ATTRIBUTE");
  sub.add_option("--value", wish.values,
                 "What a : placeholder of the expressions stands for; may be repeated")
      ->allow_extra_args(false)
      ->type_name(":NAME=VALUE");
}

understood<msg::KeyAttribute> parse_key_attribute(const std::string& text) {
  auto colon = text.rfind(':');
  auto type = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  msg::KeyAttribute key;
  key.set_name(text.substr(0, colon));
  key.set_type(type == "S"   ? msg::KEY_TYPE_S
               : type == "N" ? msg::KEY_TYPE_N
               : type == "B" ? msg::KEY_TYPE_B
                             : msg::KEY_TYPE_NONE);
  if (key.type() == msg::KEY_TYPE_NONE || key.name().empty())
    return {{}, "'" + text + "' is not a key attribute; write NAME:TYPE with type S, N or B, as in pk:S"};
  return {std::move(key), {}};
}

understood<std::int64_t> parse_time(const std::string& text) {
  auto unclear = understood<std::int64_t>{
      {}, "'" + text + "' is no time; write it as in 2026-11-23T14:05:00Z, or in seconds since 1970"};
  // A fraction is cut off first, as strptime knows none.
  auto point = text.find('.');
  auto whole = text.substr(0, point);
  std::int64_t ms = 0;
  if (point != std::string::npos) {
    auto digits = text.substr(point + 1, text.find_first_not_of("0123456789", point + 1) - point - 1);
    if (digits.empty() || digits.size() > 9)
      return unclear;
    ms = std::stoll((digits + "00").substr(0, 3));
    whole += text.substr(point + 1 + digits.size());
  }
  std::int64_t seconds = 0;
  auto [end, trouble] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  if (trouble == std::errc{} && end == whole.data() + whole.size()) {
    if (seconds < 0 || seconds > 253'402'300'799) // the year 9999
      return unclear;
    return {seconds * 1000 + ms, {}};
  }
  std::tm parts{};
  const char* rest = ::strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (!rest || *rest != '\0' || parts.tm_year < 70)
    return unclear;
  return {static_cast<std::int64_t>(::timegm(&parts)) * 1000 + ms, {}};
}

std::int64_t unix_ms() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string to_time(std::int64_t unix_ms) {
  auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(unix_ms % 1000));
  return text;
}

understood<std::int64_t> parse_timeout(const std::string& text) {
  auto parsed = config::parse_duration(text);
  if (!parsed.value)
    return {{}, parsed.what + (parsed.advice.empty() ? "" : "; " + parsed.advice)};
  if (*parsed.value == 0)
    return {{}, "a timeout of nothing leaves no time for an answer"};
  if (*parsed.value > limits::request_deadline_max_ms)
    return {{}, "a request takes " + config::print_duration(limits::request_deadline_max_ms) + " at most"};
  return {*parsed.value, {}};
}

} // namespace troupe::commands
