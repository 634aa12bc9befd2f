// The commands that run nodes in this process: `troupe node` and `troupe dev`. Each returns an exit_code
// after an orderly stop, which SIGINT or SIGTERM asks for.
#pragma once
#include "config/settings.h"
#include <string>

namespace troupe::host {

// Where `troupe up` hears that a node is ready: an open file descriptor, by its number.
inline constexpr const char* ready_fd_variable = "TROUPE_READY_FD";

int serve_node(const config::cluster& cluster, const std::string& name);

// All nodes of the cluster in this process, linked without a network between them; their ports are open for
// clients all the same.
int serve_dev(const config::cluster& cluster);

} // namespace troupe::host
