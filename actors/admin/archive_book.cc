#include "actors/admin/archive_book.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::admin {

namespace {

constexpr std::int64_t ask_again_us = 300'000;

} // namespace

void archive_book::note(std::uint64_t group, std::uint64_t archived) {
  auto& one = logs_[group];
  one.archived = std::max(one.archived, archived);
}

bool archive_book::holds(std::uint64_t group, std::uint64_t last) const {
  auto it = logs_.find(group);
  return it != logs_.end() && it->second.archived >= last;
}

bool archive_book::ask(std::uint64_t group, std::int64_t now_us) {
  auto& one = logs_[group];
  if (now_us < one.ask_us)
    return false;
  one.ask_us = now_us + 2 * limits::archiving_wait_ms * 1000;
  return true;
}

void archive_book::ask_again(std::uint64_t group, std::int64_t now_us) {
  logs_[group].ask_us = now_us + ask_again_us;
}

} // namespace troupe::admin
