#include "config/write.h"
#include "config/keys.h"
#include <algorithm>
#include <filesystem>

namespace troupe::config {
namespace {

// A scalar that YAML reads back as this very text: plain where that is plainly safe, else in double quotes.
std::string scalar(const std::string& text) {
  const auto safe = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '/' || c == '-';
  };
  const bool null = text == "null" || text == "Null" || text == "NULL";
  if (!text.empty() && !null && text.front() != '-' && text.front() != '.' &&
      std::all_of(text.begin(), text.end(), safe))
    return text;
  static constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f)
      ((out += "\\x") += hex[byte >> 4]) += hex[byte & 15];
    else
      out += c;
  }
  return out + "\"";
}

// The keys of one mapping. Empty text is left out: it is the default and no value that could be read.
template <class T>
void write_keys(const T& from, const std::string& first, const std::string& others, std::string& out) {
  const auto* indent = &first;
  for (const auto& k : keys_of<T>()) {
    auto value = print_value<T>(k.value, from);
    if (std::holds_alternative<text_value<T>>(k.value)) {
      if (value.empty())
        continue;
      value = scalar(value);
    }
    out += *indent + std::string{k.name} + ": " + value + "\n";
    indent = &others;
  }
}

} // namespace

std::string to_yaml(const cluster& c) {
  std::string out = "cluster: " + scalar(c.name) + "\nzones: [";
  for (std::size_t i = 0; i < c.zones.size(); ++i)
    out += (i == 0 ? "" : ", ") + scalar(c.zones[i]);
  out += "]\nnodes:\n";
  for (const auto& n : c.nodes)
    write_keys(n, "  - ", "    ", out);
  out += "replication:\n";
  write_keys(c.replication, "  ", "  ", out);
  out += "storage:\n";
  write_keys(c.storage, "  ", "  ", out);
  out += "healing:\n";
  write_keys(c.healing, "  ", "  ", out);
  out += "archive:\n";
  write_keys(c.archive, "  ", "  ", out);
  out += "scrub:\n";
  write_keys(c.scrub, "  ", "  ", out);
  out += "requests:\n";
  write_keys(c.requests, "  ", "  ", out);
  out += "api:\n";
  write_keys(c.api, "  ", "  ", out);
  out += "tls:\n";
  write_keys(c.tls, "  ", "  ", out);
  return out;
}

cluster dev_cluster(const std::string& data_dir) {
  cluster c;
  c.name = "dev";
  c.zones = {"zone-a", "zone-b", "zone-c"};
  for (std::size_t i = 0; i < c.zones.size(); ++i) {
    node n;
    n.name = "n" + std::to_string(i + 1);
    n.zone = c.zones[i];
    n.port = static_cast<std::uint16_t>(7101 + i);
    n.metrics_port = static_cast<std::uint16_t>(7201 + i);
    n.http_port = static_cast<std::uint16_t>(8000 + i); // where people look for DynamoDB Local
    n.data = (std::filesystem::path{data_dir} / n.name).string();
    n.roles.metadata = true;
    c.nodes.push_back(n);
  }
  c.archive.directory = (std::filesystem::path{data_dir} / "archive").string();
  c.api.auth = api_auth::none; // nothing to configure, and nobody else's: it listens on this machine only
  return c;
}

} // namespace troupe::config
