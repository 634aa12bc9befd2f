// The archive's object store, as bad as a store may be: away for a while, listing what was there some time
// ago, acknowledging what it loses, keeps half of, or spoils, failing after it has taken what it was given.
// What it holds is there for every process that lives or will live; what is really there only checkers ask.
#pragma once
#include "actors/core/archive/names.h"
#include "storage/archive/object_store.h"
#include "tests/sim/world/world.h"
#include <map>
#include <string>

namespace troupe::sim {

inline constexpr archive::place archive_place{1, 2, 7};

// Frequencies are per mille of the calls that may suffer it.
struct store_faults {
  unsigned away = 0; // of all calls: nothing is answered for up to away_max
  instant away_max = 0;
  unsigned lost = 0;    // of puts: acknowledged, and nothing is there
  unsigned partial = 0; // acknowledged, and the end of it is not there
  unsigned spoiled = 0; // acknowledged, and a bit of it is another one
  unsigned unsure = 0;  // it is there, and the answer is an error
  unsigned garbled = 0; // of gets: something else comes back
  instant list_lag = 0; // of lists: what was there up to so long ago is shown
};

struct store_counters {
  std::uint64_t puts = 0;
  std::uint64_t lies = 0; // of all that was asked of it
  std::uint64_t rotten = 0;
};

class shelf final : public storage::object_store {
public:
  shelf(world& w, const store_faults& faults);

  storage::result<storage::put_outcome> put(const std::string& name, std::string_view bytes) override;
  storage::result<std::string> get(const std::string& name, std::uint64_t max_bytes) override;
  storage::result<std::string> get_range(const std::string& name, std::uint64_t offset,
                                         std::size_t count) override;
  storage::result<storage::object_page> list(const std::string& prefix, const std::string& after,
                                             std::size_t max) override;
  storage::result<std::uint64_t> head(const std::string& name) override;
  storage::result<void> remove(const std::string& name) override;
  std::string where(const std::string& name) const override { return "shelf/" + name; }

  // From now on it is as good as a store can be.
  void rest() { resting_ = true; }
  // A bit of some sound segment changes where it lies. False: there is none.
  bool rot();

  // --- for checkers: what is there, whatever it says
  // All entries up to this one can be had from sound objects: from the newest snapshot, or the first entry,
  // on.
  log_index reaches() const;
  const store_counters& counters() const { return counters_; }

private:
  struct object {
    std::string bytes;
    bool sound = true; // what was put
    instant since = 0;
  };
  bool strikes(unsigned per_mille);
  bool is_away();

  world& world_;
  const store_faults& faults_;
  const std::string folder_;
  std::map<std::string, object> objects_;
  bool resting_ = false;
  instant away_until_ = 0;
  store_counters counters_;
};

} // namespace troupe::sim
