#include "actors/core/scrub/round.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::scrub {

namespace {

template <class Known>
std::vector<std::uint64_t> missing(const std::vector<std::uint64_t>& members,
                                   const std::vector<std::uint64_t>& mute, const Known& known) {
  std::vector<std::uint64_t> out;
  for (auto member : members)
    if (!known.contains(member) && std::find(mute.begin(), mute.end(), member) == mute.end())
      out.push_back(member);
  return out;
}

} // namespace

round::round(std::vector<std::uint64_t> members, std::uint64_t epoch, std::int64_t now, bool whole)
    : members_(std::move(members)), epoch_(epoch), began_(now), whole_(whole) {}

round::step round::next(std::int64_t now) {
  move_on();
  if (phase_ != phase::over && now - began_ >= round_us)
    phase_ = phase::over;
  if (phase_ == phase::over)
    return {want::done, {}, false, false};
  if (asked_us_ != 0 && now - asked_us_ < ask_again_us)
    return {};
  asked_us_ = now;
  switch (phase_) {
  case phase::mark:
  case phase::mark_records:
    return {want::mark, {}, false, false};
  case phase::roots:
    return {want::read, missing(members_, mute_, roots_), false, false};
  case phase::leaves:
    return {want::read, missing(members_, mute_, leaves_), true, false};
  default:
    return {want::read, missing(members_, mute_, records_), false, true};
  }
}

void round::marked(std::uint64_t index) {
  if (phase_ != phase::mark && phase_ != phase::mark_records)
    return;
  index_ = index;
  phase_ = phase_ == phase::mark_records ? phase::records : whole_ ? phase::leaves : phase::roots;
  asked_us_ = 0;
}

void round::refused() {
  phase_ = phase::over;
}

void round::configuration_changed() {
  phase_ = phase::over;
}

void round::root(std::uint64_t member, std::uint64_t index, std::uint64_t root) {
  if (phase_ == phase::roots && index == index_)
    roots_[member] = root;
}

void round::read_leaves(std::uint64_t member, std::uint64_t index, leaf_list leaves) {
  if (phase_ == phase::leaves && index == index_)
    leaves_[member] = std::move(leaves);
}

void round::read_records(std::uint64_t member, std::uint64_t index, std::vector<record> records, bool all) {
  if (phase_ != phase::records || index != index_)
    return;
  records_[member] = std::move(records);
  listed_all_ = listed_all_ && all;
}

void round::unknown(std::uint64_t member, std::uint64_t index) {
  if (index == index_ && std::find(mute_.begin(), mute_.end(), member) == mute_.end())
    mute_.push_back(member);
}

void round::move_on() {
  if (phase_ == phase::roots && missing(members_, mute_, roots_).empty())
    compare_roots();
  if (phase_ == phase::leaves && missing(members_, mute_, leaves_).empty())
    compare_leaves();
  if (phase_ == phase::records && missing(members_, mute_, records_).empty())
    finish();
}

void round::compare_roots() {
  result_.index = index_;
  for (const auto& [member, root] : roots_)
    result_.members.push_back(member);
  const bool same = std::all_of(roots_.begin(), roots_.end(),
                                [&](const auto& one) { return one.second == roots_.begin()->second; });
  result_.compared = same && roots_.size() > 1;
  phase_ = same ? phase::over : phase::leaves;
  asked_us_ = 0;
}

void round::compare_leaves() {
  auto& opinions = result_.opinions;
  result_.index = index_;
  for (const auto& [member, leaves] : leaves_)
    opinions.push_back({member, leaves, false});
  const bool comparable = std::all_of(opinions.begin(), opinions.end(), [&](const opinion& one) {
    return one.leaves.size() == opinions.front().leaves.size();
  });
  phase_ = phase::over;
  if (!comparable)
    return opinions.clear();
  result_.verdict = judge(opinions);
  result_.members.clear();
  for (const auto& one : opinions)
    result_.members.push_back(one.member);
  result_.compared = opinions.size() > 1;
  if (result_.verdict.agreed())
    return; // or somebody's root was of other leaves, and it fell silent meanwhile
  listed_ = result_.verdict.differing;
  listed_.resize(std::min(listed_.size(), limits::scrub_listed_leaves));
  phase_ = phase::mark_records;
  asked_us_ = 0;
}

void round::finish() {
  phase_ = phase::over;
  std::vector<listing> listings;
  for (auto& [member, records] : records_)
    listings.push_back({member, std::move(records)});
  if (listings.size() > 1 && listed_all_)
    result_.keys = differing_keys(listings, told_keys);
}

} // namespace troupe::scrub
