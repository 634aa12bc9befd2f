#include "actors/agent/report_book.h"
#include <algorithm>

namespace troupe::agent {

namespace {

std::string digest_of(msg::ReplicaReport replica) {
  for (auto& member : *replica.mutable_members())
    member.clear_heard_ms_ago();
  return replica.SerializeAsString();
}

} // namespace

bool report_book::note(const msg::ReplicaReport& replica) {
  auto digest = digest_of(replica);
  auto& known = lines_[replica.group()];
  bool same = known.changed != 0 && !known.gone && known.digest == digest;
  known.replica = replica; // told again later, it tells the newest times
  if (same)
    return false;
  known.digest = std::move(digest);
  known.changed = sequence_ + 1;
  known.gone = false;
  return true;
}

void report_book::forget(std::uint64_t group) {
  auto it = lines_.find(group);
  if (it == lines_.end())
    return;
  it->second = {};
  it->second.changed = sequence_ + 1;
  it->second.gone = true;
}

void report_book::fill(msg::NodeReport& report) {
  report.set_sequence(++sequence_);
  report.set_base(base_);
  for (const auto& [group, known] : lines_) {
    if (known.changed <= base_)
      continue;
    if (!known.gone)
      *report.add_replicas() = known.replica;
    else if (base_ != 0)
      report.add_gone(group);
  }
}

void report_book::answered(std::uint64_t sequence, bool resend) {
  if (resend)
    return start_over();
  if (sequence <= base_)
    return;
  base_ = sequence;
  for (auto it = lines_.begin(); it != lines_.end();)
    it = it->second.gone && it->second.changed <= base_ ? lines_.erase(it) : std::next(it);
}

void report_book::start_over() {
  base_ = 0;
}

const msg::ReplicaReport* report_book::find(std::uint64_t group) const {
  auto it = lines_.find(group);
  return it == lines_.end() || it->second.gone ? nullptr : &it->second.replica;
}

report_book::amount report_book::held() const {
  amount result;
  for (const auto& [group, one] : lines_) {
    if (one.gone)
      continue;
    result.items += one.replica.items();
    result.bytes += one.replica.item_sizes();
  }
  return result;
}

report_book::lag report_book::worst() const {
  lag result;
  for (auto& [group, one] : lines_) {
    if (one.gone)
      continue;
    result.apply = std::max<std::uint64_t>(result.apply, one.replica.lag());
    for (auto& member : one.replica.members())
      if (member.match() < one.replica.commit())
        result.log = std::max<std::uint64_t>(result.log, one.replica.commit() - member.match());
  }
  return result;
}

} // namespace troupe::agent
