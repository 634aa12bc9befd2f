// A snapshot on its way from one item worker to another, carried piece by piece by the test.
#pragma once
#include "tests/unit/disk/item_worker.h"
#include <gtest/gtest.h>

namespace troupe::disk::test {

inline std::vector<std::string> keys(int n) {
  std::vector<std::string> all;
  for (int i = 0; i < n; ++i)
    all.push_back("key " + std::to_string(1000 + i));
  return all;
}

// A second worker that has no items, and gets them from the first.
struct transfer {
  item_worker source, target;
  std::uint64_t number = 1;
  std::size_t carried = 0; // pieces

  explicit transfer(int items = 100, std::size_t bytes = 20'000) {
    source.open();
    source.put(5, keys(items), bytes);
  }
  // Carries pieces over until there are so many, or all of it is installed. What came of it last.
  wire::snapshot_stored carry(std::uint64_t up_to = 1'000'000) {
    auto at = target.take_up(number);
    std::uint64_t resume = at.snapshot;
    while (at.result.ok() && !at.installed && at.next_chunk < up_to) {
      auto part = source.ask(number, at.next_chunk, 0, resume);
      for (int tries = 0; tries < 1000 && part.being_cut; ++tries) {
        source.pass(std::chrono::milliseconds(10));
        part = source.ask(number, at.next_chunk, 0, resume);
      }
      EXPECT_TRUE(part.result.ok()) << part.result.text;
      if (!part.result.ok())
        return at;
      resume = part.chunk.snapshot();
      ++carried;
      at = target.store(number, part.chunk);
    }
    return at;
  }
};

} // namespace troupe::disk::test
