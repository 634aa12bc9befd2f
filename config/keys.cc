#include "config/keys.h"
#include "config/limits.h"
#include <array>

namespace troupe::config {
namespace {

constexpr std::int64_t KiB = 1ll << 10;
constexpr std::int64_t MiB = 1ll << 20;
constexpr std::int64_t TiB = 1ll << 40;

using rp = replication_settings;
using st = storage_settings;
using he = healing_settings;
using ar = archive_settings;
using sc = scrub_settings;
using rq = request_settings;
using ap = api_settings;
using tl = tls_settings;

constexpr std::array<key<node>, 8> node_keys{{
    {"name", text_value<node>{&node::name, text_rule::name},
     "What the node is called, here and in every command", "n1"},
    {"zone", text_value<node>{&node::zone, text_rule::name},
     "The availability zone it stands in, one of `zones`", "zone-a"},
    {"host", text_value<node>{&node::host, text_rule::host},
     "Where other nodes and clients reach it; without TLS only this machine itself", ""},
    {"port", port_value<node>{&node::port, false}, "Messages between nodes, and actor-based clients", "7101"},
    {"metrics", port_value<node>{&node::metrics_port, true},
     "Prometheus scrapes `/metrics` here; 0: not at all", ""},
    {"http", port_value<node>{&node::http_port, true}, "The DynamoDB API; 0: none; routers only", ""},
    {"data", text_value<node>{&node::data, text_rule::path},
     "The node's own directory; relative to the file's folder", "../data/n1"},
    {"roles", roles_value<node>{&node::roles},
     "What it does. `metadata` on exactly three nodes in three zones, or nowhere: then the first node of "
     "each of the "
     "first three zones has it",
     ""},
}};

constexpr std::array<key<rp>, 5> replication_keys{{
    {"lease", duration_value<rp>{&rp::lease_ms, 50, 60'000},
     "How long a leader may serve without being confirmed; a dead leader is replaced after about this long",
     ""},
    {"heartbeat", duration_value<rp>{&rp::heartbeat_ms, 5, 20'000},
     "How often a leader asks to be confirmed; at most a third of `lease`", ""},
    {"election_jitter", duration_value<rp>{&rp::election_jitter_ms, 5, 60'000},
     "Members wait up to this much past the lease, each another time, so that they do not all campaign at "
     "once",
     ""},
    {"drift", duration_value<rp>{&rp::drift_ms, 0, 10'000},
     "How far two clocks may part within one lease; taken off the leader's side; less than a quarter of "
     "`lease`",
     ""},
    {"strict_reads", flag_value<rp>{&rp::strict_reads},
     "Ask a quorum at every strongly consistent read instead of relying on the lease", ""},
}};

constexpr std::array<key<st>, 3> storage_keys{{
    {"log_retention", size_value<st>{&st::log_retention_bytes, 64 * KiB, TiB},
     "How much applied log each partition keeps for members that lag behind; past it they get a snapshot",
     ""},
    {"free_space_min", size_value<st>{&st::free_bytes_min, MiB, 64 * TiB},
     "With less room than this on its disk a node refuses writes until there is more", ""},
    {"item_workers", count_value<st>{&st::item_workers, 1, 64}, "Threads per node that own item stores", ""},
}};

constexpr std::array<key<he>, 4> healing_keys{{
    {"silence", duration_value<he>{&he::silence_ms, 100, 600'000},
     "A member of a partition that is silent for so long has its seat taken by a log replica on another node",
     ""},
    {"grace", duration_value<he>{&he::grace_ms, 100, 604'800'000},
     "A member that comes back within this time is caught up; after it the items are rebuilt on another node",
     ""},
    {"rebuilds", count_value<he>{&he::rebuilds, 1, 64}, "Partitions that a node rebuilds at once", ""},
    {"bytes_per_second", size_value<he>{&he::bytes_per_second, 64 * KiB, TiB},
     "Of items that are fetched for a rebuild, per node; and of items that are read and sent for the "
     "rebuilds "
     "of others",
     ""},
}};

constexpr std::array<key<ar>, 14> archive_keys{{
    {"directory", text_value<ar>{&ar::directory, text_rule::path},
     "Directory that all nodes reach, for example a disk that each of them mounts; relative to the file's "
     "folder",
     ""},
    {"bucket", text_value<ar>{&ar::bucket, text_rule::name},
     "Bucket of an S3 service, instead of a directory", ""},
    {"endpoint", text_value<ar>{&ar::endpoint, text_rule::url},
     "Where the S3 service is reached; none: Amazon's in the region", ""},
    {"region", text_value<ar>{&ar::region, text_rule::name}, "The S3 service's region, which is signed", ""},
    {"prefix", text_value<ar>{&ar::prefix, text_rule::name},
     "A folder in the bucket or directory that holds everything", ""},
    {"credentials", text_value<ar>{&ar::credentials, text_rule::path},
     "File with the S3 service's access key, written like `~/.aws/credentials`; relative to the file's "
     "folder; "
     "none: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` of the environment",
     ""},
    {"segment_bytes", size_value<ar>{&ar::segment_bytes, 4 * KiB, 64 * MiB},
     "A partition's log is archived as soon as so much of it is not", ""},
    {"segment_age", duration_value<ar>{&ar::segment_age_ms, 100, 86'400'000},
     "Or as soon as some of it has not been archived for so long", ""},
    {"alarm_bytes", size_value<ar>{&ar::alarm_bytes, 8 * KiB, TiB},
     "With more than so much of a partition's log not archived there is an alarm; at least two segments", ""},
    {"refuse_bytes", size_value<ar>{&ar::refuse_bytes, 16 * KiB, TiB},
     "And with more than so much, the partition refuses writes until there is less; more than `alarm_bytes`",
     ""},
    {"snapshot_bytes", size_value<ar>{&ar::snapshot_bytes, 64 * KiB, TiB},
     "A partition's items are archived whole when more than this, and more than they take, has been archived "
     "of its log "
     "since the last time",
     ""},
    {"restore_bytes_per_second", size_value<ar>{&ar::restore_bytes_per_second, 64 * KiB, TiB},
     "A node writes at most so much into tables that are being restored", ""},
    {"connect_timeout", duration_value<ar>{&ar::connect_timeout_ms, 100, 60'000},
     "How long the S3 service may take to accept a connection", ""},
    {"timeout", duration_value<ar>{&ar::timeout_ms, 100, 600'000},
     "How long the S3 service may take to answer a request, beside the time its bytes need", ""},
}};

constexpr std::array<key<sc>, 5> scrub_keys{{
    {"enabled", flag_value<sc>{&sc::enabled},
     "Read everything again and compare the members of each partition, over and over", ""},
    {"cycle", duration_value<sc>{&sc::cycle_ms, 500, 2'592'000'000},
     "Within this time every byte is read again and the members of every partition are compared", ""},
    {"bytes_per_second", size_value<sc>{&sc::bytes_per_second, 64 * KiB, TiB},
     "Read for it at most, per node", ""},
    {"archive", flag_value<sc>{&sc::archive},
     "Within each cycle read all of the archive again, too, rebuild every partition from it in a file of its "
     "own, and compare that with the members",
     ""},
    {"archive_bytes_per_second", size_value<sc>{&sc::archive_bytes_per_second, 64 * KiB, TiB},
     "Read from the archive for that at most, per node", ""},
}};

constexpr std::array<key<rq>, 4> requests_keys{{
    {"deadline", duration_value<rq>{&rq::deadline_ms, 10, limits::request_deadline_max_ms},
     "How long a request may take when the client names no deadline", ""},
    {"router_inflight", count_value<rq>{&rq::router_inflight, 1, 1'000'000},
     "Requests a router works on at once; past that it answers that it is overloaded", ""},
    {"replica_inflight", count_value<rq>{&rq::replica_inflight, 1, 1'000'000},
     "Writes a partition's leader works on at once; past that it answers that it is overloaded", ""},
    {"threads", count_value<rq>{&rq::threads, 0, 64},
     "Threads per node that work on requests; 1: the network's thread does it; 0: half the cores, at most 8, "
     "or 1 with fewer than four",
     ""},
}};

constexpr std::array<key<ap>, 5> api_keys{{
    {"auth", auth_value<ap>{&ap::auth},
     "`signatures`: requests are signed, as AWS' SDKs sign them, with keys that `credentials` knows. `none`: "
     "everybody who reaches the port may do everything",
     ""},
    {"credentials", text_value<ap>{&ap::credentials, text_rule::path},
     "File of access keys, written like `~/.aws/credentials`; relative to the file's folder", ""},
    {"threads", count_value<ap>{&ap::threads, 1, 64}, "Threads per node that serve HTTP", ""},
    {"connections", count_value<ap>{&ap::connections, 1, 65'536},
     "HTTP connections a node holds; past that, the one idle for longest makes room", ""},
    {"in_flight", count_value<ap>{&ap::in_flight, 1, 65'536},
     "HTTP requests a node works on at once; past that it answers that it is overloaded", ""},
}};

constexpr std::array<key<tls_settings>, 3> tls_keys{{
    {"enabled", flag_value<tl>{&tl::enabled},
     "Mutual TLS between nodes and with actor-based clients; needed for any host but this machine", ""},
    {"certificate", text_value<tl>{&tl::certificate, text_rule::path},
     "PEM file with the node's certificate and its key; relative to the file's folder", ""},
    {"authority", text_value<tl>{&tl::authority, text_rule::path},
     "PEM file of the authority that signs every node and client; relative to the file's folder", ""},
}};

constexpr std::array<top_key, 11> all_top_keys{{
    {"cluster", "name", "The cluster's name; nodes of another name are strangers", true},
    {"zones", "list of names", "The availability zones, three or more; each partition has replicas in three",
     true},
    {"nodes", "list of nodes", "The nodes; every zone needs one that stores", true},
    {"replication", "section", "How replicas agree", false},
    {"storage", "section", "How a node uses its disk", false},
    {"healing", "section", "What is done about members that are silent or lost", false},
    {"archive", "section",
     "Where the log of every partition is kept for good; without `directory` and `bucket`: nowhere", false},
    {"scrub", "section", "How replicas are read again and compared", false},
    {"requests", "section", "Bounds on what clients may ask at once", false},
    {"api", "section", "The DynamoDB API on the nodes' `http` ports", false},
    {"tls", "section", "Who may talk to a node", false},
}};

template <class T>
void document(const std::string& section, std::vector<documented_key>& out) {
  const T defaults{};
  for (const auto& k : keys_of<T>()) {
    auto fallback = print_value<T>(k.value, defaults);
    if (k.required())
      fallback = "required";
    else if (fallback.empty())
      fallback = "none";
    out.push_back({section + std::string{k.name}, kind_of<T>(k.value), fallback, std::string{k.meaning}});
  }
}

} // namespace

template <>
std::span<const key<node>> keys_of<node>() {
  return node_keys;
}
template <>
std::span<const key<replication_settings>> keys_of<replication_settings>() {
  return replication_keys;
}
template <>
std::span<const key<storage_settings>> keys_of<storage_settings>() {
  return storage_keys;
}
template <>
std::span<const key<healing_settings>> keys_of<healing_settings>() {
  return healing_keys;
}
template <>
std::span<const key<archive_settings>> keys_of<archive_settings>() {
  return archive_keys;
}
template <>
std::span<const key<scrub_settings>> keys_of<scrub_settings>() {
  return scrub_keys;
}
template <>
std::span<const key<request_settings>> keys_of<request_settings>() {
  return requests_keys;
}
template <>
std::span<const key<api_settings>> keys_of<api_settings>() {
  return api_keys;
}
template <>
std::span<const key<tls_settings>> keys_of<tls_settings>() {
  return tls_keys;
}

std::span<const top_key> top_keys() {
  return all_top_keys;
}

std::vector<documented_key> documented_keys() {
  std::vector<documented_key> out;
  for (const auto& k : all_top_keys) {
    const std::string name{k.name};
    out.push_back(
        {name, std::string{k.kind}, k.required ? "required" : "all defaults", std::string{k.meaning}});
    if (name == "nodes")
      document<node>("nodes[].", out);
    else if (name == "replication")
      document<rp>("replication.", out);
    else if (name == "storage")
      document<st>("storage.", out);
    else if (name == "healing")
      document<he>("healing.", out);
    else if (name == "archive")
      document<ar>("archive.", out);
    else if (name == "scrub")
      document<sc>("scrub.", out);
    else if (name == "requests")
      document<rq>("requests.", out);
    else if (name == "api")
      document<ap>("api.", out);
    else if (name == "tls")
      document<tl>("tls.", out);
  }
  return out;
}

} // namespace troupe::config
