#include "actors/core/archive/keeper.h"
#include <algorithm>

namespace troupe::archive {

namespace {

constexpr std::size_t marks_max = 64;
constexpr std::size_t candidates_max = 1024;
constexpr std::size_t bad_copies_max = 1024;
constexpr int doublings_max = 16;

} // namespace

keeper::keeper(options o, std::uint64_t base) : options_(o), archived_(base), committed_(base) {}

void keeper::told(const progress& p, instant now) {
  if (p.base > archived_) { // a snapshot took the place of the log: what is gone is others' to archive
    archived_ = p.base;
    // What lies below it was counted before, or is all there is. What was counted in one sum with what lies
    // above is taken for not archived, until everything is.
    if (p.committed <= p.base)
      archived_bytes_ = std::max(archived_bytes_, p.bytes);
    else if (committed_ <= p.base)
      archived_bytes_ = std::max(archived_bytes_, bytes_);
    while (!marks_.empty() && marks_.front().first <= archived_)
      marks_.pop_front();
    listed_at_ = never;
  }
  if (leads_ != p.leads)
    listed_at_ = never;
  took_over_ = took_over_ && leads_ == p.leads;
  leads_ = p.leads;
  auto more = p.bytes > bytes_;
  bytes_ = std::max(std::max(bytes_, p.bytes), archived_bytes_);
  committed_ = std::max(committed_, p.committed);
  if (!more || committed_ <= archived_)
    return mark(now);
  if (marks_.size() == marks_max) // an older time for a newer entry errs on the early side
    marks_[marks_max - 1].first = committed_;
  else
    marks_.emplace_back(committed_, now);
}

// Whether anything but no-ops is not archived. Of a log that is not in the archive at all they are wanted,
// too: a partition to which nothing was ever written must not look like one that was lost.
bool keeper::wanted() const {
  return committed_ > archived_ && (unarchived_bytes() > 0 || archived_ == 0);
}

// What is wanted has a time.
void keeper::mark(instant now) {
  if (marks_.empty() && wanted())
    marks_.emplace_back(committed_, now);
}

bool keeper::due(instant now) const {
  if (committed_ <= archived_)
    return false;
  if (hurried_to_ > archived_)
    return true;
  if (!wanted() || marks_.empty())
    return false;
  return unarchived_bytes() >= options_.segment_bytes || now - marks_.front().second >= options_.segment_age;
}

step keeper::next(instant now) {
  if (!due(now)) {
    due_since_ = never;
    auto waits = wanted() && !marks_.empty();
    return {act::wait, waits ? marks_.front().second + options_.segment_age : never, {}};
  }
  if (due_since_ == never)
    due_since_ = now;
  if (now < not_before_)
    return {act::wait, not_before_, {}};
  std::erase_if(candidates_, [this](const extent& e) { return e.last <= archived_; });
  if (auto* object = to_read())
    return {act::read_back, never, *object};
  if (exhausted_ && now < read_again_at_)
    return {act::wait, read_again_at_, {}};
  if (next_copy() > copies_max) { // what was damaged yesterday may have been damaged on its way
    std::erase_if(bad_copies_, [this](const auto& one) { return one.first.first == archived_ + 1; });
    listed_at_ = never;
  }
  if (listed_at_ == never || now - listed_at_ >= options_.look_again)
    return {act::list, never, {}};
  auto ahead = std::any_of(candidates_.begin(), candidates_.end(),
                           [this](const extent& e) { return e.first <= archived_ + 1; });
  if (stuck_ || ahead) // it is there, and this member has yet to hear that so much is chosen
    return {act::wait, listed_at_ + options_.look_again, {}};
  if (!leads_ && !took_over_ && now - due_since_ < options_.takeover)
    return {act::wait, std::min(due_since_ + options_.takeover, listed_at_ + options_.look_again), {}};
  return {act::upload, never, {archived_ + 1, committed_, next_copy()}};
}

// What holds the next entry and most behind it, of what this log can be compared with. What has another
// history is looked at again before anything else.
const extent* keeper::to_read() const {
  const extent* best = nullptr;
  for (auto& e : candidates_) {
    if (stuck_ && e != stuck_on_)
      continue;
    if (e.first > archived_ + 1 || e.last > committed_)
      continue;
    if (!best || e.last > best->last || (e.last == best->last && e.copy < best->copy))
      best = &e;
  }
  return best;
}

std::uint32_t keeper::next_copy() const {
  std::uint32_t copy = 0;
  for (auto& [range, copies] : bad_copies_)
    if (range.first == archived_ + 1)
      copy = std::max(copy, copies);
  return copy;
}

void keeper::hurry(std::uint64_t up_to) {
  hurried_to_ = std::max(hurried_to_, up_to);
  not_before_ = 0; // whoever waits has less patience than the pause
}

void keeper::listed(const std::vector<extent>& found, instant now) {
  listed_at_ = now;
  // Whoever looked has perhaps taken it away.
  stuck_ = stuck_ && std::find(found.begin(), found.end(), stuck_on_) != found.end();
  candidates_.clear();
  for (auto& e : found) {
    took_over_ = took_over_ && e.first > archived_ + 1; // somebody else goes on where this member would
    auto bad = bad_copies_.find({e.first, e.last});
    auto known_bad = bad != bad_copies_.end() && e.copy < bad->second;
    if (e.last > archived_ && !known_bad && candidates_.size() < candidates_max)
      candidates_.push_back(e);
  }
}

void keeper::uploaded(const extent& object, instant) {
  took_over_ = !leads_;
  if (candidates_.size() < candidates_max)
    candidates_.push_back(object);
}

void keeper::checked(const extent& object, verdict what, std::uint64_t bytes, instant now) {
  std::erase(candidates_, object);
  switch (what) {
  case verdict::same:
    failures_ = 0;
    stuck_ = false; // it was another object of that name
    advance(object.last, bytes);
    return mark(now);
  case verdict::missing:
    break;
  case verdict::damaged:
    damaged(object, now);
    break;
  case verdict::different:
    stuck_ = true;
    stuck_on_ = object;
    break;
  }
  pause(now);
}

void keeper::damaged(const extent& object, instant now) {
  if (bad_copies_.size() >= bad_copies_max)
    return;
  auto& copies = bad_copies_[{object.first, object.last}];
  copies = std::max(copies, object.copy + 1);
  if (next_copy() <= copies_max)
    return;
  exhausted_ = true;
  read_again_at_ = now + options_.retry_most;
}

void keeper::failed(instant now) {
  pause(now);
}

void keeper::pause(instant now) {
  auto wait = options_.retry_first << std::min(failures_++, doublings_max);
  not_before_ = now + std::min(wait, options_.retry_most);
}

void keeper::advance(std::uint64_t to, std::uint64_t bytes) {
  archived_ = std::max(archived_, to);
  archived_bytes_ = archived_ >= committed_ ? bytes_ : std::min(archived_bytes_ + bytes, bytes_);
  while (!marks_.empty() && marks_.front().first <= archived_)
    marks_.pop_front();
  std::erase_if(bad_copies_, [this](const auto& one) { return one.first.second <= archived_; });
  due_since_ = never;
  exhausted_ = false;
}

enum pressure keeper::pressure() const {
  if (unarchived_bytes() >= options_.refuse_bytes)
    return pressure::refuse;
  return unarchived_bytes() >= options_.alarm_bytes ? pressure::alarm : pressure::calm;
}

verdict judge(const msg::SegmentManifest& found, const extent& name, const place& whose,
              const msg::Entry& own) {
  if (found.first() != name.first || found.last() != name.last)
    return verdict::damaged; // sound, and in another's place
  auto same = found.cluster_id() == whose.cluster && found.table_id() == whose.table &&
              found.group() == whose.group && own.index() == found.last() && own.link() == found.last_link();
  return same ? verdict::same : verdict::different;
}

} // namespace troupe::archive
