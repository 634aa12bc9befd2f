// From YAML to settings. Says what is wrong with each value on its own; how values relate is for check.h.
#pragma once
#include "config/settings.h"
#include "config/source.h"
#include <string>

namespace troupe::config {

// Refused values keep their defaults. Relative paths become absolute: they start at the folder of `file`.
cluster read_cluster(const std::string& text, const std::string& file, source& from);

} // namespace troupe::config
