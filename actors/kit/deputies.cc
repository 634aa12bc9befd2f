#include "actors/kit/deputies.h"

namespace troupe::kit {

deputy_seat_ptr deputies::enroll(std::uint64_t group, std::uint64_t member, wire::replica_actor actor) {
  auto seat = std::make_shared<deputy_seat>(group, member, std::move(actor));
  std::lock_guard hold(lock_);
  seats_[group] = seat;
  ++version_;
  return seat;
}

void deputies::leave(const deputy_seat_ptr& seat) {
  std::lock_guard hold(lock_);
  auto it = seats_.find(seat->group);
  if (it == seats_.end() || it->second != seat)
    return; // another one has taken its place
  seats_.erase(it);
  ++version_;
}

deputy_seat_ptr deputies::find(std::uint64_t group) const {
  std::lock_guard hold(lock_);
  auto it = seats_.find(group);
  return it == seats_.end() ? nullptr : it->second;
}

std::vector<deputy_seat_ptr> deputies::all() const {
  std::lock_guard hold(lock_);
  std::vector<deputy_seat_ptr> result;
  result.reserve(seats_.size());
  for (auto& [group, seat] : seats_)
    result.push_back(seat);
  return result;
}

std::uint64_t deputies::version() const {
  std::lock_guard hold(lock_);
  return version_;
}

} // namespace troupe::kit
