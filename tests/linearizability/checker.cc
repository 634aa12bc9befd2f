#include "tests/linearizability/checker.h"
#include "tests/linearizability/explain.h"
#include "tests/linearizability/key_history.h"

namespace troupe::linearizability {

const char* name_of(verdict result) {
  switch (result) {
  case verdict::linearizable:
    return "linearizable";
  case verdict::violation:
    return "NOT linearizable";
  case verdict::undecided:
    return "undecided";
  }
  return "?";
}

report check(const std::vector<operation>& history, const options& how) {
  deadline until = deadline::max();
  if (how.limits.time.count() > 0)
    until = std::chrono::steady_clock::now() + how.limits.time;

  std::map<std::string, std::vector<const operation*>> by_key;
  for (const operation& op : history)
    by_key[op.key].push_back(&op);

  report made;
  made.keys = by_key.size();
  made.operations = history.size();
  for (const auto& [key, operations] : by_key) {
    value initial;
    if (const auto given = how.initial.find(key); given != how.initial.end())
      initial = given->second;
    const key_history part = prepare(operations, initial);
    const auto values = static_cast<value_id>(part.values.size());
    const search_result found = search(part.events, part.initial, values, how.limits, until);
    made.steps += found.steps;
    if (found.result == verdict::linearizable)
      continue;
    finding one{key, found.result, operations.size(), {}};
    if (found.result == verdict::undecided)
      one.explanation = "given up after " + std::to_string(found.steps) + " steps\n";
    else if (how.explain)
      one.explanation = explain(operations, initial, how.limits, until, made.steps);
    if (made.result != verdict::violation)
      made.result = found.result;
    made.findings.push_back(std::move(one));
  }
  return made;
}

std::string report::text() const {
  std::string all = std::string(name_of(result)) + ": " + std::to_string(operations) + " operations on " +
                    std::to_string(keys) + " keys, " + std::to_string(steps) + " steps\n";
  for (const finding& one : findings)
    all += "key " + one.key + ": " + name_of(one.result) + " (" + std::to_string(one.operations) +
           " operations)\n  " + one.explanation;
  return all;
}

} // namespace troupe::linearizability
