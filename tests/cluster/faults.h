// What the fault tests share: a cluster under recorded load, and the judgement at the end.
#pragma once
#include "tests/cluster/harness.h"
#include "tests/cluster/load.h"
#include <gtest/gtest.h>

namespace troupe::cluster_test {

class Faults : public ::testing::Test {
protected:
  // Starts the nodes (with whatever the next two did before), a table of so many partitions, and clients on
  // every router.
  void begin(load_options options = {}, unsigned partitions = 2);
  virtual int node_count() const { return 3; }
  // What the cluster file says beside the usual.
  virtual void change_settings(config::cluster&) {}
  // Before the nodes start: mount file systems, and the like.
  virtual void prepare_nodes() {}

  // Waits until the clients have succeeded that often again.
  void progress(std::uint64_t more = 100);
  // Waits until writes begun after a fault at `since` are acknowledged again; how long nobody's was, in ms.
  double write_gap_ms(std::int64_t since_us);
  // Who leads the table's first partition; waited for.
  std::string leader();
  // Ends the load, reads every register once more, and judges the whole history.
  void judge();

  std::unique_ptr<cluster> nodes;
  std::vector<std::unique_ptr<client::session>> sessions;
  std::vector<client::session*> pointers;
  std::unique_ptr<load> clients;
};

} // namespace troupe::cluster_test
