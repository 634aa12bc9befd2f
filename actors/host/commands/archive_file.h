// The cluster file of a command that looks into its archive.
#pragma once
#include "actors/host/commands/terminal.h"
#include "config/settings.h"
#include <optional>
#include <string>

namespace troupe::commands {

// Nothing: why not, or that it names no archive, has been said.
std::optional<config::cluster> cluster_with_archive(const std::string& file, const terminal& t);

} // namespace troupe::commands
