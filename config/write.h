// Cluster settings made by the program instead of by a person: `troupe dev` and the tests.
#pragma once
#include "config/settings.h"
#include <string>

namespace troupe::config {

// The whole cluster as a cluster file, every key written out. load() of it gives the same cluster, wherever
// the file is put, as long as the cluster's own paths are absolute.
std::string to_yaml(const cluster& c);

// Three nodes n1, n2, n3 in zones zone-a, zone-b, zone-c on this machine, all in every role, with the ports
// of config/three-zones.yaml and their data under data_dir/NAME. `file` stays empty.
cluster dev_cluster(const std::string& data_dir);

} // namespace troupe::config
