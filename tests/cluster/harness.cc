#include "tests/cluster/harness.h"
#include "actors/client/values.h"
#include "config/write.h"
#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <set>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace troupe::cluster_test {

namespace fs = std::filesystem;

namespace {

// Ports that were free a moment ago, all different.
std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::uint16_t> ports;
  while (ports.size() < count) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (s < 0 || bind(s, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(s, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no free port");
    sockets.push_back(s);
    ports.push_back(ntohs(address.sin_port));
  }
  for (int s : sockets)
    close(s);
  return ports;
}

// Whether the child has ended; its exit status then. Takes its remains.
bool ended(pid_t child, int& status, bool wait) {
  return waitpid(child, &status, wait ? 0 : WNOHANG) == child;
}

} // namespace

bool eventually(milliseconds deadline, const std::function<bool()>& holds) {
  auto until = std::chrono::steady_clock::now() + deadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until)
      return false;
    std::this_thread::sleep_for(milliseconds(10)); // between two looks at the condition
  }
  return true;
}

cluster::cluster(int nodes, const std::function<void(config::cluster&)>& change) {
  auto pattern = (fs::temp_directory_path() / "troupe-cluster-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    throw std::runtime_error("no temporary directory");
  directory_ = pattern;
  auto ports = free_ports(static_cast<std::size_t>(nodes) * 2);
  settings_.name = "test-" + std::to_string(getpid());
  settings_.zones = {"zone-a", "zone-b", "zone-c"};
  for (int i = 0; i < nodes; ++i) {
    config::node n;
    n.name = "n" + std::to_string(i + 1);
    n.zone = settings_.zones[static_cast<std::size_t>(i) % 3];
    n.port = ports[static_cast<std::size_t>(i) * 2];
    n.metrics_port = ports[static_cast<std::size_t>(i) * 2 + 1];
    n.data = directory_ + "/" + n.name;
    n.roles.metadata = i < 3;
    settings_.nodes.push_back(n);
  }
  settings_.storage.free_bytes_min = 16 << 20;
  if (change)
    change(settings_);
  file_ = directory_ + "/cluster.yaml";
  std::ofstream(file_) << config::to_yaml(settings_);
}

cluster::~cluster() {
  if (admin_)
    admin_->close();
  for (auto& [name, child] : std::map(running_))
    kill(name);
  if (keep_ || ::testing::Test::HasFailure())
    std::printf("the cluster's data and logs stay in %s\n", directory_.c_str());
  else
    fs::remove_all(directory_);
}

void cluster::start(const std::string& node) {
  if (running_.count(node) > 0)
    throw std::logic_error("node " + node + " runs already");
  auto log = directory_ + "/" + node + ".log";
  pid_t child = fork();
  if (child < 0)
    throw std::runtime_error("fork failed");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
    dup2(fd, 1);
    dup2(fd, 2);
    if (enter_ && !enter_(node))
      _exit(126);
    execl(TROUPE_PROGRAM, "troupe", "node", file_.c_str(), node.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  running_[node] = child;
}

void cluster::start_all() {
  for (auto& n : settings_.nodes)
    start(n.name);
}

void cluster::kill(const std::string& node) {
  auto child = running_.at(node);
  ::kill(child, SIGKILL);
  int status = 0;
  ended(child, status, true);
  running_.erase(node);
}

void cluster::pause(const std::string& node) {
  ::kill(running_.at(node), SIGSTOP);
}

void cluster::resume(const std::string& node) {
  ::kill(running_.at(node), SIGCONT);
}

int cluster::stop(const std::string& node, milliseconds within) {
  auto child = running_.at(node);
  ::kill(child, SIGTERM);
  int status = 0;
  if (!eventually(within, [&] { return ended(child, status, false); })) {
    kill(node);
    ADD_FAILURE() << "node " << node << " did not stop within " << within.count() << " ms\n" << log_of(node);
    return -1;
  }
  running_.erase(node);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool cluster::running(const std::string& node) {
  auto it = running_.find(node);
  if (it == running_.end())
    return false;
  int status = 0;
  if (!ended(it->second, status, false))
    return true;
  running_.erase(it);
  return false;
}

pid_t cluster::pid(const std::string& node) const {
  return running_.at(node);
}

std::vector<std::string> cluster::names() const {
  std::vector<std::string> result;
  for (auto& n : settings_.nodes)
    result.push_back(n.name);
  return result;
}

std::unique_ptr<client::session> cluster::connect(const std::function<void(client::options&)>& change) {
  client::options o;
  for (auto& n : settings_.nodes)
    o.routers.push_back({n.host, n.port});
  o.tls = settings_.tls;
  if (change)
    change(o);
  auto made = client::connect(o);
  if (!made.session)
    throw std::runtime_error(made.trouble);
  return std::move(made.session);
}

client::session& cluster::admin() {
  if (!admin_)
    admin_ = connect();
  return *admin_;
}

void cluster::wait_ready(milliseconds within) {
  std::string last;
  auto ready = eventually(within, [&] {
    client::cluster_status ask;
    ask.timeout = milliseconds(2'000);
    auto answer = admin().call(ask);
    last = answer.ok() ? answer.cluster.ShortDebugString() : answer.status.message();
    if (!answer.ok())
      return false;
    std::set<std::string> heard;
    for (auto& n : answer.cluster.nodes())
      if (n.heard_ms_ago() < 3'000)
        heard.insert(n.node());
    for (auto& [name, child] : running_)
      if (heard.count(name) == 0)
        return false;
    return true;
  });
  if (!ready) {
    std::ostringstream why;
    why << "the cluster is not ready: " << last << "\n";
    for (auto& n : settings_.nodes)
      why << "--- " << n.name << "\n" << log_of(n.name);
    throw std::runtime_error(why.str());
  }
}

void cluster::create_table(const std::string& name, unsigned partitions, milliseconds within) {
  client::create_table ask;
  ask.name = name;
  ask.keys.mutable_partition()->set_name("id");
  ask.keys.mutable_partition()->set_type(msg::KEY_TYPE_S);
  ask.partitions = partitions;
  ask.timeout = std::min(within, milliseconds(20'000));
  auto made = admin().call(ask);
  // A large table may take longer than a request may.
  auto unknown = made.status.code() == msg::UNKNOWN_OUTCOME;
  client::describe_table question;
  question.name = name;
  auto active = [&] { return admin().call(question).table.state() == msg::TABLE_ACTIVE; };
  if (!made.ok() && !(unknown && eventually(within - ask.timeout, active)))
    throw std::runtime_error("create table: " + made.status.message());
}

std::string cluster::leader_of(std::uint64_t group) {
  client::cluster_status ask;
  ask.timeout = milliseconds(5'000);
  auto answer = admin().call(ask);
  for (auto& n : answer.cluster.nodes())
    for (auto& r : n.replicas())
      if (r.group() == group && r.serving() && n.heard_ms_ago() < 2'000)
        return n.node();
  return {};
}

std::string cluster::leader_of_table(const std::string& table) {
  auto group = group_of_table(table);
  return group == 0 ? std::string() : leader_of(group);
}

std::uint64_t cluster::group_of_table(const std::string& table) {
  client::describe_table ask;
  ask.name = table;
  auto answer = admin().call(ask);
  return answer.partitions.empty() ? 0 : answer.partitions.front().group();
}

std::uint64_t cluster::round_of(std::uint64_t group) {
  std::uint64_t highest = 0;
  auto answer = admin().call(client::cluster_status{});
  for (auto& n : answer.cluster.nodes())
    for (auto& r : n.replicas())
      if (r.group() == group)
        highest = std::max(highest, r.ballot().round());
  return highest;
}

std::string cluster::log_of(const std::string& node) const {
  std::ifstream in(directory_ + "/" + node + ".log");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace troupe::cluster_test
