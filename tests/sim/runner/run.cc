#include "tests/sim/runner/run.h"
#include "tests/sim/checkers/acknowledged.h"
#include "tests/sim/checkers/chosen.h"
#include "tests/sim/checkers/coverage.h"
#include "tests/sim/checkers/leases.h"
#include "tests/sim/checkers/linear.h"
#include "tests/sim/checkers/monotonic.h"
#include "tests/sim/checkers/replicas.h"
#include <csignal>
#include <cstdio>
#include <unistd.h>

namespace troupe::sim {
namespace {

constexpr instant write_within = 10 * second; // after the faults have ended
// The group regains its shape, under load and without. How long that takes depends on how far somebody is
// behind, and may be sent an entry at a time while others write; but there is no step of the way on which
// nothing comes for so long.
constexpr instant step_within = 10 * second;
constexpr std::uint64_t step_least = 20; // entries, or pieces of a snapshot
constexpr instant shape_within = 30 * second;
constexpr instant catch_up_within = 180 * second; // once the clients have stopped
constexpr instant rest_within = 60 * second;

// A broken invariant of the core aborts the process. Say which run it was before it dies.
const world* current_world = nullptr;
std::uint64_t current_seed = 0;
std::string current_extra;

void on_abort(int) {
  std::signal(SIGABRT, SIG_DFL);
  if (current_world != nullptr) {
    std::fprintf(stderr, "\n%s\nThe core aborted at %.6f s. Replay: %s\n", current_world->recent(60).c_str(),
                 static_cast<double>(current_world->now()) / second,
                 replay_command(current_seed, current_extra).c_str());
    std::fflush(stderr);
  }
}

struct watch {
  explicit watch(const world& w, const settings& how) {
    current_world = &w;
    current_seed = how.seed;
    std::signal(SIGABRT, on_abort);
  }
  ~watch() { current_world = nullptr; }
};

class simulation {
public:
  simulation(const settings& how, bool traced, const std::set<std::string>& silenced)
      : world_(how.seed, traced), cluster_(world_, how, checks_), watch_(world_, how) {
    auto truth = std::make_unique<chosen_log>(world_, cluster_.initial());
    truth_ = truth.get();
    keeper_ = std::make_unique<caretaker>(cluster_, *truth_);
    scrubber_ = std::make_unique<scrubber>(cluster_, *keeper_, *truth_);
    fate_ = std::make_unique<fate>(cluster_, *keeper_);
    world_.silence(silenced);
    checks_.add(std::move(truth));
    checks_.add(std::make_unique<monotonic>(world_, *truth_));
    checks_.add(std::make_unique<leases>(world_, cluster_));
    checks_.add(std::make_unique<replicas>(world_));
    checks_.add(std::make_unique<acknowledged>(world_, cluster_, *truth_));
    checks_.add(std::make_unique<coverage>(world_, cluster_, *truth_));
    checks_.add(std::make_unique<linear>(world_, history_));
    for (unsigned i = 1; i <= how.clients; ++i)
      clients_.push_back(std::make_unique<client>(cluster_, i, history_, load_));
    world_.after_each_event([this] { checks_.after_event(); });
  }

  outcome run() {
    cluster_.start();
    keeper_->start();
    scrubber_->start();
    for (auto& c : clients_)
      c->start();
    world_.after(500 * millisecond, [this] { fate_->start(); });
    world_.run_until(cluster_.how().fault_time);
    come_to_rest();
    return report();
  }

private:
  // Progress: once nothing goes wrong any more, a write succeeds soon, the membership regains its shape, and
  // everybody arrives at the same state. What clients saw is judged in any case.
  void come_to_rest() {
    if (world_.found())
      return;
    fate_->rest();
    const instant calm = world_.now();
    const auto in_shape = [&] { return keeper_->satisfied(); };
    if (reach(calm + write_within, "no write succeeded", [&] { return load_.last_write_asked >= calm; })) {
      const bool heals = goes_on(calm + shape_within);
      for (auto& c : clients_) // who is sent an entry at a time may catch up with nobody who writes more
        c->stop();
      const instant quiet = world_.now() + catch_up_within;
      if (heals && goes_on(quiet) && reach(quiet, "the membership did not regain its shape", in_shape) &&
          reach(world_.now() + shape_within, "members that differ did not come to be equal",
                [&, since = world_.now()] { return scrubber_->settled_since(since) && in_shape(); }))
        reach(world_.now() + rest_within, "the members did not come to the same state",
              [&] { return settled(); });
    }
    if (!world_.found())
      checks_.at_end();
  }

  // True: the group has its shape, or is on its way there.
  bool goes_on(instant limit) {
    const auto in_shape = [&] { return keeper_->satisfied(); };
    while (!in_shape() && world_.now() < limit && !world_.found()) {
      const auto before = keeper_->stands();
      const instant step = world_.now() + step_within;
      if (!world_.run_until(step, in_shape) && !world_.found() && !keeper_->moved(before, step_least)) {
        world_.find("progress",
                    "nothing is done for the membership's shape, or it helps nobody\n" + describe_members());
        return false;
      }
    }
    return !world_.found();
  }

  bool reach(instant limit, const char* otherwise, const std::function<bool()>& done) {
    if (!done() && !world_.run_until(limit, done)) {
      world_.find("progress", std::string(otherwise) + " in time\n" + describe_members());
      return false;
    }
    return !world_.found();
  }

  bool settled() const {
    for (const auto& c : clients_)
      if (!c->idle())
        return false;
    for (const auto& m : truth_->newest().members()) {
      const machine* at = cluster_.of(m.id());
      if (at == nullptr || !at->running || at->running->group().commit() != truth_->length() ||
          at->running->applied() != truth_->length())
        return false;
    }
    return true;
  }

  std::string describe_members() const {
    std::string text = "chosen are " + std::to_string(truth_->length()) + ", configuration epoch " +
                       std::to_string(truth_->newest().epoch()) + "\n";
    for (const auto& m : cluster_.machines()) {
      text += "machine " + std::to_string(m.id) + ": ";
      text += m.running         ? "m" + std::to_string(m.resident) + " " + m.running->group().describe()
              : m.resident == 0 ? "empty"
                                : "m" + std::to_string(m.resident) + " is down";
      text += "\n";
    }
    return text;
  }

  outcome report() {
    outcome o;
    o.seed = cluster_.how().seed;
    o.character = cluster_.how().character;
    o.found = world_.found();
    o.digest = world_.digest();
    o.sums.runs = 1;
    o.sums.events = world_.events();
    o.sums.chosen = truth_->length();
    o.sums.configurations = truth_->configuration_changes();
    o.sums.members = cluster_.totals();
    o.sums.machines = cluster_.counters();
    o.sums.network = cluster_.net().counters();
    o.sums.load = load_;
    o.sums.fates = fate_->counters();
    o.sums.store = cluster_.store().counters();
    if (o.found)
      o.recent = world_.recent(80);
    return o;
  }

  world world_;
  panel checks_;
  cluster cluster_;
  watch watch_;
  const chosen_log* truth_ = nullptr;
  std::unique_ptr<caretaker> keeper_;
  std::unique_ptr<scrubber> scrubber_;
  std::unique_ptr<fate> fate_;
  linearizability::recorder history_;
  load_counters load_;
  std::vector<std::unique_ptr<client>> clients_;
};

} // namespace

std::set<std::string> all_but(const std::string& checker) {
  std::set<std::string> others = {"chosen",       "monotonic", "leases",       "replicas",
                                  "acknowledged", "coverage",  "linearizable", "progress",
                                  "snapshot",     "shell",     "scrub",        "archive"};
  others.erase(checker);
  return others;
}

outcome run(const settings& how, bool traced, const std::set<std::string>& silenced) {
  return simulation(how, traced, silenced).run();
}

std::string replay_command(std::uint64_t seed, const std::string& extra) {
  return "scripts/simulate --seed " + std::to_string(seed) + (extra.empty() ? "" : " " + extra) + " --trace";
}

void note_replay(const std::string& extra) {
  current_extra = extra;
}

std::string describe(const outcome& o, const std::string& extra) {
  if (!o.found)
    return "seed " + std::to_string(o.seed) + " (" + o.character + "): nothing was found";
  char when[32];
  std::snprintf(when, sizeof when, "%.6f", static_cast<double>(o.found->when) / second);
  return "seed " + std::to_string(o.seed) + " (" + o.character + ") at " + when + " s\n" + o.recent +
         "checker `" + o.found->checker + "`: " + o.found->what +
         "\nReplay: " + replay_command(o.seed, extra) + "\n";
}

} // namespace troupe::sim
