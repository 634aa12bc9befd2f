// Serves a process's metrics to Prometheus: GET /metrics on one port.
#pragma once
#include <cstdint>
#include <memory>
#include <prometheus/registry.h>
#include <string>

namespace prometheus {
class Exposer;
}

namespace troupe::host {

class exposer {
public:
  // Listens at once; `trouble()` says why it could not. Adds the process's own metrics (CPU seconds, memory,
  // open files, start time) and troupe_build_info to those of the registry.
  exposer(const std::string& host, std::uint16_t port, std::shared_ptr<prometheus::Registry> registry);
  ~exposer();
  const std::string& trouble() const { return trouble_; }

private:
  std::unique_ptr<prometheus::Exposer> server_;
  std::shared_ptr<prometheus::Registry> registry_; // the server holds weak references only
  std::shared_ptr<prometheus::Collectable> process_;
  std::string trouble_;
};

// The metrics of this process, by the names that Prometheus's own client libraries use.
std::shared_ptr<prometheus::Collectable> process_metrics();

} // namespace troupe::host
