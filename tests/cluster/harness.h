// A cluster of real processes for tests: started from a generated cluster file, killed, paused, restarted.
//
// Ports come from the operating system, data lies in a directory of its own that goes when the test passes
// and stays when it fails. Only processes started here are ever signalled. Waiting is always for a condition,
// with a deadline.
#pragma once
#include "actors/client/client.h"
#include "config/settings.h"
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::cluster_test {

using std::chrono::milliseconds;

// True as soon as `holds` is; false when the deadline passes first.
bool eventually(milliseconds deadline, const std::function<bool()>& holds);

class cluster {
public:
  // `change` may alter the settings before the file is written.
  explicit cluster(int nodes = 3, const std::function<void(config::cluster&)>& change = {});
  ~cluster(); // kills what runs
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  // Called in each node's process before it becomes the node, between fork and exec; false ends it.
  void place(std::function<bool(const std::string& node)> enter) { enter_ = std::move(enter); }

  void start(const std::string& node);
  void start_all();
  void kill(const std::string& node);   // SIGKILL, and waits until it is gone
  void pause(const std::string& node);  // SIGSTOP
  void resume(const std::string& node); // SIGCONT
  int stop(const std::string& node, milliseconds within = milliseconds(10'000)); // SIGTERM; its exit status
  bool running(const std::string& node);
  pid_t pid(const std::string& node) const;

  // Waits until a metadata leader answers and every node has reported to it.
  void wait_ready(milliseconds within = milliseconds(20'000));
  // A table with one string key "id", waited for until it is active.
  void create_table(const std::string& name, unsigned partitions = 1,
                    milliseconds within = milliseconds(20'000));

  std::unique_ptr<client::session> connect(const std::function<void(client::options&)>& change = {});
  client::session& admin();

  // From the metadata leader's newest reports; empty when nobody is known to lead.
  std::string leader_of(std::uint64_t group);
  std::string leader_of_table(const std::string& table);
  std::uint64_t group_of_table(const std::string& table); // its first partition's; 0: nobody says
  // The highest ballot round any member of the group has reported; each election takes a higher one.
  std::uint64_t round_of(std::uint64_t group);
  std::vector<std::string> names() const;
  const config::cluster& settings() const { return settings_; }
  const std::string& directory() const { return directory_; }
  const std::string& file() const { return file_; }
  std::string log_of(const std::string& node) const; // what it wrote to stderr, all starts
  void keep_data() { keep_ = true; }

private:
  std::string directory_;
  std::string file_;
  config::cluster settings_;
  std::map<std::string, pid_t> running_;
  std::function<bool(const std::string&)> enter_;
  std::unique_ptr<client::session> admin_;
  bool keep_ = false;
};

inline constexpr std::uint64_t metadata_group = 1;

} // namespace troupe::cluster_test
