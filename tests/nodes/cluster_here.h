// A three-zone cluster of whole nodes inside the test's process: real files, real threads, real ports for the
// client; between the nodes no network. Nodes are stopped and started one by one.
#pragma once
#include "actors/client/client.h"
#include "config/settings.h"
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace troupe::nodes_test {

// True when the condition held before the time was up. Looks every few milliseconds.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds within = std::chrono::seconds(20));

class cluster_here {
public:
  cluster_here(); // makes a directory of its own; starts nothing
  ~cluster_here();

  void start(const std::string& node);            // fails the test when it cannot
  std::string try_start(const std::string& node); // why it could not be started; empty when it runs
  void stop(const std::string& node);
  void start_all();
  void stop_all();
  // The node's directory is gone, as after the loss of its disk.
  void lose_disk(const std::string& node);
  std::string directory(const std::string& node) const;
  bool running(const std::string& node) const;

  // Connected to every router.
  client::session& db();
  // The cluster answers through a router.
  bool answers();

  config::cluster settings;

private:
  struct machine;
  std::unique_ptr<machine> machine_;
  std::unique_ptr<client::session> db_;
  std::string root_;
};

msg::KeySchema string_keys(const std::string& partition);
msg::AttributeMap item(const std::string& key, const std::string& text);
msg::AttributeMap key(const std::string& key);

} // namespace troupe::nodes_test
