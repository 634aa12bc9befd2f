// Every deliberate bug by its name.
#include "tests/sim/runner/run.h"

namespace troupe::sim {
namespace {

using m = decltype(paxos::options::mutations);

struct core_mutation {
  const char* name;
  bool m::*flag;
};
struct shell_mutation {
  const char* name;
  bool shell_mutations::*flag;
};

constexpr core_mutation of_core[] = {
    {"speak_before_persist", &m::speak_before_persist},
    {"truncate_above", &m::truncate_above},
    {"lease_from_receive", &m::lease_from_receive},
    {"promise_during_lease", &m::promise_during_lease},
    {"forget_restart_lease", &m::forget_restart_lease},
    {"commit_without_ballot", &m::commit_without_ballot},
    {"serve_before_noop", &m::serve_before_noop},
    {"adopt_lowest_ballot", &m::adopt_lowest_ballot},
    {"count_unsynced_self", &m::count_unsynced_self},
    {"skip_link_check", &m::skip_link_check},
    {"quorum_of_one", &m::quorum_of_one},
};
constexpr shell_mutation of_shell[] = {
    {"rejoin_with_lost_log", &shell_mutations::rejoin_with_lost_log},
    {"read_without_lease", &shell_mutations::read_without_lease},
    {"forget_duplicates", &shell_mutations::forget_duplicates},
    {"ignore_in_flight", &shell_mutations::ignore_in_flight},
    {"truncate_greedily", &shell_mutations::truncate_greedily},
    {"diverge", &shell_mutations::diverge},
    {"forget_promises", &shell_mutations::forget_promises},
    {"overwrite_clears", &shell_mutations::overwrite_clears},
    {"deputy_stays", &shell_mutations::deputy_stays},
    {"newcomers_ignore_archive", &shell_mutations::newcomers_ignore_archive},
    {"believe_uploads", &shell_mutations::believe_uploads},
    {"condemn_by_guess", &shell_mutations::condemn_by_guess},
    {"trust_echoes", &shell_mutations::trust_echoes},
    {"trust_archive", &shell_mutations::trust_archive},
    {"heals_in_quiet", &shell_mutations::heals_in_quiet},
    {"deaf", &shell_mutations::deaf},
    {"truncate_while_growing", &shell_mutations::truncate_while_growing},
};

} // namespace

bool mutate(settings& how, const std::string& name) {
  for (const auto& candidate : of_core)
    if (name == candidate.name)
      return how.options.mutations.*candidate.flag = true;
  for (const auto& candidate : of_shell)
    if (name == candidate.name)
      return how.shell.*candidate.flag = true;
  return false;
}

std::vector<std::string> mutation_names() {
  std::vector<std::string> names;
  for (const auto& each : of_core)
    names.emplace_back(each.name);
  for (const auto& each : of_shell)
    names.emplace_back(each.name);
  return names;
}

} // namespace troupe::sim
