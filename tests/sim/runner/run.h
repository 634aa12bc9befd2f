// One run from beginning to end: a group, its clients, its fate, a quiet period, and the verdict.
#pragma once
#include "tests/sim/load/client.h"
#include "tests/sim/load/fate.h"
#include "tests/sim/load/scrubber.h"
#include "tests/sim/members/cluster.h"
#include "tests/sim/members/settings.h"
#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace troupe::sim {

struct totals {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  std::uint64_t chosen = 0;
  std::uint64_t configurations = 0;
  std::uint64_t ballots_won = 0; // elections
  paxos::counters members;
  cluster_counters machines;
  network_counters network;
  load_counters load;
  fate_counters fates;
  store_counters store;

  void add(const totals& more);
  std::string text() const;
};

struct outcome {
  std::uint64_t seed = 0;
  std::string character;
  std::optional<finding> found;
  std::uint64_t digest = 0;
  totals sums;
  std::string recent; // the last notes before the finding
};

// silenced: checkers that are not asked, by name (to see whether others would have noticed).
std::set<std::string> all_but(const std::string& checker);
outcome run(const settings& how, bool traced = false, const std::set<std::string>& silenced = {});

// The character of a seed: calm, flaky, crashy, ...; see characters.cc.
settings draw(std::uint64_t seed);
std::vector<std::string> character_names();
settings draw(std::uint64_t seed, const std::string& character);

// Sets the deliberate bug of that name, of the core or of the shell. False when there is none.
bool mutate(settings& how, const std::string& name);
std::vector<std::string> mutation_names();

// More words for the command that is printed when the core aborts in the middle of a run.
void note_replay(const std::string& extra);

// What to type to see that run again; extra: more words of the command line.
std::string replay_command(std::uint64_t seed, const std::string& extra = {});
// The finding as people read it: what, when, how to replay it, and what happened just before.
std::string describe(const outcome& o, const std::string& extra = {});

} // namespace troupe::sim
