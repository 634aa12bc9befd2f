#include "actors/kit/node_config.h"
#include "actors/kit/log.h"
#include "actors/kit/spawn.h"
#include "actors/kit/ssl_error_queue.h"
#include "actors/wire/register.h"
#include <algorithm>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>
#include <cstdio>
#include <cstdlib>
#include <google/protobuf/stubs/logging.h>
#include <mutex>
#include <sys/random.h>

namespace troupe::kit {

namespace {

constexpr auto heartbeat_interval = std::chrono::milliseconds(250);
constexpr auto connection_timeout = std::chrono::seconds(2);
constexpr const char* app_identifier = "troupe";

// CAF's node id is a hash of the machine, and the process id; its last byte counts the systems of a process.
// Beginning to count anywhere keeps apart two containers that look the same. Once for a process: were it done
// for each of its systems, two of them would now and then be one to everybody else.
void make_node_id_unique(const caf::actor_system_config& config) {
  static std::once_flag done;
  std::call_once(done, [&config] {
    for (auto turns = random_id() % 256; turns > 0; --turns)
      caf::node_id::default_data::local(config);
  });
}

// What protobuf says of bytes that it cannot read is said again, to whoever sent them, by the role that
// refuses them.
void pass_on(google::protobuf::LogLevel how, const char* file, int line, const std::string& text) {
  if (how == google::protobuf::LOGLEVEL_FATAL)
    std::fprintf(stderr, "protobuf: %s:%d: %s\n", file, line, text.c_str()); // and it aborts
  else if (log_enabled(level::debug))
    log(level::debug, "protobuf", text);
}

} // namespace

node_config::node_config(const node_config_options& options) {
  google::protobuf::SetLogHandler(pass_on);
  config_file_path.clear();
  set("logger.console", caf::atom("none"));
  set("logger.verbosity", caf::atom("quiet"));
  set("logger.file-verbosity", caf::atom("quiet"));
  set("scheduler.policy", options.virtual_time ? caf::atom("testing") : caf::atom("sharing"));
  set("scheduler.max-threads", std::max<std::size_t>(options.threads, 1)); // diallers live there in any case
  opt_group{custom_options_, "troupe"}.add<bool>("on-io-thread", "roles share the I/O thread (spawn.h)");
  set("troupe.on-io-thread", options.threads == 0 && options.network && !options.virtual_time);
  wire::register_messages(*this);
  if (!options.network)
    return;
  load<caf::io::middleman>();
  set("middleman.workers",
      std::size_t{0}); // messages are read on the I/O thread: fewer hand-overs, kept order
  set("middleman.heartbeat-interval", caf::timespan{heartbeat_interval});
  set("middleman.connection-timeout", caf::timespan{connection_timeout});
  set("middleman.app-identifiers", std::vector<std::string>{app_identifier});
  make_node_id_unique(*this);
  if (!options.tls.enabled)
    return;
  keep_ssl_error_queue_clean();
  load<caf::openssl::manager>();
  openssl_certificate = options.tls.certificate;
  openssl_key = options.tls.certificate;
  openssl_cafile = options.tls.authority;
}

bool on_io_thread(const caf::actor_system& system) {
  return caf::get_or(system.config(), "troupe.on-io-thread", false);
}

std::uint64_t random_id() {
  std::uint64_t result = 0;
  while (result == 0)
    if (getrandom(&result, sizeof result, 0) != sizeof result)
      std::abort(); // at this size it neither fails nor is interrupted, see getrandom(2)
  return result;
}

} // namespace troupe::kit
