// What people see when a cluster is ready: where it is, and what to try next.
#pragma once
#include "config/settings.h"
#include <string>

namespace troupe::host {

std::string welcome(const config::cluster& cluster, const std::string& command);

// To stdout, in one piece.
void print_welcome(const config::cluster& cluster, const std::string& command);

} // namespace troupe::host
