#include "actors/core/scrub/judge.h"
#include <algorithm>
#include <map>

namespace troupe::scrub {

namespace {

// With a reference among them.
void decide(const std::vector<opinion>& opinions, verdict& result) {
  const auto reference =
      std::find_if(opinions.begin(), opinions.end(), [](const auto& one) { return one.reference; });
  const opinion* first = nullptr;
  bool confirmed = false;
  result.reference_alone = true;
  for (const auto& one : opinions) {
    if (one.reference)
      continue;
    first = first ? first : &one;
    result.reference_alone = result.reference_alone && one.leaves == first->leaves;
    if (one.leaves == reference->leaves)
      confirmed = true;
    else
      result.wrong.push_back(one.member);
  }
  if (!confirmed)
    result.wrong.clear();
}

} // namespace

verdict judge(const std::vector<opinion>& opinions) {
  verdict result;
  if (opinions.size() < 2)
    return result;
  const auto& first = opinions.front().leaves;
  for (std::size_t at = 0; at < first.size(); ++at)
    for (const auto& other : opinions)
      if (other.leaves.at(at) != first[at]) {
        result.differing.push_back(static_cast<std::uint32_t>(at));
        break;
      }
  if (result.agreed())
    return result;
  if (std::any_of(opinions.begin(), opinions.end(), [](const auto& one) { return one.reference; })) {
    decide(opinions, result);
    return result;
  }
  // One is wrong when all the others are of one mind, and enough of them to outvote it.
  for (const auto& suspect : opinions) {
    const opinion* against = nullptr;
    std::size_t votes = 0;
    bool of_one_mind = true;
    for (const auto& other : opinions) {
      if (&other == &suspect)
        continue;
      of_one_mind = of_one_mind && (!against || against->leaves == other.leaves);
      against = &other;
      votes += 1;
    }
    if (of_one_mind && votes >= 2)
      result.wrong = {suspect.member};
  }
  return result;
}

bool were_equal(const std::vector<witness>& found_equal, const std::vector<witness>& asked) {
  return std::all_of(asked.begin(), asked.end(), [&](const witness& one) {
    return one.lineage != 0 && std::find(found_equal.begin(), found_equal.end(), one) != found_equal.end();
  });
}

std::vector<std::string> differing_keys(const std::vector<listing>& listings, std::size_t max) {
  struct seen {
    std::size_t times = 0;
    std::uint64_t check = 0;
    bool same = true;
  };
  std::map<std::string, seen> keys;
  for (const auto& one : listings)
    for (const auto& r : one.records) {
      auto [it, fresh] = keys.try_emplace(r.key, seen{0, r.check, true});
      it->second.times += 1;
      it->second.same = it->second.same && it->second.check == r.check;
    }
  std::vector<std::string> out;
  for (const auto& [key, s] : keys)
    if ((!s.same || s.times != listings.size()) && out.size() < max)
      out.push_back(key);
  return out;
}

} // namespace troupe::scrub
