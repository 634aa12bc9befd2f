#include "tests/nodes/cluster_here.h"
#include "actors/host/node.h"
#include "actors/kit/node_config.h"
#include "config/write.h"
#include <arpa/inet.h>
#include <caf/actor_system.hpp>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace troupe::nodes_test {

namespace {

// One that nobody listens on now, for a test that starts listening right away.
std::uint16_t free_port() {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

} // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds within) {
  auto until = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

struct cluster_here::machine {
  kit::node_config config;
  caf::actor_system system{config};
  std::map<std::string, std::unique_ptr<host::node>> nodes;
};

cluster_here::cluster_here() : machine_(new machine) {
  std::string pattern = (std::filesystem::temp_directory_path() / "troupe-nodes-XXXXXX").string();
  root_ = ::mkdtemp(pattern.data());
  settings = config::dev_cluster(root_);
  for (auto& n : settings.nodes) {
    n.port = free_port();
    n.http_port = 0;
  }
  settings.replication.lease_ms = 600;
  settings.replication.heartbeat_ms = 100;
  settings.replication.election_jitter_ms = 100;
  settings.storage.free_bytes_min = 1 << 20;
}

cluster_here::~cluster_here() {
  db_.reset();
  stop_all();
  machine_.reset();
  std::filesystem::remove_all(root_);
}

std::string cluster_here::try_start(const std::string& name) {
  auto registry = std::make_shared<prometheus::Registry>();
  auto one = std::make_unique<host::node>(machine_->system, settings, name,
                                          std::make_shared<kit::metrics>(registry, name),
                                          host::node_options{false, {}});
  if (auto failure = one->start(); failure.failed())
    return failure.text;
  for (auto& [other, running] : machine_->nodes)
    host::node::link(*one, *running);
  machine_->nodes[name] = std::move(one);
  return {};
}

void cluster_here::start(const std::string& node) {
  auto trouble = try_start(node);
  ASSERT_EQ(trouble, "") << node;
}

void cluster_here::stop(const std::string& node) {
  if (auto it = machine_->nodes.find(node); it != machine_->nodes.end()) {
    it->second->stop();
    machine_->nodes.erase(it);
  }
}

void cluster_here::start_all() {
  for (const auto& n : settings.nodes)
    if (!running(n.name))
      start(n.name);
}

void cluster_here::stop_all() {
  for (const auto& n : settings.nodes)
    stop(n.name);
}

void cluster_here::lose_disk(const std::string& node) {
  std::filesystem::remove_all(directory(node));
}

std::string cluster_here::directory(const std::string& node) const {
  return settings.find(node)->data;
}

bool cluster_here::running(const std::string& node) const {
  return machine_->nodes.count(node) > 0;
}

client::session& cluster_here::db() {
  if (!db_) {
    client::options o;
    for (const auto& n : settings.nodes)
      o.routers.push_back({n.host, n.port});
    db_ = client::connect(o).session;
  }
  return *db_;
}

bool cluster_here::answers() {
  client::list_tables question;
  question.timeout = std::chrono::milliseconds(1000);
  return db().call(question).ok();
}

msg::KeySchema string_keys(const std::string& partition) {
  msg::KeySchema keys;
  keys.mutable_partition()->set_name(partition);
  keys.mutable_partition()->set_type(msg::KEY_TYPE_S);
  return keys;
}

msg::AttributeMap key(const std::string& text) {
  msg::AttributeMap map;
  auto* a = map.add_attributes();
  a->set_name("id");
  a->mutable_value()->set_s(text);
  return map;
}

msg::AttributeMap item(const std::string& id, const std::string& text) {
  auto map = key(id);
  auto* a = map.add_attributes();
  a->set_name("text");
  a->mutable_value()->set_s(text);
  return map;
}

} // namespace troupe::nodes_test
