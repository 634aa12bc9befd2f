// The keys of a cluster file, in one table per mapping. Reading, writing, the "did you mean" of a misspelt
// key and docs/cluster-file.md all go by these tables; a key that is not here does not exist.
#pragma once
#include "config/quantity.h"
#include "config/settings.h"
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::config {

// What stands after a key, free of YAML: one scalar, or a list of scalars.
struct given {
  bool list = false;
  bool quoted = false; // a quoted scalar is text, never a number or a flag
  std::vector<std::string> items;
};

// Why a value was not taken.
struct refusal {
  std::string what;
  std::string advice;
};

// The kinds of values. Each reads what was given into its member (or says why not, leaving the member alone),
// prints the member as the file would say it, and names itself for the documentation.
enum class text_rule { name, host, path, url };

template <class T>
struct text_value {
  std::string T::*member;
  text_rule rule;
};
template <class T>
struct port_value {
  std::uint16_t T::*member;
  bool may_be_zero; // 0: none
};
template <class T>
struct flag_value {
  bool T::*member;
};
template <class T>
struct duration_value {
  std::int64_t T::*member;
  std::int64_t min_ms;
  std::int64_t max_ms;
};
template <class T>
struct size_value {
  std::int64_t T::*member;
  std::int64_t min_bytes;
  std::int64_t max_bytes;
};
template <class T>
struct count_value {
  std::variant<std::int64_t T::*, int T::*> member;
  std::int64_t min;
  std::int64_t max;
};
template <class T>
struct roles_value {
  node_roles T::*member;
};
template <class T>
struct auth_value {
  api_auth T::*member;
};

template <class T>
using value_of = std::variant<text_value<T>, port_value<T>, flag_value<T>, duration_value<T>, size_value<T>,
                              count_value<T>, roles_value<T>, auth_value<T>>;

template <class T>
struct key {
  std::string_view name;
  value_of<T> value;
  std::string_view meaning; // one line for the documentation
  std::string_view example; // only of a key that must be there; others have their default
  bool required() const { return !example.empty(); }
};

// Specialized for node and the sections of settings.h.
template <class T>
std::span<const key<T>> keys_of();

template <class T>
std::optional<refusal> read_value(const value_of<T>& kind, const given& from, T& into);
template <class T>
std::string print_value(const value_of<T>& kind, const T& from);
template <class T>
std::string kind_of(const value_of<T>& kind);

// The keys of the file itself: `cluster`, `zones`, `nodes` and the sections.
struct top_key {
  std::string_view name;
  std::string_view kind;
  std::string_view meaning;
  bool required;
};
std::span<const top_key> top_keys();

// Every key of the file as docs/cluster-file.md lists it, in its order.
struct documented_key {
  std::string path;     // "nodes[].port"
  std::string kind;     // "port, 1 to 65535"
  std::string fallback; // "required", or the default
  std::string meaning;
};
std::vector<documented_key> documented_keys();

} // namespace troupe::config
