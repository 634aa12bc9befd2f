// Whether the files of a TLS section can be used. CAF reads them anew for each connection and raises an
// exception on its I/O thread when it cannot (0.17.6), so whoever starts an actor system asks here before.
#pragma once
#include "config/settings.h"
#include <string>

namespace troupe::kit {

// Empty when certificate, key and authority can be read and key and certificate belong together, or when TLS
// is off; else what is wrong, with the file's name.
std::string tls_trouble(const config::tls_settings& tls);

} // namespace troupe::kit
