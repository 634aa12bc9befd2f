// What depends on the machine a cluster file is read on: its addresses, its disks, its TLS files.
#include "config/check.h"
#include "config/text.h"
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::config {
namespace {

std::set<std::string> own_addresses() {
  std::set<std::string> out;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0)
    return out;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list{first, freeifaddrs};
  for (const auto* a = list.get(); a != nullptr; a = a->ifa_next) {
    if (a->ifa_addr == nullptr)
      continue;
    char text[INET6_ADDRSTRLEN] = {};
    const void* raw = nullptr;
    if (a->ifa_addr->sa_family == AF_INET)
      raw = &reinterpret_cast<const sockaddr_in*>(a->ifa_addr)->sin_addr;
    else if (a->ifa_addr->sa_family == AF_INET6)
      raw = &reinterpret_cast<const sockaddr_in6*>(a->ifa_addr)->sin6_addr;
    if (raw != nullptr && inet_ntop(a->ifa_addr->sa_family, raw, text, sizeof text) != nullptr)
      out.insert(text);
  }
  return out;
}

std::string own_name() {
  char text[256] = {};
  return gethostname(text, sizeof text - 1) == 0 ? text : "";
}

// 0, or the errno of why no directory can be made in this one. Only trying tells: permissions say nothing
// about read-only disks, quotas and what root may do.
int try_directory_in(const std::string& path) {
  const auto probe = path + "/.troupe-check-" + std::to_string(getpid());
  if (mkdir(probe.c_str(), 0700) != 0)
    return errno;
  return rmdir(probe.c_str()) == 0 ? 0 : errno;
}

// The directory need not exist: then the nearest one above it must let it be made.
void check_directory(const std::string& path, const std::string& title, const std::string& where,
                     source& from) {
  namespace fs = std::filesystem;
  std::error_code failed;
  fs::path there{path};
  while (!fs::exists(fs::symlink_status(there, failed)) && there.has_relative_path())
    there = there.parent_path();
  const auto text = there.string();
  const auto advice = "choose another directory, or change what is there";
  if (!fs::is_directory(there, failed))
    from.refuse(where,
                "the data directory of " + title + " cannot be " + path + ": " + text + " is not a directory",
                advice);
  else if (const int why = try_directory_in(text); why != 0)
    from.refuse(where,
                "the data directory of " + title + " cannot be " + path + ": " + text + " is not writable (" +
                    std::strerror(why) + ")",
                advice);
}

// What stands in it is for those to judge who use it.
void check_credentials(const std::string& path, const std::string& where, source& from) {
  std::ifstream in{path, std::ios::binary};
  std::error_code failed;
  if (!in || std::filesystem::is_directory(path, failed))
    from.refuse(where, "the credentials file " + path + " cannot be read",
                "check the path and its permissions");
}

void check_pem(const std::string& path, const std::string& where,
               const std::vector<std::pair<std::string, std::string>>& needs, source& from) {
  if (path.empty())
    return;
  std::ifstream in{path, std::ios::binary};
  std::error_code failed;
  if (!in || std::filesystem::is_directory(path, failed)) {
    from.refuse(where, "the TLS file " + path + " cannot be read", "check the path and its permissions");
    return;
  }
  std::ostringstream all;
  all << in.rdbuf();
  for (const auto& [marker, called] : needs)
    if (all.str().find(marker + "-----") == std::string::npos)
      from.refuse(where, "the TLS file " + path + " holds no " + called, "put it there in PEM");
}

} // namespace

bool is_loopback(const std::string& host) {
  if (to_lower(host) == "localhost")
    return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1)
    return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::vector<std::string> local_nodes(const cluster& c) {
  const auto addresses = own_addresses();
  const auto name = own_name();
  std::vector<std::string> out;
  for (const auto& n : c.nodes)
    if (is_loopback(n.host) || addresses.contains(n.host) || (!name.empty() && n.host == name))
      out.push_back(n.name);
  return out;
}

void check_machine(const cluster& c, const here& starting, source& from) {
  std::vector<std::string> names;
  if (starting.local_nodes)
    names = local_nodes(c);
  if (!starting.node.empty()) {
    if (c.find(starting.node) != nullptr) {
      names.push_back(starting.node);
    } else if (from.sound("nodes") && from.sound("")) {
      std::vector<std::string_view> all;
      for (const auto& n : c.nodes)
        all.push_back(n.name);
      const auto meant = closest(starting.node, all);
      from.refuse("nodes", "there is no node " + in_quotes(starting.node),
                  meant.empty() ? "the nodes are " + in_words(all)
                                : "did you mean " + in_quotes(meant) + "?");
    }
  }
  for (std::size_t i = 0; i < c.nodes.size(); ++i) {
    const auto& n = c.nodes[i];
    const auto where = node_path(i) + ".data";
    if (std::find(names.begin(), names.end(), n.name) != names.end() && !n.data.empty() && from.sound(where))
      check_directory(n.data, "node " + in_quotes(n.name), where, from);
  }
  if (!names.empty() && !c.api.credentials.empty())
    check_credentials(c.api.credentials, "api.credentials", from);
  if (!names.empty() && !c.archive.credentials.empty())
    check_credentials(c.archive.credentials, "archive.credentials", from);
  if (!names.empty() && c.tls.enabled) {
    check_pem(c.tls.certificate, "tls.certificate",
              {{"BEGIN CERTIFICATE", "certificate"}, {"PRIVATE KEY", "private key"}}, from);
    check_pem(c.tls.authority, "tls.authority", {{"BEGIN CERTIFICATE", "certificate"}}, from);
  }
}

} // namespace troupe::config
