#include "tests/sim/checkers/acknowledged.h"

namespace troupe::sim {
namespace {

std::string name(const request_key& id) {
  return "request " + std::to_string(id.second) + " of client " + std::to_string(id.first);
}

} // namespace

void acknowledged::read_on() {
  while (read_ < truth_.length()) {
    const msg::Entry& e = truth_.at(++read_);
    msg::Command c;
    if (e.kind() != msg::Entry::COMMAND || !c.ParseFromString(e.payload()))
      continue;
    if (!took_effect_.try_emplace(key_of(c.id()), c).second)
      continue;
    for (const auto& effect : c.effects()) {
      if (effect.remove())
        values_.erase(effect.key());
      else
        values_[effect.key()] = effect.item();
      versions_[effect.key()][read_] = effect.remove() ? std::nullopt : std::optional(effect.item());
    }
  }
}

void acknowledged::answered(const request& r, const reply& a, bool certain) {
  read_on();
  if (!r.writes()) {
    auto& versions = versions_[r.key];
    const auto newer = versions.upper_bound(a.index);
    const auto expected = newer == versions.begin() ? std::nullopt : std::prev(newer)->second;
    if (a.what == answer::done && a.value != expected)
      find("client " + std::to_string(r.id.first) + " read what the chosen log does not say at entry " +
           std::to_string(a.index));
    return;
  }
  const auto found = took_effect_.find(r.id);
  if (a.what == answer::refused && certain) {
    refused_.insert(r.id);
    if (found != took_effect_.end())
      find(name(r.id) + " was refused, and has taken effect");
  }
  if (a.what != answer::done)
    return;
  ++writes_;
  if (found == took_effect_.end())
    return find(name(r.id) + " was acknowledged, and is not in the chosen log");
  const auto& effects = found->second.effects();
  if (effects.size() != 1 || effects[0].key() != r.key || effects[0].remove() == r.written.has_value() ||
      (r.written && effects[0].item() != *r.written))
    find(name(r.id) + " was acknowledged, and something else was done");
}

void acknowledged::at_end() {
  read_on();
  for (const auto& id : refused_)
    if (took_effect_.contains(id))
      return find(name(id) + " was refused, and took effect later");
  for (const auto& m : cluster_.machines()) {
    if (!m.running || !m.running->has_items() || m.running->applied() != truth_.length())
      continue;
    if (m.running->state()->values() != values_)
      return find("m" + std::to_string(m.resident) + " does not hold what the chosen log says");
  }
}

} // namespace troupe::sim
