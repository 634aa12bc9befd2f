// An object store that breaks its promises when it is told to. Its objects are shared by all who open it.
#pragma once
#include "storage/archive/object_store.h"
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace troupe::testing {

struct shelf {
  std::map<std::string, std::string> objects;
  bool away = false;      // nothing is answered
  bool forgets = false;   // puts are acknowledged and lost
  bool spoils = false;    // puts are acknowledged, and a byte of each is flipped
  bool lists_old = false; // listings show what was there when this was set
  bool garbles = false;   // what is got comes back as something else
  int removed = 0;
  int away_after = 0;            // so many puts: then it is away; 0: never
  std::function<void()> at_each; // of all that is asked of it; may be empty
  std::map<std::string, std::string> old;
  int puts = 0;
  int gets = 0;
  int lists = 0;
};

class lying_store final : public storage::object_store {
public:
  explicit lying_store(std::shared_ptr<shelf> where) : where_(std::move(where)) {}
  storage::result<storage::put_outcome> put(const std::string& name, std::string_view bytes) override;
  storage::result<std::string> get(const std::string& name, std::uint64_t max_bytes) override;
  storage::result<std::string> get_range(const std::string& name, std::uint64_t offset,
                                         std::size_t count) override;
  storage::result<storage::object_page> list(const std::string& prefix, const std::string& after,
                                             std::size_t max) override;
  storage::result<std::uint64_t> head(const std::string& name) override;
  storage::result<void> remove(const std::string& name) override;
  std::string where(const std::string& name) const override { return "shelf/" + name; }

private:
  void asked() const;
  std::shared_ptr<shelf> where_;
};

} // namespace troupe::testing
