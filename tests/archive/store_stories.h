// What every object store must do, told once and run over each of them: a suite with parameters is
// instantiated with functions that make an empty store.
#pragma once
#include "storage/archive/object_store.h"
#include <functional>
#include <gtest/gtest.h>
#include <memory>

namespace troupe::testing {

// A store, and whatever must live as long.
struct store_place {
  virtual ~store_place() = default;
  virtual storage::object_store& store() = 0;
};
using store_maker = std::function<std::unique_ptr<store_place>()>;

class ObjectStore : public ::testing::TestWithParam<store_maker> {
protected:
  std::unique_ptr<store_place> place = GetParam()();
  storage::object_store& store = place->store();
};

} // namespace troupe::testing
