// What must hold between the values of a cluster file.
#pragma once
#include "config/load.h"
#include "config/source.h"

namespace troupe::config {

// Gives the metadata role to the first node of each of the first three zones if no node has it.
void choose_metadata_nodes(cluster& c);

// Rules about the file alone: names, zones, ports, roles, times, TLS. The same file always gives the same
// answer.
void check_rules(const cluster& c, source& from);

// Rules about this machine: the directories of the nodes that start here, and the TLS files. Leaves nothing
// behind.
void check_machine(const cluster& c, const here& starting, source& from);

} // namespace troupe::config
