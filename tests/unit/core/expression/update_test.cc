// What updates make of items.
#include "actors/core/expression/legacy.h"
#include "actors/core/expression/update.h"
#include "actors/core/item/json.h"
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

const std::string wrong_type = "An operand in the update expression has an incorrect data type";
const std::string missing = "The provided expression refers to an attribute that does not exist in the item";
const std::string wrong_path = "The document path provided in the update expression is invalid for update";
const std::string too_large = "Item size to update has exceeded the maximum allowed size";
const std::string overflow =
    "Number overflow. Attempting to store a number with magnitude larger than supported range";

update ready_update(std::string_view text, placeholders use) {
  auto parsed = parse_update(text, use);
  if (!parsed)
    throw std::invalid_argument(parsed.why().message);
  auto out = update::make(*parsed);
  if (!out)
    throw std::invalid_argument("parsed, and yet not sound: " + parsed->ShortDebugString());
  return *out;
}

// The item afterwards as JSON, or the refusal. The key is {"pk": "k"}, which is part of `on`; none: no item.
std::string updated(const update& how, std::optional<std::string> on) {
  const msg::AttributeMap key = item(R"({"pk": {"S": "k"}})");
  std::optional<msg::AttributeMap> old;
  if (on)
    old = item(*on);
  const auto out = how.apply(old ? &*old : nullptr, key);
  if (!out)
    return out.why().message;
  if (!out->exists)
    return "no item";
  msg::AttributeMap again = out->item;
  EXPECT_FALSE(item::canonicalise(again));
  EXPECT_EQ(item::serialize(again), item::serialize(out->item)) << "what is stored is canonical";
  return item::write_json(out->item);
}
std::string updated(std::string_view text, std::optional<std::string> on, const values& v = {},
                    const names& n = {}) {
  return updated(ready_update(text, with(n, v)), std::move(on));
}

const values one = {{":1", R"({"N": "1"})"}};

TEST(Update, SetReplacesAndAdds) {
  EXPECT_EQ(updated("SET b = :1, a = :1", R"({"b": {"S": "x"}, "c": {"S": "y"}})", one),
            R"({"a":{"N":"1"},"b":{"N":"1"},"c":{"S":"y"}})");
  EXPECT_EQ(updated("SET m.b = :1, m.z.y = :1", R"({"m": {"M": {"c": {"S": "y"}, "z": {"M": {}}}}})", one),
            R"({"m":{"M":{"b":{"N":"1"},"c":{"S":"y"},"z":{"M":{"y":{"N":"1"}}}}}})");
  EXPECT_EQ(updated("SET a = b", R"({"a": {"S": "1"}, "b": {"SS": ["x"]}})"),
            R"({"a":{"SS":["x"]},"b":{"SS":["x"]}})");
}

TEST(Update, WithoutAnItemOneIsMadeFromTheKey) {
  EXPECT_EQ(updated("SET a = :1", {}, one), R"({"a":{"N":"1"},"pk":{"S":"k"}})");
  EXPECT_EQ(updated("SET z = pk", {}), R"({"pk":{"S":"k"},"z":{"S":"k"}})");
  EXPECT_EQ(updated("ADD z :1", {}, one), R"({"pk":{"S":"k"},"z":{"N":"1"}})");
  EXPECT_EQ(updated("REMOVE a", {}), "no item");
  EXPECT_EQ(updated("DELETE a :s REMOVE b", {}, {{":s", R"({"SS": ["x"]})"}}), "no item");
  EXPECT_EQ(updated("REMOVE a SET b = :1", {}, one), R"({"b":{"N":"1"},"pk":{"S":"k"}})");
}

TEST(Update, ReadsTheItemAsItWasBefore) {
  EXPECT_EQ(updated("SET a = b, b = a", R"({"a": {"N": "1"}, "b": {"N": "2"}})"),
            R"({"a":{"N":"2"},"b":{"N":"1"}})");
  EXPECT_EQ(updated("REMOVE a SET b = a", R"({"a": {"N": "1"}})"), R"({"b":{"N":"1"}})");
  EXPECT_EQ(updated("SET l[0] = l[1], l[1] = l[0]", R"({"l": {"L": [{"N": "1"}, {"N": "2"}]}})"),
            R"({"l":{"L":[{"N":"2"},{"N":"1"}]}})");
}

TEST(Update, CountsInDecimal) {
  EXPECT_EQ(updated("SET n = n + :d", R"({"n": {"N": "0.1"}})", {{":d", R"({"N": "0.2"})"}}),
            R"({"n":{"N":"0.3"}})");
  EXPECT_EQ(updated("SET n = :d - n", R"({"n": {"N": "1e20"}})", {{":d", R"({"N": "-0.5"})"}}),
            R"({"n":{"N":"-100000000000000000000.5"}})");
  EXPECT_EQ(updated("SET n = if_not_exists(n, :1) + :1", R"({"z": {"N": "0"}})", one),
            R"({"n":{"N":"2"},"z":{"N":"0"}})");
  EXPECT_EQ(updated("SET n = :d + :d", R"({})", {{":d", R"({"N": "9e125"})"}}), overflow);
  EXPECT_EQ(updated("SET n = :d + :1", R"({})", {{":d", R"({"N": "1e50"})"}, one[0]}), overflow)
      << "more than 38 digits";
  EXPECT_EQ(updated("ADD n :d", R"({"n": {"N": "9e125"}})", {{":d", R"({"N": "9e125"})"}}), overflow);
  EXPECT_EQ(updated("SET n = n + s", R"({"n": {"N": "1"}, "s": {"S": "1"}})"), wrong_type);
  EXPECT_EQ(updated("SET n = s - :1", R"({"s": {"SS": ["1"]}})", one), wrong_type);
}

TEST(Update, WhatIsReadMustBeThere) {
  EXPECT_EQ(updated("SET a = b", R"({"a": {"N": "1"}})"), missing);
  EXPECT_EQ(updated("SET a = b + :1", R"({"a": {"N": "1"}})", one), missing);
  EXPECT_EQ(updated("SET a = list_append(l, b)", R"({"l": {"L": []}})"), missing);
  EXPECT_EQ(updated("SET a = l[2]", R"({"l": {"L": []}})"), missing);
  EXPECT_EQ(updated("SET a = b, c = s + :1", R"({"s": {"S": "1"}})", one), wrong_type) << "types come first";
  EXPECT_EQ(updated("SET a = if_not_exists(b, c)", R"({"a": {"N": "1"}})"), missing);
  EXPECT_EQ(updated("SET a = if_not_exists(b, c)", R"({"b": {"N": "1"}})"),
            R"({"a":{"N":"1"},"b":{"N":"1"}})")
      << "c is not asked for";
  EXPECT_EQ(updated("SET a = if_not_exists(b, if_not_exists(c, :1))", R"({})", one), R"({"a":{"N":"1"}})");
}

TEST(Update, ListsGrowAtBothEnds) {
  const values v = {{":l", R"({"L": [{"S": "x"}]})"}, {":e", R"({"L": []})"}};
  EXPECT_EQ(updated("SET l = list_append(l, :l)", R"({"l": {"L": [{"N": "1"}]}})", v),
            R"({"l":{"L":[{"N":"1"},{"S":"x"}]}})");
  EXPECT_EQ(updated("SET l = list_append(:l, l)", R"({"l": {"L": [{"N": "1"}]}})", v),
            R"({"l":{"L":[{"S":"x"},{"N":"1"}]}})");
  EXPECT_EQ(updated("SET l = list_append(if_not_exists(l, :e), :l)", R"({})", v),
            R"({"l":{"L":[{"S":"x"}]}})");
  EXPECT_EQ(updated("SET l = list_append(s, :l)", R"({"s": {"SS": ["a"]}})", v), wrong_type);
}

TEST(Update, BeyondTheEndOfAListIsItsEnd) {
  const values v = {{":a", R"({"S": "a"})"}, {":b", R"({"S": "b"})"}};
  const char* three = R"({"l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]}})";
  EXPECT_EQ(updated("SET l[10] = :a", three, v), R"({"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"S":"a"}]}})");
  EXPECT_EQ(updated("SET l[9] = :a, l[5] = :b", three, v),
            R"({"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"S":"b"},{"S":"a"}]}})")
      << "in the order of their positions";
  EXPECT_EQ(updated("SET l[1] = :a", three, v), R"({"l":{"L":[{"N":"0"},{"S":"a"},{"N":"2"}]}})");
  EXPECT_EQ(updated("SET l[3].x = :a", three, v), wrong_path);
}

TEST(Update, RemovingMovesTheRestTogether) {
  const values v = {{":a", R"({"S": "a"})"}};
  const char* four =
      R"({"l": {"L": [{"N": "0"}, {"N": "1"}, {"M": {"k": {"S": "v"}, "z": {"S": "w"}}}, {"N": "3"}]}})";
  EXPECT_EQ(updated("REMOVE l[0], l[3]", four),
            R"({"l":{"L":[{"N":"1"},{"M":{"k":{"S":"v"},"z":{"S":"w"}}}]}})");
  EXPECT_EQ(updated("REMOVE l[1], l[2].k", four),
            R"({"l":{"L":[{"N":"0"},{"M":{"z":{"S":"w"}}},{"N":"3"}]}})")
      << "positions are those before the update";
  EXPECT_EQ(updated("REMOVE l[1] SET l[3] = :a, l[2].k = :a", four, v),
            R"({"l":{"L":[{"N":"0"},{"M":{"k":{"S":"a"},"z":{"S":"w"}}},{"S":"a"}]}})");
  EXPECT_EQ(updated("REMOVE l[4] SET l[9] = :a", R"({"l": {"L": [{"N": "0"}]}})", v),
            R"({"l":{"L":[{"N":"0"},{"S":"a"}]}})")
      << "what is appended was not there to be removed";
  EXPECT_EQ(updated("REMOVE l[0]", R"({"l": {"L": [{"N": "0"}]}})"), R"({"l":{"L":[]}})");
  EXPECT_EQ(updated("REMOVE gone, m.gone", R"({"m": {"M": {}}})"), R"({"m":{"M":{}}})");
}

TEST(Update, PathsLeadFromWhatIsThere) {
  const char* on =
      R"({"c": {"M": {"1": {"S": "a"}}}, "d": {"L": [{"S": "a"}, {"S": "b"}]}, "a": {"S": "x"}})";
  for (const char* text :
       {"set b.a = :a, #1 = :a", "set b[1] = :a", "set c[1] = :a, #1 = :a", "set d.#1 = :a",
        "remove b.a set #1 = :a", "remove y[1] set #1 = :a", "remove c[1]", "remove d.#1", "delete b.a :a",
        "delete d.#1 :a", "add y.a :a", "add c[1] :a", "add a.#1 :a", "set d[2].x = :a", "set c.x.y = :a"}) {
    placeholders use = with({{"#1", "1"}}, {{":a", R"({"SS": ["a"]})"}});
    EXPECT_EQ(updated(ready_update(text, use), on), wrong_path) << text;
  }
}

TEST(Update, AddCountsAndJoins) {
  const values v = {
      {":n", R"({"N": "-1.5"})"}, {":s", R"({"SS": ["b", "a"]})"}, {":m", R"({"NS": ["10", "2"]})"}};
  EXPECT_EQ(updated("ADD n :n, s :s", R"({"n": {"N": "1"}, "s": {"SS": ["c", "b"]}})", v),
            R"({"n":{"N":"-0.5"},"s":{"SS":["a","b","c"]}})");
  EXPECT_EQ(updated("ADD n :n, s :s, m.m :m", R"({"m": {"M": {"m": {"NS": ["2.0", "3"]}}}})", v),
            R"({"m":{"M":{"m":{"NS":["2","3","10"]}}},"n":{"N":"-1.5"},"s":{"SS":["a","b"]}})");
  EXPECT_EQ(updated("ADD s :s", R"({"s": {"S": "a"}})", v), wrong_type);
  EXPECT_EQ(updated("ADD s :s", R"({"s": {"NS": ["1"]}})", v), wrong_type);
  EXPECT_EQ(updated("ADD s :n", R"({"s": {"NS": ["1"]}})", v), wrong_type);
}

TEST(Update, DeleteTakesMembersAndLeavesNoEmptySet) {
  const values v = {{":s", R"({"SS": ["b", "x"]})"}, {":n", R"({"NS": ["1.0"]})"}};
  EXPECT_EQ(updated("DELETE s :s", R"({"s": {"SS": ["a", "b"]}})", v), R"({"s":{"SS":["a"]}})");
  EXPECT_EQ(updated("DELETE s :s", R"({"a": {"S": "z"}, "s": {"SS": ["b"]}})", v), R"({"a":{"S":"z"}})");
  EXPECT_EQ(updated("DELETE s :s", R"({"a": {"S": "z"}})", v), R"({"a":{"S":"z"}})");
  EXPECT_EQ(updated("DELETE l[0] :n", R"({"l": {"L": [{"NS": ["1"]}, {"S": "z"}]}})", v),
            R"({"l":{"L":[{"S":"z"}]}})");
  EXPECT_EQ(updated("DELETE s :s", R"({"s": {"NS": ["1"]}})", v), wrong_type);
}

TEST(Update, ItemsStayWithinTheirSizeAndDepth) {
  const values half = {{":h", R"({"S": ")" + std::string(250'000, 'x') + R"("})"}};
  EXPECT_EQ(updated("SET a = :h, b = :h", R"({})", half), too_large);
  EXPECT_EQ(updated("SET a = :h", R"({"b": {"S": ")" + std::string(200'000, 'x') + R"("}})", half),
            too_large);
  const values list = {{":l", R"({"L": [{"S": ")" + std::string(90'000, 'x') + R"("}]})"}};
  std::string grown = "list_append(:l, :l)";
  for (int i = 0; i < 5; ++i)
    grown = "list_append(" + grown + ", " + grown + ")";
  EXPECT_EQ(updated("SET a = " + grown, R"({})", list), too_large) << "and not sixty-four copies of it first";
  EXPECT_EQ(updated("SET a = if_not_exists(b, " + grown + ")", R"({"b": {"N": "1"}})", list),
            R"({"a":{"N":"1"},"b":{"N":"1"}})");

  msg::AttributeMap deep;
  deep.add_attributes()->set_name("d");
  *deep.mutable_attributes(0)->mutable_value() = item::test::nested(31, false);
  EXPECT_EQ(updated("SET m.x = d",
                    R"({"m": {"M": {}}, "d": )" + item::write_json(deep.attributes(0).value()) + "}"),
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond "
            "supported "
            "limit");
}

TEST(Update, ReturnsWhatItTouched) {
  const auto touched = [](std::string_view text, const char* on, const values& v = {}) {
    const update how = ready_update(text, with({}, v));
    const msg::AttributeMap old = item(on);
    const auto out = how.apply(&old, {});
    EXPECT_TRUE(out) << out.why().message;
    return item::write_json(how.touched(old)) + " " + item::write_json(how.touched(out->item));
  };
  const char* on =
      R"({"p": {"S": "k"}, "a": {"M": {"b": {"S": "dog"}, "c": {"L": [{"N": "1"}, {"N": "2"}, {"N": "3"}]}}}})";
  const values v = {{":v", R"({"N": "7"})"}};
  EXPECT_EQ(touched("SET a.b = :v", on, v), R"({"a":{"M":{"b":{"S":"dog"}}}} {"a":{"M":{"b":{"N":"7"}}}})");
  EXPECT_EQ(touched("SET a.c[1] = :v", on, v),
            R"({"a":{"M":{"c":{"L":[{"N":"2"}]}}}} {"a":{"M":{"c":{"L":[{"N":"7"}]}}}})");
  EXPECT_EQ(touched("REMOVE a.c[1], a.c[3]", on),
            R"({"a":{"M":{"c":{"L":[{"N":"2"}]}}}} {"a":{"M":{"c":{"L":[{"N":"3"}]}}}})")
      << "the element that moved to the place, as in DynamoDB";
  EXPECT_EQ(touched("SET a.x = :v", on, v), R"({} {"a":{"M":{"x":{"N":"7"}}}})");
  EXPECT_EQ(touched("SET a.c[100] = :v", on, v), "{} {}") << "nothing is at position 100";
  EXPECT_EQ(touched("REMOVE a", on), item::write_json(item(on)).replace(0, 1, "{").substr(
                                         0, item::write_json(item(on)).find(",\"p\"")) +
                                         "} {}");
}

TEST(Update, OldParametersHaveTheirOwnRules) {
  const auto legacy = [](std::vector<legacy_update> updates, std::optional<std::string> on) {
    const auto made = update_from_attribute_updates(updates);
    if (!made)
      return made.why().message;
    return updated(*update::make(*made), std::move(on));
  };
  const msg::Value n = value(R"({"N": "2"})"), s = value(R"({"SS": ["a"]})"),
                   l = value(R"({"L": [{"S": "x"}]})");
  EXPECT_EQ(legacy({{"a", {}, n}, {"b", "PUT", l}}, R"({"a": {"S": "z"}})"),
            R"({"a":{"N":"2"},"b":{"L":[{"S":"x"}]}})");
  EXPECT_EQ(legacy({{"a", "ADD", n}, {"b", "ADD", l}, {"c", "ADD", s}, {"d", "ADD", l}},
                   R"({"a": {"N": "1"}, "b": {"L": [{"N": "1"}]}})"),
            R"({"a":{"N":"3"},"b":{"L":[{"N":"1"},{"S":"x"}]},"c":{"SS":["a"]},"d":{"L":[{"S":"x"}]}})")
      << "ADD extends lists";
  EXPECT_EQ(
      legacy({{"a", "DELETE", {}}, {"b", "DELETE", s}}, R"({"a": {"N": "1"}, "b": {"SS": ["a", "b"]}})"),
      R"({"b":{"SS":["b"]}})");
  const std::string mismatch = "Type mismatch for attribute to update";
  EXPECT_EQ(legacy({{"a", "ADD", n}}, R"({"a": {"S": "1"}})"), mismatch);
  EXPECT_EQ(legacy({{"a", "ADD", s}}, R"({"a": {"NS": ["1"]}})"), mismatch);
  EXPECT_EQ(legacy({{"a", "DELETE", s}}, R"({"a": {"N": "1"}})"), mismatch);
  EXPECT_EQ(legacy({{"a", "DELETE", {}}}, {}), "no item");
  EXPECT_EQ(legacy({}, {}), R"({"pk":{"S":"k"}})") << "an update of nothing makes an item";
  EXPECT_EQ(legacy({{"a", "ADD", value(R"({"S": "x"})")}}, {}),
            "One or more parameter values were invalid: ADD action is not supported for the type S");
  EXPECT_EQ(
      legacy({{"a", "DELETE", n}}, {}),
      "One or more parameter values were invalid: DELETE action with value is not supported for the type N");
  EXPECT_EQ(
      legacy({{"a", {}, {}}}, {}),
      "One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is "
      "specified");
}

TEST(Update, WhatIsNotSoundIsNotApplied) {
  placeholders use = with({}, {{":n", R"({"N": "1"})"}, {":s", R"({"SS": ["a"]})"}});
  const auto sound = *parse_update("SET a.b = if_not_exists(c, :n) + :n ADD d :n DELETE e :s REMOVE f", use);
  ASSERT_TRUE(update::make(sound));
  using kind = msg::UpdateExpression;
  const auto broken = [&](auto change) {
    kind copy = sound;
    change(copy);
    return !update::make(copy);
  };
  EXPECT_TRUE(broken([](kind& c) { c.mutable_actions(0)->mutable_steps()->RemoveLast(); }));
  EXPECT_TRUE(broken([](kind& c) { c.mutable_actions(0)->clear_steps(); }));
  EXPECT_TRUE(broken([](kind& c) { c.mutable_actions(0)->mutable_steps(0)->set_op(kind::Step::PLUS); }));
  EXPECT_TRUE(
      broken([](kind& c) { c.mutable_actions(0)->mutable_steps(0)->mutable_operand()->set_value(2); }));
  EXPECT_TRUE(
      broken([](kind& c) { c.mutable_actions(0)->mutable_steps(0)->mutable_operand()->set_size(true); }));
  EXPECT_TRUE(
      broken([](kind& c) { c.mutable_actions(0)->mutable_steps(1)->mutable_operand()->set_value(0); }));
  EXPECT_TRUE(broken([](kind& c) { c.mutable_actions(1)->set_value(7); }));
  EXPECT_TRUE(broken([](kind& c) { c.mutable_actions(2)->set_value(0); })) << "no set";
  EXPECT_TRUE(broken([](kind& c) { c.mutable_actions(3)->clear_path(); }));
  EXPECT_TRUE(broken([](kind& c) { c.mutable_actions(3)->set_verb(static_cast<kind::Verb>(9)); }));
  EXPECT_TRUE(broken([](kind& c) {
    c.mutable_actions(3)->mutable_path()->mutable_elements(0)->set_name("a");
  })) << "a.b lies within a";
  EXPECT_TRUE(broken([](kind& c) { c.set_values(0, "\xFF"); }));
}

} // namespace
} // namespace troupe::expression
