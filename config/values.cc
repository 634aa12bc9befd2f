// How each kind of value is read, printed and described. The kinds know nothing of keys or of YAML.
#include "config/keys.h"
#include "config/limits.h"
#include "config/text.h"
#include <algorithm>
#include <array>
#include <type_traits>

namespace troupe::config {
namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

bool only(std::string_view text, std::string_view marks) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

// A role's name and its place in node_roles, in the order in which they are written.
struct role {
  std::string_view name;
  bool node_roles::*member;
};
constexpr std::array<role, 3> all_roles{{{"storage", &node_roles::storage},
                                         {"router", &node_roles::router},
                                         {"metadata", &node_roles::metadata}}};

std::optional<refusal> need_scalar(const given& from, std::string_view kind) {
  if (from.list)
    return refusal{"a list stands where one " + std::string{kind} + " belongs",
                   "write the value without brackets"};
  return std::nullopt;
}

// Numbers and flags: quotes make text of them.
std::optional<refusal> need_plain(const given& from, std::string_view kind) {
  if (auto wrong = need_scalar(from, kind))
    return wrong;
  if (from.quoted)
    return refusal{"text in quotes stands where a " + std::string{kind} + " belongs", "remove the quotes"};
  return std::nullopt;
}

// "https://s3.example.org", "http://127.0.0.1:9000"
bool is_service(std::string_view text) {
  for (std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme)) {
      auto host = text.substr(scheme.size());
      return !host.empty() && host.size() <= 259 && only(host, "-.:[]");
    }
  return false;
}

std::optional<refusal> read_text(const given& from, text_rule rule, std::string& into) {
  if (auto wrong = need_scalar(from, "value"))
    return wrong;
  const auto& text = from.items.front();
  switch (rule) {
  case text_rule::name:
    if (!is_name(text))
      return refusal{in_quotes(text) + " is not a name", std::string{name_advice}};
    break;
  case text_rule::host:
    if (text.empty() || text.size() > 253 || !only(text, "-.:%"))
      return refusal{in_quotes(text) + " is not a host",
                     "write an IP address or a host name, without a port"};
    break;
  case text_rule::url:
    if (!is_service(text))
      return refusal{in_quotes(text) + " is not the address of a service",
                     "write http:// or https://, a host and perhaps a port, and nothing behind it"};
    break;
  case text_rule::path:
    if (text.empty() || text.size() > limits::path_bytes || text.find('\0') != std::string::npos)
      return refusal{in_quotes(text) + " is not a path",
                     "write a path; if relative, it starts at the file's folder"};
    break;
  }
  into = text;
  return std::nullopt;
}

std::optional<refusal> read_flag(const given& from, bool& into) {
  if (auto wrong = need_plain(from, "true or false"))
    return wrong;
  const auto& text = from.items.front();
  if (text != "true" && text != "false")
    return refusal{in_quotes(text) + " is neither true nor false", "write true or false"};
  into = text == "true";
  return std::nullopt;
}

std::optional<refusal> read_roles(const given& from, node_roles& into) {
  if (!from.list)
    return refusal{"roles are a list", "write [storage], [router], [storage, router, metadata], ..."};
  if (from.items.empty())
    return refusal{"the list of roles is empty",
                   "a node without a role does nothing: name one or remove the node"};
  node_roles roles{.storage = false, .router = false, .metadata = false};
  for (const auto& item : from.items) {
    auto found =
        std::find_if(all_roles.begin(), all_roles.end(), [&](const role& r) { return r.name == item; });
    if (found == all_roles.end()) {
      std::array<std::string_view, all_roles.size()> names;
      std::transform(all_roles.begin(), all_roles.end(), names.begin(), [](const role& r) { return r.name; });
      auto meant = closest(item, names);
      return refusal{"unknown role " + in_quotes(item), meant.empty()
                                                            ? "the roles are storage, router and metadata"
                                                            : "did you mean " + in_quotes(meant) + "?"};
    }
    if (roles.*(found->member))
      return refusal{"role " + in_quotes(item) + " is named twice", "remove one"};
    roles.*(found->member) = true;
  }
  into = roles;
  return std::nullopt;
}

std::optional<refusal> read_auth(const given& from, api_auth& into) {
  if (auto wrong = need_scalar(from, "value"))
    return wrong;
  const auto& text = from.items.front();
  if (text != "signatures" && text != "none")
    return refusal{in_quotes(text) + " is neither signatures nor none", "write signatures or none"};
  into = text == "none" ? api_auth::none : api_auth::signatures;
  return std::nullopt;
}

// A number with bounds; `parsed` is what its own parser made of the text.
template <class N, class Print>
std::optional<refusal> take(const quantity& parsed, std::int64_t min, std::int64_t max, Print print,
                            N& into) {
  if (!parsed.value)
    return refusal{parsed.what, parsed.advice};
  if (*parsed.value < min || *parsed.value > max)
    return refusal{print(*parsed.value) + " is out of range", "write " + print(min) + " to " + print(max)};
  into = static_cast<N>(*parsed.value);
  return std::nullopt;
}

std::string print_count(std::int64_t value) {
  return std::to_string(value);
}

std::string range(std::string_view kind, const std::string& min, const std::string& max) {
  return std::string{kind} + ", " + min + " to " + max;
}

} // namespace

template <class T>
std::optional<refusal> read_value(const value_of<T>& kind, const given& from, T& into) {
  return std::visit(overloaded{
                        [&](const text_value<T>& v) { return read_text(from, v.rule, into.*v.member); },
                        [&](const port_value<T>& v) {
                          auto wrong = need_plain(from, "port");
                          return wrong ? wrong
                                       : take(parse_count(from.items.front()), v.may_be_zero ? 0 : 1, 65'535,
                                              print_count, into.*v.member);
                        },
                        [&](const flag_value<T>& v) { return read_flag(from, into.*v.member); },
                        [&](const duration_value<T>& v) {
                          auto wrong = need_plain(from, "duration");
                          return wrong ? wrong
                                       : take(parse_duration(from.items.front()), v.min_ms, v.max_ms,
                                              print_duration, into.*v.member);
                        },
                        [&](const size_value<T>& v) {
                          auto wrong = need_plain(from, "size");
                          return wrong ? wrong
                                       : take(parse_size(from.items.front()), v.min_bytes, v.max_bytes,
                                              print_size, into.*v.member);
                        },
                        [&](const count_value<T>& v) {
                          if (auto wrong = need_plain(from, "number"))
                            return wrong;
                          return std::visit(
                              [&](auto member) {
                                return take(parse_count(from.items.front()), v.min, v.max, print_count,
                                            into.*member);
                              },
                              v.member);
                        },
                        [&](const roles_value<T>& v) { return read_roles(from, into.*v.member); },
                        [&](const auth_value<T>& v) { return read_auth(from, into.*v.member); },
                    },
                    kind);
}

template <class T>
std::string print_value(const value_of<T>& kind, const T& from) {
  return std::visit(
      overloaded{
          [&](const text_value<T>& v) { return from.*v.member; },
          [&](const port_value<T>& v) { return std::to_string(from.*v.member); },
          [&](const flag_value<T>& v) { return std::string{from.*v.member ? "true" : "false"}; },
          [&](const duration_value<T>& v) { return print_duration(from.*v.member); },
          [&](const size_value<T>& v) { return print_size(from.*v.member); },
          [&](const count_value<T>& v) {
            return std::visit([&](auto member) { return std::to_string(from.*member); }, v.member);
          },
          [&](const roles_value<T>& v) {
            std::string out;
            for (const auto& r : all_roles)
              if (from.*v.member.*(r.member))
                out += (out.empty() ? "" : ", ") + std::string{r.name};
            return "[" + out + "]";
          },
          [&](const auth_value<T>& v) {
            return std::string{from.*v.member == api_auth::none ? "none" : "signatures"};
          },
      },
      kind);
}

template <class T>
std::string kind_of(const value_of<T>& kind) {
  return std::visit(
      overloaded{
          [](const text_value<T>& v) {
            return std::string{v.rule == text_rule::name   ? "name"
                               : v.rule == text_rule::host ? "host"
                               : v.rule == text_rule::url  ? "url"
                                                           : "path"};
          },
          [](const port_value<T>& v) { return range("port", v.may_be_zero ? "0" : "1", "65535"); },
          [](const flag_value<T>&) { return std::string{"true or false"}; },
          [](const duration_value<T>& v) {
            return range("duration", print_duration(v.min_ms), print_duration(v.max_ms));
          },
          [](const size_value<T>& v) {
            return range("size", print_size(v.min_bytes), print_size(v.max_bytes));
          },
          [](const count_value<T>& v) { return range("number", print_count(v.min), print_count(v.max)); },
          [](const roles_value<T>&) { return std::string{"list of storage, router, metadata"}; },
          [](const auth_value<T>&) { return std::string{"signatures or none"}; },
      },
      kind);
}

template std::optional<refusal> read_value(const value_of<node>&, const given&, node&);
template std::string print_value(const value_of<node>&, const node&);
template std::string kind_of<node>(const value_of<node>&);
template std::optional<refusal> read_value(const value_of<replication_settings>&, const given&,
                                           replication_settings&);
template std::string print_value(const value_of<replication_settings>&, const replication_settings&);
template std::string kind_of<replication_settings>(const value_of<replication_settings>&);
template std::optional<refusal> read_value(const value_of<storage_settings>&, const given&,
                                           storage_settings&);
template std::string print_value(const value_of<storage_settings>&, const storage_settings&);
template std::string kind_of<storage_settings>(const value_of<storage_settings>&);
template std::optional<refusal> read_value(const value_of<healing_settings>&, const given&,
                                           healing_settings&);
template std::string print_value(const value_of<healing_settings>&, const healing_settings&);
template std::string kind_of<healing_settings>(const value_of<healing_settings>&);
template std::optional<refusal> read_value(const value_of<archive_settings>&, const given&,
                                           archive_settings&);
template std::string print_value(const value_of<archive_settings>&, const archive_settings&);
template std::string kind_of<archive_settings>(const value_of<archive_settings>&);
template std::optional<refusal> read_value(const value_of<scrub_settings>&, const given&, scrub_settings&);
template std::string print_value(const value_of<scrub_settings>&, const scrub_settings&);
template std::string kind_of<scrub_settings>(const value_of<scrub_settings>&);
template std::optional<refusal> read_value(const value_of<request_settings>&, const given&,
                                           request_settings&);
template std::string print_value(const value_of<request_settings>&, const request_settings&);
template std::string kind_of<request_settings>(const value_of<request_settings>&);
template std::optional<refusal> read_value(const value_of<api_settings>&, const given&, api_settings&);
template std::string print_value(const value_of<api_settings>&, const api_settings&);
template std::string kind_of<api_settings>(const value_of<api_settings>&);
template std::optional<refusal> read_value(const value_of<tls_settings>&, const given&, tls_settings&);
template std::string print_value(const value_of<tls_settings>&, const tls_settings&);
template std::string kind_of<tls_settings>(const value_of<tls_settings>&);

} // namespace troupe::config
