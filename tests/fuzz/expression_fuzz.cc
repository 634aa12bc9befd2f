// Any text as an expression: refused, or read, printed, read again the same, and evaluated on an item.
//
// Input: one letter for the kind (c condition, f filter, k key condition, u update, p projection), the text
// up to the first zero byte, and whatever follows makes the item.
#include "actors/core/expression/condition.h"
#include "actors/core/expression/key_condition.h"
#include "actors/core/expression/parse.h"
#include "actors/core/expression/print.h"
#include "actors/core/expression/projection.h"
#include "actors/core/expression/request.h"
#include "actors/core/expression/update.h"
#include "actors/core/item/json.h"
#include "actors/core/item/key.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include "fuzz.h"
#include "tests/unit/core/item/random_items.h"
#include <cstdint>

using namespace troupe;
using namespace troupe::expression;

namespace {

placeholders make_placeholders() {
  const std::pair<const char*, const char*> values[] = {{":s", R"({"S": "a"})"},
                                                        {":e", R"({"S": ""})"},
                                                        {":n", R"({"N": "1"})"},
                                                        {":m", R"({"N": "-2.5"})"},
                                                        {":h", R"({"N": "9e125"})"},
                                                        {":b", R"({"B": "AQI="})"},
                                                        {":t", R"({"BOOL": true})"},
                                                        {":z", R"({"NULL": true})"},
                                                        {":l", R"({"L": [{"N": "1"}, {"S": "a"}]})"},
                                                        {":d", R"({"M": {"a": {"N": "1"}}})"},
                                                        {":ss", R"({"SS": ["a", "b"]})"},
                                                        {":ns", R"({"NS": ["1", "2"]})"},
                                                        {":bs", R"({"BS": ["AQ=="]})"},
                                                        {":N", R"({"S": "N"})"}};
  placeholders::values::value_type given;
  for (const auto& [placeholder, json] : values)
    given.emplace_back(placeholder, *item::read_json_value(json));
  auto out = placeholders::make(
      placeholders::names::value_type{
          {"#a", "a"}, {"#b", "b"}, {"#n", "name"}, {"#x", "a.b[0]"}, {"#k", "pk"}},
      given);
  FUZZ_CHECK(out);
  return *out;
}

msg::KeySchema make_schema() {
  msg::KeySchema out;
  out.mutable_partition()->set_name("pk");
  out.mutable_partition()->set_type(msg::KEY_TYPE_S);
  out.mutable_sort()->set_name("a");
  out.mutable_sort()->set_type(msg::KEY_TYPE_N);
  return out;
}

// Attributes a, b, c and pk, nested and otherwise.
msg::AttributeMap make_item(std::string_view bytes) {
  std::uint64_t seed = 14695981039346656037ull;
  for (const char c : bytes)
    seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  item::test::dice roll(seed);
  msg::AttributeMap out;
  for (const char* name : {"a", "b", "c"}) {
    msg::Attribute* attribute = out.add_attributes();
    attribute->set_name(name);
    item::test::fill_value(roll, 3, *attribute->mutable_value());
  }
  msg::Attribute* key = out.add_attributes();
  key->set_name("pk");
  key->mutable_value()->set_s("k");
  FUZZ_CHECK(!item::canonicalise(out));
  return out;
}

template <class Expression, class Parse>
void check_printed(const Expression& parsed, Parse parse) {
  printed again = print(parsed);
  if (again.text.size() > 4096)
    return;
  placeholders::names names;
  placeholders::values values;
  if (!again.names.empty())
    names = std::move(again.names);
  if (!again.values.empty())
    values = std::move(again.values);
  auto use = placeholders::make(std::move(names), std::move(values));
  FUZZ_CHECK(use);
  const auto reparsed = parse(again.text, *use);
  FUZZ_CHECK(reparsed);
  FUZZ_CHECK(reparsed->SerializeAsString() == parsed.SerializeAsString());
  FUZZ_CHECK(!use->check_all_used());
}

template <class T>
bool refused(const result<T>& parsed) {
  FUZZ_CHECK(parsed || parsed.why().message.starts_with("Invalid "));
  return !parsed;
}

void try_condition(condition_role role, std::string_view text, const msg::AttributeMap& on,
                   placeholders use) {
  const auto parsed = parse_condition(role, text, use);
  if (refused(parsed))
    return;
  check_printed(*parsed, [role](std::string_view again, placeholders& reuse) {
    return parse_condition(role, again, reuse);
  });
  const auto ready = condition::make(*parsed);
  FUZZ_CHECK(ready);
  FUZZ_CHECK(ready->holds(std::string_view(item::serialize(on))) == ready->holds(&on));
  (void)ready->holds(static_cast<const msg::AttributeMap*>(nullptr));
  static const msg::KeySchema schema = make_schema();
  (void)check_paths(*parsed, schema, "Key");
  (void)check_filter(*parsed, schema, "Filter Expression");
  const auto tests = read_key_condition(*parsed);
  msg::Query query;
  if (tests && !write_query(*tests, schema, query)) {
    const auto range = item::query_range(schema, query);
    // What the condition says of an item with this key is what the range says of the key.
    if (const auto key = item::encode_key(schema, on); range && key)
      FUZZ_CHECK(range->contains(*key) == ready->holds(&on));
  }
}

void try_update(std::string_view text, const msg::AttributeMap& on, placeholders use) {
  const auto parsed = parse_update(text, use);
  if (refused(parsed))
    return;
  check_printed(*parsed,
                [](std::string_view again, placeholders& reuse) { return parse_update(again, reuse); });
  const auto ready = update::make(*parsed);
  FUZZ_CHECK(ready);
  static const msg::KeySchema schema = make_schema();
  const bool key_stays = !check_update(*parsed, schema);
  msg::AttributeMap key;
  *key.add_attributes() = *on.attributes().rbegin();
  for (const msg::AttributeMap* old : {&on, static_cast<const msg::AttributeMap*>(nullptr)}) {
    const auto out = ready->apply(old, key);
    if (!out || !out->exists)
      continue;
    msg::AttributeMap again = out->item;
    FUZZ_CHECK(!item::canonicalise(again) && item::serialize(again) == item::serialize(out->item));
    FUZZ_CHECK(item::item_size(again) <= limits::item_bytes);
    FUZZ_CHECK(!key_stays || item::find(again, "pk")->s() == "k");
    msg::AttributeMap touched = ready->touched(out->item);
    FUZZ_CHECK(!item::canonicalise(touched));
  }
}

void try_projection(std::string_view text, const msg::AttributeMap& on, placeholders use) {
  const auto parsed = parse_projection(text, use);
  if (refused(parsed))
    return;
  check_printed(*parsed,
                [](std::string_view again, placeholders& reuse) { return parse_projection(again, reuse); });
  msg::AttributeMap found = projection::make(*parsed)->apply(on);
  FUZZ_CHECK(item::item_size(found) <= item::item_size(on));
  const std::string bytes = item::serialize(found);
  FUZZ_CHECK(!item::canonicalise(found) && item::serialize(found) == bytes);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  static const placeholders use = make_placeholders();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const std::string_view text = input.substr(1, end - 1);
  const msg::AttributeMap on = make_item(input.substr(end));
  switch (input[0]) {
  case 'u':
    try_update(text, on, use);
    break;
  case 'p':
    try_projection(text, on, use);
    break;
  case 'f':
    try_condition(condition_role::filter, text, on, use);
    break;
  case 'k':
    try_condition(condition_role::key_condition, text, on, use);
    break;
  default:
    try_condition(condition_role::condition, text, on, use);
  }
  return 0;
}
