// Item stores and batches for the tests.
#pragma once
#include "storage/item_store.h"
#include "tests/unit/storage/fixtures.h"
#include <deque>
#include <map>
#include <sqlite3.h>

namespace troupe::testing {

inline storage::item_options item_options_of(std::uint64_t group, std::uint64_t member) {
  storage::item_options o;
  o.group = group;
  o.member = member;
  o.create = true;
  return o;
}

inline std::unique_ptr<storage::item_store>
open_items(const std::string& path, const storage::item_options& options = item_options_of(1, 11)) {
  auto store = storage::item_store::open(path, options);
  EXPECT_TRUE(store.ok()) << store.error().text;
  return store ? std::move(*store) : nullptr;
}

inline std::uint64_t length_of_value(std::string_view, std::string_view value) {
  return value.size();
}

// What somebody else does to the file while no store has it open.
inline void sql_on_file(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  char* why = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << sql << ": " << why;
  sqlite3_close(db);
}

// Owns what the views of a batch point at.
class change_list {
public:
  change_list& put(std::string key, std::string value) {
    strings_.push_back(std::move(key));
    std::string_view k = strings_.back();
    strings_.push_back(std::move(value));
    changes_.push_back({k, strings_.back(), false});
    return *this;
  }
  change_list& remove(std::string key) {
    strings_.push_back(std::move(key));
    changes_.push_back({strings_.back(), {}, true});
    return *this;
  }
  storage::item_batch at(std::uint64_t index, std::uint64_t link = 0) const {
    storage::item_batch batch;
    batch.changes = changes_;
    batch.position.index = index;
    batch.position.link = link;
    return batch;
  }

private:
  std::deque<std::string> strings_;
  std::vector<storage::item_change> changes_;
};

} // namespace troupe::testing
