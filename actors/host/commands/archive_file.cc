#include "actors/host/commands/archive_file.h"
#include "config/load.h"
#include <ostream>

namespace troupe::commands {

std::optional<config::cluster> cluster_with_archive(const std::string& file, const terminal& t) {
  auto loaded = config::load(file);
  for (const auto& problem : loaded.problems)
    *t.err << config::to_text(problem) << "\n";
  if (!loaded.settings)
    return std::nullopt;
  if (!loaded.settings->archive.on()) {
    t.complain(file + ": this cluster file names no archive",
               "give it a directory or a bucket, under archive");
    return std::nullopt;
  }
  return std::move(loaded.settings);
}

} // namespace troupe::commands
