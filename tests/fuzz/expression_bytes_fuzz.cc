// Any bytes as the serialized expressions that a router sends to a leader: what is not sound is not
// evaluated, and what is, does no harm.
#include "actors/core/expression/condition.h"
#include "actors/core/expression/print.h"
#include "actors/core/expression/projection.h"
#include "actors/core/expression/update.h"
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include "fuzz.h"
#include <cstdint>
#include <google/protobuf/stubs/logging.h>

using namespace troupe;
using namespace troupe::expression;

namespace {

msg::AttributeMap make_item() {
  auto out = item::read_json(
      R"({"a": {"N": "1"}, "b": {"M": {"a": {"L": [{"S": "x"}, {"M": {"a": {"NS": ["1", "2"]}}}]}}},
    "c": {"L": [{"N": "1"}, {"N": "2"}, {"L": [{"S": "y"}]}]}, "d": {"SS": ["a", "b"]}, "pk": {"S": "k"}})");
  FUZZ_CHECK(out && !item::canonicalise(*out));
  return *out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const msg::AttributeMap on = make_item();
  const int length = static_cast<int>(size);

  msg::ConditionExpression tests;
  if (tests.ParseFromArray(data, length))
    if (const auto ready = condition::make(tests)) {
      (void)ready->holds(&on);
      (void)print(tests);
    }

  msg::UpdateExpression changes;
  if (changes.ParseFromArray(data, length))
    if (const auto ready = update::make(changes)) {
      const auto out = ready->apply(&on, {});
      if (out) {
        msg::AttributeMap again = out->item;
        FUZZ_CHECK(!item::canonicalise(again) && item::serialize(again) == item::serialize(out->item));
        FUZZ_CHECK(item::item_size(again) <= limits::item_bytes);
        (void)ready->touched(again);
      }
      (void)print(changes);
    }

  msg::ProjectionExpression paths;
  if (paths.ParseFromArray(data, length))
    if (const auto ready = projection::make(paths))
      FUZZ_CHECK(item::item_size(ready->apply(on)) <= item::item_size(on));
  return 0;
}
