#include "tests/sim/world/world.h"
#include <algorithm>
#include <cstdio>
#include <cstring>

namespace troupe::sim {
namespace {

constexpr std::size_t remembered_notes = 400;
constexpr std::uint64_t events_at_most = 3'000'000; // a run that needs more is a loop

} // namespace

world::world(std::uint64_t seed, bool traced) : dice_(seed), traced_(traced), digest_(seed) {}

void world::at(instant when, std::function<void()> what) {
  heap_.push_back({std::max(when, now_), ++order_, std::move(what)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

void world::run_until(instant when) {
  run_until(when, [] { return false; });
}

bool world::run_until(instant when, const std::function<bool()>& done) {
  while (!found_ && !heap_.empty() && heap_.front().when <= when) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const event next = std::move(heap_.back());
    heap_.pop_back();
    now_ = next.when;
    if (++events_ > events_at_most)
      find("world", "the run does not end: " + std::to_string(events_at_most) + " events");
    next.what();
    if (after_each_)
      after_each_();
    if (done())
      return true;
  }
  if (!found_)
    now_ = std::max(now_, when);
  return false;
}

void world::remember(const record& r) {
  mix(static_cast<std::uint64_t>(r.when));
  for (const auto number : r.numbers)
    mix(number);
  mix(static_cast<unsigned char>(r.format[0]) + 256 * std::strlen(r.format));
  memory_.push_back(r);
  if (memory_.size() > remembered_notes)
    memory_.pop_front();
  if (traced_)
    std::printf("%s\n", text_of(r).c_str());
}

void world::tell(const std::string& text) const {
  std::printf("%11.6f    %s\n", static_cast<double>(now_) / second, text.c_str());
}

void world::find(std::string checker, std::string what) {
  if (!found_ && !silenced_.contains(checker))
    found_ = finding{std::move(checker), std::move(what), now_};
}

std::string world::text_of(const record& r) {
  char head[32];
  std::snprintf(head, sizeof head, "%11.6f  ", static_cast<double>(r.when) / second);
  std::string text = head;
  std::size_t number = 0;
  for (const char* c = r.format; *c != '\0'; ++c) {
    if (*c != '{') {
      text += *c;
      continue;
    }
    char digits[24];
    const bool hexadecimal = c[1] == 'x';
    std::snprintf(digits, sizeof digits, hexadecimal ? "%llx" : "%llu",
                  static_cast<unsigned long long>(r.numbers[number++]));
    text += digits;
    c += hexadecimal ? 2 : 1;
  }
  return text;
}

std::string world::recent(std::size_t lines) const {
  std::string text;
  const std::size_t skipped = memory_.size() > lines ? memory_.size() - lines : 0;
  for (std::size_t i = skipped; i < memory_.size(); ++i)
    text += text_of(memory_[i]) + '\n';
  return text;
}

} // namespace troupe::sim
