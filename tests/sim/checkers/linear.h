// What clients saw is linearizable: the black-box judgement over the whole history of a run, by the search of
// tests/linearizability. It knows nothing of logs, ballots or members.
#pragma once
#include "tests/linearizability/checker.h"
#include "tests/sim/checkers/checker.h"

namespace troupe::sim {

class linear : public checker {
public:
  linear(world& w, const linearizability::recorder& history)
      : checker(w, "linearizable"), history_(history) {}

  void at_end() override {
    const auto report = linearizability::check(history_.operations(), {.explain = world_.traced()});
    if (!report.ok())
      find(report.text());
  }

private:
  const linearizability::recorder& history_;
};

} // namespace troupe::sim
