// What a log should hold, kept beside it by the tests that interrupt it: plain maps, and random batches to
// write.
#pragma once
#include "tests/unit/storage/fixtures.h"
#include <map>
#include <random>

namespace troupe::testing {

struct modelled_group {
  std::uint64_t base = 0;
  std::uint64_t base_link = 0;
  std::uint64_t commit = 0;
  std::uint64_t mark = 0;
  std::map<std::uint64_t, std::shared_ptr<const msg::Entry>> entries;

  std::uint64_t last() const { return entries.empty() ? base : entries.rbegin()->first; }
  std::uint64_t link_at(std::uint64_t index) const {
    return index == base ? base_link : entries.at(index)->link();
  }
};

class log_model {
public:
  std::map<std::uint64_t, modelled_group> groups;

  // A batch that a group or three might write next, and this model once it is written.
  std::pair<std::vector<storage::log_write>, log_model> next(std::mt19937_64& random,
                                                             std::size_t payload_max) const {
    log_model after = *this;
    std::vector<storage::log_write> batch;
    std::size_t count = 1 + random() % 3;
    for (std::size_t i = 0; i < count; ++i)
      batch.push_back(after.write_for(1 + random() % 4, random, payload_max));
    return {std::move(batch), std::move(after)};
  }

  // Whether the store holds exactly this.
  ::testing::AssertionResult held_by(storage::log_store& log) const {
    if (log.list_groups().size() != groups.size())
      return ::testing::AssertionFailure()
             << log.list_groups().size() << " groups instead of " << groups.size();
    for (const auto& [id, wanted] : groups) {
      auto got = log.load(id);
      if (!got)
        return done(got);
      if (got->verdict != storage::log_verdict::whole)
        return ::testing::AssertionFailure() << "group " << id << ": " << got->what;
      if (got->base.index != wanted.base || got->base.link != wanted.base_link || got->mark != wanted.mark ||
          got->hard_state.commit() != wanted.commit)
        return ::testing::AssertionFailure()
               << "group " << id << ": base " << got->base.index << " mark " << got->mark << " commit "
               << got->hard_state.commit() << ", wanted " << wanted.base << " " << wanted.mark << " "
               << wanted.commit;
      entries list;
      for (const auto& [index, entry] : wanted.entries)
        list.push_back(entry);
      if (auto equal = same(got->entries, list); !equal)
        return equal << " in group " << id;
    }
    return ::testing::AssertionSuccess();
  }

private:
  storage::log_write write_for(std::uint64_t id, std::mt19937_64& random, std::size_t payload_max) {
    storage::log_write w;
    w.group = id;
    w.create = !groups.contains(id);
    modelled_group& g = groups[id];
    if (w.create || random() % 3 == 0) {
      // What is committed is chained; a replaced entry may have broken the chain above it.
      std::uint64_t wish = g.base + random() % (g.last() - g.base + 1);
      g.commit = std::max(g.commit, g.base);
      while (g.commit < wish && g.entries.at(g.commit + 1)->previous_link() == g.link_at(g.commit))
        ++g.commit;
      w.hard_state = hard_state(1 + random() % 5, g.commit);
    }
    if (random() % 16 == 0 && !w.create) {
      std::uint64_t to = g.last() + 10 + random() % 10;
      w.reset = storage::log_base{to, random(), ballot(3)};
      w.hard_state = hard_state(3, to);
      g = modelled_group{to, w.reset->link, to, to, {}};
    }
    if (random() % 8 != 0) {
      std::uint64_t lowest = std::max(g.base, std::min(g.commit, g.last())) + 1;
      std::uint64_t from = random() % 4 == 0 ? lowest + random() % (g.last() + 2 - lowest) : g.last() + 1;
      chain c(id, from - 1, g.link_at(from - 1));
      std::size_t size = random() % payload_max;
      w.entries = c.some(1 + random() % 6, size, 1 + random() % 5);
      for (const auto& e : w.entries)
        g.entries[e->index()] = e;
      g.mark = std::max(g.mark, g.last());
    }
    if (random() % 5 == 0 && g.last() > g.base) {
      std::uint64_t to = g.base + random() % (g.last() - g.base + 1);
      if (to > g.base) {
        w.truncate_up_to = to;
        g.base_link = g.link_at(to);
        g.base = to;
        g.entries.erase(g.entries.begin(), g.entries.upper_bound(to));
      }
    }
    return w;
  }
};

} // namespace troupe::testing
