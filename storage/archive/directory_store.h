// The archive in a directory: a disk that all nodes mount, or, where one machine runs all nodes, a folder of
// it.
//
// An object is a file. It is written under a temporary name, synced, and linked to its own name, which fails
// when that is taken. Whoever finds an object - who put it, who finds its name taken, who gets it - syncs the
// directories that lead to it before saying so: whoever linked it may have died before doing that. What such
// a death leaves of a file under a temporary name, whoever puts something a day later removes. The root
// holds a marker, without which nothing is done: a disk that is not mounted is an unreachable store, and not
// an empty one.
#pragma once
#include "storage/archive/object_store.h"
#include <memory>

namespace troupe::storage {

class directory_store final : public object_store {
public:
  // Makes the root where it is not there, or is empty. `refused`: it holds something else.
  static result<std::unique_ptr<directory_store>> open(const std::string& root);
  // Without making anything and without looking: what is wrong shows when it is used.
  static std::unique_ptr<directory_store> at(const std::string& root);

  result<put_outcome> put(const std::string& name, std::string_view bytes) override;
  result<std::string> get(const std::string& name, std::uint64_t max_bytes) override;
  result<std::string> get_range(const std::string& name, std::uint64_t offset, std::size_t count) override;
  result<object_page> list(const std::string& prefix, const std::string& after, std::size_t max) override;
  result<std::uint64_t> head(const std::string& name) override;
  result<void> remove(const std::string& name) override;
  std::string where(const std::string& name) const override;

private:
  explicit directory_store(std::string root) : root_(std::move(root)) {}
  result<void> check(const std::string& name) const;
  result<void> check_root() const;
  result<void> settle(const std::string& path) const;
  result<void> sweep();
  std::string root_;
  std::int64_t swept_s_ = 0; // when it was, Unix time
  std::uint64_t puts_ = 0;
};

} // namespace troupe::storage
