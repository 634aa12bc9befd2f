// What a node is made of while it runs. node.cc starts and stops it, node_roles.cc spawns the actors that
// have its partitions and its roles.
#pragma once
#include "actors/admin/admin_actor.h"
#include "actors/agent/agent_actor.h"
#include "actors/disk/disk_actor.h"
#include "actors/disk/items_actor.h"
#include "actors/gateway/listener.h"
#include "actors/gateway/node_backend.h"
#include "actors/host/node.h"
#include "actors/host/probe_actor.h"
#include "actors/kit/common_clock.h"
#include "actors/kit/dialer_actor.h"
#include "actors/kit/log.h"
#include "actors/kit/token_bucket.h"
#include "actors/pulse/pulse_actor.h"
#include "actors/router/router_actor.h"
#include "actors/scrubber/scrubber_actor.h"
#include "storage/log_store.h"
#include "storage/meta_store.h"
#include <atomic>
#include <caf/scoped_actor.hpp>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::host {

struct node::parts {
  caf::actor_system& system;
  config::cluster cluster;
  config::node here;
  kit::metrics_ptr metrics;
  node_options options;
  kit::common_clock& clock = lasting_clock();

  kit::peers_options peers_wish;
  std::unique_ptr<storage::meta_store> meta;
  std::unique_ptr<storage::log_store> log;
  std::set<std::uint64_t> logged;
  wire::peers_actor peers;
  wire::ticker_actor ticker;
  std::shared_ptr<kit::deputies> deputies = std::make_shared<kit::deputies>();
  // Bytes of snapshots, of all groups here.
  std::shared_ptr<kit::pace> gives =
      std::make_shared<kit::pace>(cluster.healing.bytes_per_second, clock.now_us());
  std::shared_ptr<kit::pace> takes =
      std::make_shared<kit::pace>(cluster.healing.bytes_per_second, clock.now_us());
  pulse::pulse_actor pulse;
  wire::scrubbed_disk_actor disk;
  std::vector<wire::scrubbed_items_actor> items;
  wire::scrubbed_archiver_actor archiver; // null: nothing is archived
  wire::restorer_actor restorer;          // null likewise
  std::vector<kit::dialer_actor> dialers;
  admin::admin_actor admin;
  router::router_actor router;
  scrubber::scrubber_actor scrubber;
  agent::agent_actor agent;
  probe_actor probe;
  std::shared_ptr<std::atomic<bool>> ready =
      std::make_shared<std::atomic<bool>>(false); // the cluster answers
  std::shared_ptr<gateway::node_backend> backend;
  std::unique_ptr<gateway::listener> api;
  std::uint16_t port = 0; // 0: not published

  // An actor that does not end in time still looks at it: it lives as long as the process, one for each node
  // that was started here.
  static kit::common_clock& lasting_clock();
  start_failure open_files();
  void spawn_peers();
  void spawn_storage();
  void spawn_archiver();
  void spawn_restorer();
  void spawn_roles(); // the five that follow
  void spawn_pulse();
  void spawn_admin();
  void spawn_router();
  void spawn_scrubber();
  void spawn_agent();
  template <class Options>
  Options common() const;
  void spawn_probe();
  void spawn_dialers();
  start_failure open_api();
  wire::replica_actor spawn_replica(const agent::replica_wish& wish);
  wire::scrubbed_items_actor worker_of(std::uint64_t group) const;
  std::vector<std::string> names_of(bool config::node_roles::*role) const;
  std::string address() const { return here.host + ":" + std::to_string(here.port); }
  void say(kit::level level, const std::string& text) const { kit::log(level, here.name, "host", text); }

  template <class Handle>
  void end(caf::scoped_actor& self, Handle& part, std::chrono::milliseconds within, const char* name);
};

} // namespace troupe::host
