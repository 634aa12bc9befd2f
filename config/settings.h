// What a cluster file says, as plain data. load.h reads and checks it; nothing else parses YAML.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::config {

// What a node may be asked to do. Written in the file as `roles: [storage, router, metadata]`.
struct node_roles {
  bool storage = true;   // holds replicas
  bool router = true;    // takes requests from clients
  bool metadata = false; // a member of the metadata group; exactly three nodes, in three zones
};

struct node {
  std::string name;
  std::string zone;
  std::string host = "127.0.0.1"; // where other nodes and clients reach it
  std::uint16_t port = 0;         // messages between nodes, and actor-based clients
  std::uint16_t metrics_port = 0; // Prometheus; 0: none
  std::uint16_t http_port = 0;    // the DynamoDB API; 0: none
  std::string data;               // directory; absolute once load() has read it
  node_roles roles;
};

struct replication_settings {
  std::int64_t lease_ms = 1500;
  std::int64_t heartbeat_ms = 300;
  std::int64_t election_jitter_ms = 300; // past the lease, uniformly
  std::int64_t drift_ms = 50; // subtracted from the leader's lease: how far clocks part in one lease
  bool strict_reads = false;  // a quorum round per read instead of the lease
};

struct storage_settings {
  std::int64_t log_retention_bytes = 64 << 20; // per group, kept for slow members after all have applied
  std::int64_t free_bytes_min = 256 << 20;     // below that a node refuses writes
  int item_workers = 2;                        // threads that own item stores, per node
};

struct healing_settings {
  std::int64_t silence_ms = 2'000;            // of a member, before a log replica takes its seat
  std::int64_t grace_ms = 300'000;            // it may stay away before its items are rebuilt elsewhere
  int rebuilds = 2;                           // at once, per node
  std::int64_t bytes_per_second = 32ll << 20; // of snapshots, per node and direction
};

struct scrub_settings {
  bool enabled = true;
  std::int64_t cycle_ms = 86'400'000;         // in which every byte is read again and every group compared
  std::int64_t bytes_per_second = 16ll << 20; // read at most, per node
  bool archive = true;                        // read the archive again, too, and rebuild copies from it
  std::int64_t archive_bytes_per_second = 16ll << 20; // read from it for that, per node
};

// Where committed log is kept for good: a directory or a bucket of an S3 service; neither: nowhere.
struct archive_settings {
  std::string directory; // absolute once load() has read it
  std::string bucket;
  std::string endpoint; // of the service; empty: Amazon's in the region
  std::string region = "us-east-1";
  std::string prefix;      // before the names of all objects
  std::string credentials; // file with the service's keys, absolute; empty: the environment has them
  std::int64_t segment_bytes = 8 << 20;
  std::int64_t segment_age_ms = 60'000;
  std::int64_t alarm_bytes = 256 << 20; // of one partition's log, not archived
  std::int64_t refuse_bytes = 1 << 30;
  std::int64_t snapshot_bytes = 64 << 20;           // of segments since the last snapshot of the items
  std::int64_t restore_bytes_per_second = 16 << 20; // written at most, per node, into tables being restored
  std::int64_t connect_timeout_ms = 3'000;
  std::int64_t timeout_ms = 30'000; // of a request, and more for its body by its size

  bool on() const { return !directory.empty() || !bucket.empty(); }
};

struct request_settings {
  std::int64_t deadline_ms = 5'000; // when the client names none
  std::int64_t router_inflight = 8'192;
  std::int64_t replica_inflight = 4'096;
  int threads = 0; // work on requests; 1: the network's thread does; 0: by the number of cores
};

// Who may use the DynamoDB API, over HTTP.
enum class api_auth {
  signatures, // AWS signatures with the keys of a file
  none,       // everybody who reaches the port
};
struct api_settings {
  api_auth auth = api_auth::signatures;
  std::string credentials; // file with access keys; absolute once load() has read it
  int threads = 1;         // of each node that serve HTTP
  std::int64_t connections = 4'096;
  std::int64_t in_flight = 1'024; // requests
};

struct tls_settings {
  bool enabled = false;
  std::string certificate; // PEM with certificate and key in one file
  std::string authority;   // PEM of the CA that signs every node and client
};

struct cluster {
  std::string name;
  std::vector<std::string> zones; // in the file's order; at least three
  std::vector<node> nodes;        // in the file's order
  replication_settings replication;
  storage_settings storage;
  healing_settings healing;
  archive_settings archive;
  scrub_settings scrub;
  request_settings requests;
  api_settings api;
  tls_settings tls;
  std::string file; // where it was read from; empty for `troupe dev`

  const node* find(const std::string& node_name) const {
    for (const auto& n : nodes)
      if (n.name == node_name)
        return &n;
    return nullptr;
  }
};

} // namespace troupe::config
