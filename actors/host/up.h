// `troupe up`: all nodes of this host, each a process of its own, kept running until Ctrl-C.
//
// The supervisor is one thread that sleeps in poll(2). It runs no actors, so that it may fork.
#pragma once
#include "config/settings.h"

namespace troupe::host {

// Returns an exit_code when all nodes have ended.
int up(const config::cluster& cluster);

} // namespace troupe::host
