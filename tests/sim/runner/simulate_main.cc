// The simulation by hand and for nights; scripts/simulate builds and starts it. See docs/testing.md.
#include "tests/sim/runner/run.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

namespace {

using namespace troupe::sim;

int one(const settings& how, bool trace, const std::set<std::string>& silenced, const std::string& extra) {
  const outcome o = run(how, trace, silenced);
  std::printf("%s\n", describe(o, extra).c_str());
  std::printf("digest %016llx\n%s\n", static_cast<unsigned long long>(o.digest), o.sums.text().c_str());
  return o.found ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs replication groups over a simulated clock, network and disk."};
  std::uint64_t count = 1'000, first = 1, step = 1;
  std::uint64_t seed = 0;
  bool trace = false, keep_going = false;
  std::string character, mutation, only;
  app.add_option("seeds", count, "how many seeds to run")->capture_default_str();
  app.add_option("--first", first, "the first of them")->capture_default_str();
  app.add_option("--step", step, "run every n-th seed only (to share the work between processes)");
  const auto* single = app.add_option("--seed", seed, "run this one seed");
  app.add_flag("--trace", trace, "print everything that happens");
  app.add_flag("--keep-going", keep_going, "do not stop at the first finding");
  app.add_option("--character", character, "instead of the one the seed draws: calm, flaky, crashy, ...");
  app.add_option("--mutation", mutation, "with this deliberate bug");
  app.add_option("--only", only, "ask this checker alone: chosen, leases, linearizable, ...");
  CLI11_PARSE(app, argc, argv);

  std::string extra;
  if (!character.empty())
    extra += "--character " + character;
  if (!mutation.empty())
    extra += (extra.empty() ? "--mutation " : " --mutation ") + mutation;
  const auto settings_of = [&](std::uint64_t s) {
    settings how = character.empty() ? draw(s) : draw(s, character);
    if (!mutation.empty() && !mutate(how, mutation)) {
      std::fprintf(stderr, "there is no mutation %s\n", mutation.c_str());
      std::exit(2);
    }
    return how;
  };
  if (!only.empty())
    extra += (extra.empty() ? "--only " : " --only ") + only;
  note_replay(extra);
  const auto silenced = only.empty() ? std::set<std::string>{} : all_but(only);
  if (*single)
    return one(settings_of(seed), trace, silenced, extra);

  totals sums;
  std::uint64_t findings = 0;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t s = first; s < first + count; s += step) {
    const outcome o = run(settings_of(s), trace, silenced);
    sums.add(o.sums);
    if (!o.found)
      continue;
    ++findings;
    std::printf("%s\n", describe(o, extra).c_str());
    if (!keep_going)
      break;
  }
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("%s\n%.1f s, %llu findings\n", sums.text().c_str(), took,
              static_cast<unsigned long long>(findings));
  return findings == 0 ? 0 : 1;
}
