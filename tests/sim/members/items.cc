#include "tests/sim/members/items.h"
#include <xxhash.h>

namespace troupe::sim {
namespace {

std::uint64_t hash(const std::string& a, const std::string& b) {
  return XXH3_64bits_withSeed(b.data(), b.size(), XXH3_64bits(a.data(), a.size()));
}

std::uint64_t hash(const request_key& id, log_index at) {
  const std::uint64_t numbers[] = {id.first, id.second, at};
  return XXH3_64bits(numbers, sizeof numbers);
}

const std::string sleeper_key = "\x01 asleep"; // beside what clients write, in a snapshot
const std::string as_written = "as it was written";

} // namespace

bool items::apply(const msg::Entry& entry, bool deduplicate) {
  index_ = entry.index();
  link_ = entry.link();
  ballot_ = entry.ballot();
  if (entry.kind() == msg::Entry::CONFIGURATION) {
    configuration_.ParseFromString(entry.payload());
    configuration_index_ = entry.index();
    return true;
  }
  if (entry.kind() != msg::Entry::COMMAND)
    return true;
  msg::Command command;
  command.ParseFromString(entry.payload());
  if (command.has_id()) {
    const auto [at, first] = requests_.try_emplace(key_of(command.id()), entry.index());
    if (!first && deduplicate)
      return false;
    if (first)
      requests_digest_ += hash(at->first, at->second);
  }
  for (const auto& effect : command.effects())
    set(effect.key(), effect.remove() ? nullptr : &effect.item());
  return true;
}

void items::set(const std::string& key, const std::string* value) {
  if (const auto old = values_.find(key); old != values_.end()) {
    values_digest_ -= hash(old->first, old->second);
    values_.erase(old);
  }
  if (value != nullptr) {
    values_[key] = *value;
    values_digest_ += hash(key, *value);
  }
}

std::optional<std::string> items::at(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void items::put_sleeper() {
  sleeper_ = as_written;
}

void items::rot(std::uint64_t how) {
  sleeper_ = "rotten " + std::to_string(how);
}

bool items::rotten() const {
  return !sleeper_.empty() && sleeper_ != as_written;
}

std::vector<scrub::leaf> items::leaves() const {
  constexpr std::size_t parts = 8;
  std::vector<scrub::leaf> all(parts + 1);
  for (const auto& [key, value] : values_) {
    auto& leaf = all[XXH3_64bits(key.data(), key.size()) % parts];
    leaf.sum += hash(key, value);
    leaf.items += 1;
  }
  all[parts] = {hash(sleeper_key, sleeper_), 1};
  return all;
}

std::uint64_t items::digest() const {
  const std::uint64_t numbers[] = {values_digest_, requests_digest_, configuration_.epoch(),
                                   configuration_index_, index_};
  return XXH3_64bits(numbers, sizeof numbers);
}

msg::SnapshotHeader items::header(std::uint64_t group) const {
  msg::SnapshotHeader h;
  h.set_version(1);
  h.set_group(group);
  h.set_index(index_);
  h.set_link(link_);
  *h.mutable_ballot() = ballot_;
  *h.mutable_configuration() = configuration_;
  h.set_configuration_index(configuration_index_);
  h.set_items(values_.size());
  for (const auto& [id, at] : requests_) {
    auto* r = h.add_requests();
    r->mutable_id()->set_client(id.first);
    r->mutable_id()->set_sequence(id.second);
    r->set_index(at);
  }
  h.set_digest(digest());
  return h;
}

std::string items::bytes() const {
  msg::Command all; // effects that build the state from nothing
  for (const auto& [key, value] : values_) {
    auto* effect = all.add_effects();
    effect->set_key(key);
    effect->set_item(value);
  }
  if (!sleeper_.empty()) {
    auto* effect = all.add_effects();
    effect->set_key(sleeper_key);
    effect->set_item(sleeper_);
  }
  return all.SerializeAsString();
}

std::optional<items> items::parse(const msg::SnapshotHeader& header, const std::string& bytes) {
  msg::Command all;
  if (!all.ParseFromString(bytes))
    return std::nullopt;
  items result;
  for (const auto& effect : all.effects())
    if (effect.key() == sleeper_key)
      result.sleeper_ = effect.item();
    else
      result.set(effect.key(), &effect.item());
  for (const auto& r : header.requests()) {
    const auto [at, first] = result.requests_.try_emplace(key_of(r.id()), r.index());
    if (first)
      result.requests_digest_ += hash(at->first, at->second);
  }
  result.index_ = header.index();
  result.link_ = header.link();
  result.ballot_ = header.ballot();
  result.configuration_ = header.configuration();
  result.configuration_index_ = header.configuration_index();
  if (result.digest() != header.digest())
    return std::nullopt;
  return result;
}

} // namespace troupe::sim
