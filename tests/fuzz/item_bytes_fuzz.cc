// Any bytes as the serialized item of a put, or the key of a get: the router's quick way and its long way
// must agree, and what is accepted must be canonical and have a key that can be read back.
#include "actors/core/item/canonical.h"
#include "actors/core/item/condition.h"
#include "actors/core/item/prepare.h"
#include "actors/core/item/value.h"
#include "fuzz.h"
#include <cstdint>
#include <google/protobuf/stubs/logging.h>

using namespace troupe;
using namespace troupe::item;

namespace {

msg::KeySchema make_schema() {
  msg::KeySchema out;
  out.mutable_partition()->set_name("a");
  out.mutable_partition()->set_type(msg::KEY_TYPE_S);
  out.mutable_sort()->set_name("b");
  out.mutable_sort()->set_type(msg::KEY_TYPE_N);
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const msg::KeySchema schema = make_schema();
  const std::string bytes(reinterpret_cast<const char*>(data), size);

  auto item = parse_item(bytes);
  const bool valid = item && !canonicalise(*item);
  FUZZ_CHECK(recognise_canonical(schema, bytes).has_value() == (valid && serialize(*item) == bytes));

  const auto put = prepare_put(schema, bytes);
  FUZZ_CHECK(!put || valid);
  if (put) {
    FUZZ_CHECK(put->item == serialize(*item));
    FUZZ_CHECK(put->size == item_size(*item));
    FUZZ_CHECK(put->key == *encode_key(schema, *item));
    FUZZ_CHECK(decode_key(schema, put->key));
    msg::Condition condition;
    for (const msg::Attribute& attribute : item->attributes()) {
      auto* clause = condition.add_clauses();
      clause->set_test(msg::Condition::Clause::EQUALS);
      clause->set_attribute(attribute.name());
      *clause->mutable_operand() = attribute.value();
    }
    FUZZ_CHECK(holds(condition, std::string_view(put->item)) == true);
  }
  const auto key = prepare_key(schema, bytes);
  FUZZ_CHECK(!key || (valid && *key == *encode_exact_key(schema, *item)));

  msg::Query query;
  query.mutable_partition_key()->set_s("x");
  query.set_start_key(bytes);
  (void)query_range(schema, query);
  return 0;
}
