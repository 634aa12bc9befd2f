#include "actors/core/expression/legacy.h"
#include "actors/core/expression/projection.h"
#include "actors/core/item/json.h"
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

std::string projected(std::string_view text, std::string_view on, const names& n = {}) {
  placeholders use = with(n);
  const auto parsed = parse_projection(text, use);
  EXPECT_TRUE(parsed) << parsed.why().message;
  const auto ready = projection::make(*parsed);
  EXPECT_TRUE(ready);
  return item::write_json(ready->apply(item(on)));
}

const char* const on =
    R"({"a": {"N": "1"}, "z": {"SS": ["x"]}, "m": {"M": {"b": {"S": "B"}, "c": {"M": {"d": {"N": "4"}}}}},
  "l": {"L": [{"N": "0"}, {"M": {"x": {"S": "X"}, "y": {"S": "Y"}}}, {"N": "2"}, {"N": "3"}]}})";

TEST(Projection, PicksAttributesInCanonicalOrder) {
  EXPECT_EQ(projected("z, a, gone", on), R"({"a":{"N":"1"},"z":{"SS":["x"]}})");
  EXPECT_EQ(projected("#q", on, {{"#q", "a"}}), R"({"a":{"N":"1"}})");
  EXPECT_EQ(projected("gone", on), "{}");
}

TEST(Projection, KeepsTheMapsAroundWhatIsNested) {
  EXPECT_EQ(projected("m.c.d, m.b", on), R"({"m":{"M":{"b":{"S":"B"},"c":{"M":{"d":{"N":"4"}}}}}})");
  EXPECT_EQ(projected("m.c", on), R"({"m":{"M":{"c":{"M":{"d":{"N":"4"}}}}}})");
  EXPECT_EQ(projected("m.gone, a.b, m.b.c, l.x", on), "{}") << "no empty maps around nothing";
}

TEST(Projection, MovesListElementsTogetherInTheirOrder) {
  EXPECT_EQ(projected("l[3], l[0]", on), R"({"l":{"L":[{"N":"0"},{"N":"3"}]}})");
  EXPECT_EQ(projected("l[9], l[1].y, l[2]", on), R"({"l":{"L":[{"M":{"y":{"S":"Y"}}},{"N":"2"}]}})");
  EXPECT_EQ(projected("l[9], z.x", on), "{}");
}

TEST(Projection, AttributesToGetIsAProjectionToo) {
  const std::vector<std::string> names = {"z", "a.b", "a"};
  const auto made = projection_from_attributes_to_get(names);
  ASSERT_TRUE(made);
  EXPECT_EQ(item::write_json(projection::make(*made)->apply(item(on))),
            R"({"a":{"N":"1"},"z":{"SS":["x"]}})");
  const std::vector<std::string> twice = {"a", "b", "a"};
  EXPECT_EQ(problem(projection_from_attributes_to_get(twice)),
            "One or more parameter values were invalid: Duplicate value in attribute name: a");
}

TEST(Projection, WhatIsNotSoundIsNotApplied) {
  msg::ProjectionExpression broken;
  broken.add_paths();
  EXPECT_FALSE(projection::make(broken));
}

} // namespace
} // namespace troupe::expression
