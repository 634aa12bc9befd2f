#include "tests/unit/archiver/lying_store.h"

namespace troupe::testing {

using storage::code;

namespace {

const storage::error unreachable{code::io, "the store is away"};

} // namespace

void lying_store::asked() const {
  if (where_->at_each)
    where_->at_each();
}

storage::result<storage::put_outcome> lying_store::put(const std::string& name, std::string_view bytes) {
  ++where_->puts;
  asked();
  if (where_->away)
    return unreachable;
  if (where_->objects.contains(name))
    return storage::put_outcome::exists;
  if (where_->away_after > 0)
    where_->away = --where_->away_after == 0;
  if (!where_->forgets) {
    auto& kept = where_->objects[name] = bytes;
    if (where_->spoils)
      kept[kept.size() / 2] ^= 0x10;
  }
  return storage::put_outcome::stored;
}

storage::result<std::string> lying_store::get(const std::string& name, std::uint64_t max_bytes) {
  ++where_->gets;
  asked();
  if (where_->away)
    return unreachable;
  auto it = where_->objects.find(name);
  if (it == where_->objects.end())
    return storage::error{code::missing, name};
  if (it->second.size() > max_bytes)
    return storage::error{code::corrupt, name};
  auto bytes = it->second;
  if (where_->garbles)
    bytes[bytes.size() / 2] ^= 0x10;
  return bytes;
}

storage::result<std::string> lying_store::get_range(const std::string& name, std::uint64_t offset,
                                                    std::size_t count) {
  auto all = get(name, ~std::uint64_t{0});
  return all ? storage::result<std::string>(all->substr(offset, count)) : all;
}

storage::result<storage::object_page> lying_store::list(const std::string& prefix, const std::string& after,
                                                        std::size_t max) {
  ++where_->lists;
  asked();
  if (where_->away)
    return unreachable;
  storage::object_page page;
  for (auto& [name, bytes] : where_->lists_old ? where_->old : where_->objects)
    if (name.starts_with(prefix) && name > after) {
      if (page.objects.size() == max) {
        page.more = true;
        break;
      }
      page.objects.push_back({name, bytes.size()});
    }
  return page;
}

storage::result<std::uint64_t> lying_store::head(const std::string& name) {
  auto all = get(name, ~std::uint64_t{0});
  return all ? storage::result<std::uint64_t>(all->size()) : all.error();
}

storage::result<void> lying_store::remove(const std::string& name) {
  if (where_->away)
    return unreachable;
  where_->removed += static_cast<int>(where_->objects.erase(name));
  return {};
}

} // namespace troupe::testing
