// What holds on an item, and what does not.
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

const char* const everything = R"({
  "s": {"S": "hello"}, "e": {"S": ""}, "n": {"N": "10"}, "m1": {"N": "-1.50"}, "b": {"B": "AQID"},
  "t": {"BOOL": true}, "z": {"NULL": true},
  "l": {"L": [{"N": "1"}, {"S": "two"}, {"M": {"deep": {"L": [{"S": "x"}]}}}]},
  "m": {"M": {"k": {"S": "v"}, "n": {"N": "10"}}},
  "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2.50"]}, "bs": {"BS": ["AQ==", "Ag=="]}})";

TEST(Condition, NumbersAreComparedByValueAndNotByText) {
  EXPECT_TRUE(holds("n = :v", everything, {{":v", R"({"N": "10.0"})"}}));
  EXPECT_TRUE(holds("n > :v", everything, {{":v", R"({"N": "9"})"}}));
  EXPECT_TRUE(holds("m1 < :v", everything, {{":v", R"({"N": "-1.49"})"}}));
  EXPECT_FALSE(holds("m1 < :v", everything, {{":v", R"({"N": "-1.5"})"}}));
  EXPECT_TRUE(holds("m1 <= :v AND m1 >= :v", everything, {{":v", R"({"N": "-15e-1"})"}}));
  EXPECT_TRUE(holds("n < :v", everything, {{":v", R"({"N": "10.000000000000000000000000000000000001"})"}}));
}

TEST(Condition, StringsAndBinariesAreComparedByBytes) {
  EXPECT_TRUE(holds("s < :v", everything, {{":v", R"({"S": "hellp"})"}}));
  EXPECT_TRUE(holds("s > :v", everything, {{":v", R"({"S": "hell"})"}}));
  EXPECT_TRUE(holds("s < :v", everything, {{":v", R"({"S": "é"})"}})) << "beyond ASCII sorts above it";
  EXPECT_TRUE(holds("b < :v", everything, {{":v", R"({"B": "/w=="})"}})) << "bytes have no sign";
}

TEST(Condition, BetweenDifferentTypesOnlyInequalityHolds) {
  for (const char* op : {"=", "<", "<=", ">", ">="})
    EXPECT_FALSE(holds(std::string("s ") + op + " :v", everything, {{":v", R"({"N": "1"})"}})) << op;
  EXPECT_TRUE(holds("s <> :v", everything, {{":v", R"({"N": "1"})"}}));
  EXPECT_FALSE(holds("t < n OR t > n OR t = n", everything));
}

TEST(Condition, WhatIsNotThereIsOnlyDifferent) {
  for (const char* op : {"=", "<", "<=", ">", ">="}) {
    EXPECT_FALSE(holds(std::string("gone ") + op + " :v", everything, {{":v", R"({"N": "1"})"}})) << op;
    EXPECT_FALSE(holds(std::string("gone ") + op + " lost", everything)) << op;
  }
  EXPECT_TRUE(holds("gone <> :v", everything, {{":v", R"({"N": "1"})"}}));
  EXPECT_FALSE(holds("gone IN (:v)", everything, {{":v", R"({"N": "1"})"}}));
  EXPECT_FALSE(holds("gone BETWEEN :v AND :v", everything, {{":v", R"({"N": "1"})"}}));
  EXPECT_FALSE(holds("contains(gone, :v)", everything, {{":v", R"({"N": "1"})"}}));
  EXPECT_TRUE(holds("NOT contains(gone, :v)", everything, {{":v", R"({"N": "1"})"}}));
}

TEST(Condition, DocumentsAreEqualWhateverTheirOrder) {
  EXPECT_TRUE(holds("m = :v", everything, {{":v", R"({"M": {"n": {"N": "1e1"}, "k": {"S": "v"}}})"}}));
  EXPECT_FALSE(holds("m = :v", everything, {{":v", R"({"M": {"k": {"S": "v"}}})"}}));
  EXPECT_TRUE(holds("ss = :v", everything, {{":v", R"({"SS": ["b", "a"]})"}}));
  EXPECT_TRUE(holds("ns = :v", everything, {{":v", R"({"NS": ["2.5", "1.0"]})"}}));
  EXPECT_TRUE(holds("z = :v", everything, {{":v", R"({"NULL": true})"}}));
  EXPECT_FALSE(holds("m < :v OR m > :v", everything, {{":v", R"({"S": "a"})"}}));
}

TEST(Condition, PathsLeadIntoMapsAndLists) {
  EXPECT_TRUE(holds("m.k = :v", everything, {{":v", R"({"S": "v"})"}}));
  EXPECT_TRUE(holds("l[1] = :v", everything, {{":v", R"({"S": "two"})"}}));
  EXPECT_TRUE(holds("l[2].deep[0] = :v", everything, {{":v", R"({"S": "x"})"}}));
  EXPECT_TRUE(holds("n = m.n", everything));
  EXPECT_FALSE(holds("attribute_exists(l[3])", everything));
  EXPECT_FALSE(holds("attribute_exists(l[2147483647])", everything));
  EXPECT_FALSE(holds("attribute_exists(m[0])", everything)) << "a map has no places";
  EXPECT_FALSE(holds("attribute_exists(l.k)", everything)) << "a list has no names";
  EXPECT_FALSE(holds("attribute_exists(s.k)", everything));
  EXPECT_TRUE(holds("#a.#b = :v", everything, {{":v", R"({"S": "v"})"}}, {{"#a", "m"}, {"#b", "k"}}));
  EXPECT_TRUE(holds("#a = :v", R"({"m.k": {"N": "1"}})", {{":v", R"({"N": "1"})"}}, {{"#a", "m.k"}}))
      << "a placeholder is one name, dots and all";
}

TEST(Condition, BetweenIncludesItsBounds) {
  const values v = {{":lo", R"({"N": "9"})"}, {":hi", R"({"N": "10"})"}};
  EXPECT_TRUE(holds("n BETWEEN :lo AND :hi", everything, v));
  EXPECT_FALSE(holds("m1 BETWEEN :lo AND :hi", everything, v));
  EXPECT_FALSE(holds("s BETWEEN :lo AND :hi", everything, v));
  EXPECT_TRUE(holds(":lo BETWEEN m1 AND n", everything, {v[0]}));
}

TEST(Condition, InIsEqualToOneOfThem) {
  const values v = {{":a", R"({"S": "x"})"}, {":b", R"({"N": "10"})"}, {":m", R"({"M": {}})"}};
  EXPECT_TRUE(holds("n IN (:a, :m, :b)", everything, v));
  EXPECT_FALSE(holds("s IN (:a, :m, :b)", everything, v));
  EXPECT_TRUE(holds("n IN (s, m.n)", everything));
}

TEST(Condition, AttributeTypeNamesAllTen) {
  const std::pair<const char*, const char*> types[] = {{"s", "S"},    {"n", "N"},  {"b", "B"}, {"t", "BOOL"},
                                                       {"z", "NULL"}, {"l", "L"},  {"m", "M"}, {"ss", "SS"},
                                                       {"ns", "NS"},  {"bs", "BS"}};
  for (const auto& [attribute, type] : types)
    for (const auto& [other, other_type] : types)
      EXPECT_EQ(holds("attribute_type(#a, :t)", everything,
                      {{":t", std::string(R"({"S": ")") + other_type + "\"}"}}, {{"#a", attribute}}),
                std::string_view(type) == other_type)
          << attribute << " " << other << " " << other_type;
}

TEST(Condition, BeginsWithAsksStringsAndBinaries) {
  EXPECT_TRUE(holds("begins_with(s, :v)", everything, {{":v", R"({"S": "he"})"}}));
  EXPECT_TRUE(holds("begins_with(s, :v)", everything, {{":v", R"({"S": ""})"}}));
  EXPECT_FALSE(holds("begins_with(s, :v)", everything, {{":v", R"({"S": "hello!"})"}}));
  EXPECT_TRUE(holds("begins_with(b, :v)", everything, {{":v", R"({"B": "AQI="})"}}));
  EXPECT_FALSE(holds("begins_with(b, :v)", everything, {{":v", R"({"S": "a"})"}}));
  EXPECT_FALSE(holds("begins_with(n, s)", everything));
}

TEST(Condition, ContainsFindsPartsMembersAndElements) {
  EXPECT_TRUE(holds("contains(s, :v)", everything, {{":v", R"({"S": "ell"})"}}));
  EXPECT_FALSE(holds("contains(s, :v)", everything, {{":v", R"({"N": "1"})"}}));
  EXPECT_TRUE(holds("contains(b, :v)", everything, {{":v", R"({"B": "AgM="})"}}));
  EXPECT_TRUE(holds("contains(ss, :v)", everything, {{":v", R"({"S": "b"})"}}));
  EXPECT_FALSE(holds("contains(ss, :v)", everything, {{":v", R"({"S": ""})"}})) << "members are whole";
  EXPECT_TRUE(holds("contains(ns, :v)", everything, {{":v", R"({"N": "2.5"})"}}));
  EXPECT_TRUE(holds("contains(bs, :v)", everything, {{":v", R"({"B": "Ag=="})"}}));
  EXPECT_TRUE(holds("contains(l, :v)", everything, {{":v", R"({"S": "two"})"}}));
  EXPECT_TRUE(holds("contains(l, :v)", everything, {{":v", R"({"M": {"deep": {"L": [{"S": "x"}]}}})"}}));
  EXPECT_FALSE(holds("contains(m, :v)", everything, {{":v", R"({"S": "k"})"}})) << "maps contain nothing";
  EXPECT_FALSE(holds("contains(ss, :v)", everything, {{":v", R"({"SS": ["a"]})"}}));
}

TEST(Condition, SizeDependsOnTheType) {
  const std::pair<const char*, const char*> sizes[] = {{"s", "5"}, {"e", "0"},  {"b", "3"},  {"l", "3"},
                                                       {"m", "2"}, {"ss", "2"}, {"ns", "2"}, {"bs", "2"}};
  for (const auto& [attribute, size] : sizes)
    EXPECT_TRUE(holds("size(#a) = :v", everything, {{":v", std::string(R"({"N": ")") + size + "\"}"}},
                      {{"#a", attribute}}))
        << attribute;
  for (const char* attribute : {"n", "t", "z", "gone"}) {
    EXPECT_FALSE(holds("size(#a) >= :v", everything, {{":v", R"({"N": "0"})"}}, {{"#a", attribute}}))
        << attribute;
    EXPECT_TRUE(holds("size(#a) <> :v", everything, {{":v", R"({"N": "0"})"}}, {{"#a", attribute}}))
        << attribute;
  }
  EXPECT_TRUE(holds("size(s) = size(:v)", everything, {{":v", R"({"S": "aé漢b!"})"}}));
  EXPECT_TRUE(holds("size(:v) = :two", "{}", {{":v", R"({"S": "😀"})"}, {":two", R"({"N": "2"})"}}))
      << "in units of UTF-16";
  EXPECT_TRUE(holds("n BETWEEN size(s) AND :v AND size(l) IN (size(s), size(l[9]), :three)", everything,
                    {{":v", R"({"N": "10"})"}, {":three", R"({"N": "3"})"}}));
}

TEST(Condition, NotBindsCloserThanAndAndAndCloserThanOr) {
  const values v = {{":1", R"({"N": "1"})"}, {":2", R"({"N": "2"})"}};
  const char* on = R"({"a": {"N": "1"}, "b": {"N": "2"}})";
  EXPECT_TRUE(holds("a = :1 OR a = :2 AND b = :1", on, v));
  EXPECT_FALSE(holds("(a = :1 OR a = :2) AND b = :1", on, v));
  EXPECT_TRUE(holds("NOT a = :2 AND b = :2", on, v));
  EXPECT_FALSE(holds("NOT (a = :1 AND b = :2)", on, v));
  EXPECT_TRUE(holds("NOT NOT a = :1 AND :2 = b", on, v));
  EXPECT_TRUE(holds("not not not a = :2 aNd (b = :2 or b = :1)", on, v)) << "keywords in any case";
}

TEST(Condition, NoItemIsAnItemWithoutAttributes) {
  const condition absent = ready("attribute_not_exists(pk)", {});
  EXPECT_TRUE(absent.holds(static_cast<const msg::AttributeMap*>(nullptr)));
  EXPECT_EQ(absent.holds(std::optional<std::string_view>()), true);
  EXPECT_EQ(absent.holds(std::string_view(item::serialize(item(R"({"pk": {"S": "a"}})")))), false);
  EXPECT_EQ(absent.holds(std::string_view("\xFF\xFF")), std::nullopt) << "damage is not a verdict";
}

TEST(Condition, AnEmptyExpressionHolds) {
  EXPECT_TRUE(condition::make({})->holds(static_cast<const msg::AttributeMap*>(nullptr)));
}

TEST(Condition, A149LevelsDeepIsFine) {
  std::string text = "a < b ";
  for (int i = 0; i < 149; ++i)
    text += "or (a < b ";
  text += std::string(149, ')');
  EXPECT_TRUE(holds(text, R"({"a": {"N": "1"}, "b": {"N": "2"}})"));
  EXPECT_FALSE(holds(text, R"({"a": {"N": "2"}, "b": {"N": "2"}})"));
}

TEST(Condition, WhatIsAdmittedTravels) {
  std::string text = "a = :deep ", deep = R"({"S": "leaf"})";
  for (int i = 0; i < 140; ++i) // AND inside OR inside AND: nothing of it is one level
    text += i % 2 == 0 ? "or (a = :deep " : "and (a = :deep ";
  text += std::string(140, ')');
  for (int i = 0; i < 31; ++i)
    deep = R"({"M": {"n": )" + deep + "}}";
  placeholders use = with({}, {{":deep", deep}});
  const auto parsed = parse_condition(condition_role::condition, text, use);
  ASSERT_TRUE(parsed) << parsed.why().message;
  msg::ConditionExpression received;
  ASSERT_TRUE(received.ParseFromString(parsed->SerializeAsString())) << "within the reader's usual bounds";
  const msg::AttributeMap on = item("{\"a\": " + deep + "}");
  EXPECT_TRUE(condition::make(received)->holds(&on));
}

TEST(Condition, WhatIsNotSoundIsNotEvaluated) {
  placeholders use = with({}, {{":v", R"({"N": "1"})"}});
  const auto sound = *parse_condition(condition_role::condition, "a = :v AND NOT b.c[1] < :v", use);
  ASSERT_TRUE(condition::make(sound));

  using ops = msg::ConditionExpression;
  const auto broken = [&](auto change) {
    ops copy = sound;
    change(copy);
    return !condition::make(copy);
  };
  const int last = sound.nodes_size() - 1;
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes()->RemoveLast(); })) << "two results are left";
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(last)->set_joined(3); })) << "joins more than there are";
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(last)->set_joined(0); }));
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(last)->set_joined(4'000'000'000u); }));
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(0)->set_op(static_cast<ops::Operator>(99)); }));
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(0)->set_op(ops::NOT); }));
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(0)->mutable_operands()->RemoveLast(); }));
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(0)->mutable_operands(1)->set_value(1); }));
  EXPECT_TRUE(broken([&](ops& c) { c.mutable_nodes(0)->mutable_operands(0)->clear_path(); }));
  EXPECT_TRUE(
      broken([&](ops& c) { c.mutable_nodes(0)->mutable_operands(0)->mutable_path()->clear_elements(); }));
  EXPECT_TRUE(broken([&](ops& c) {
    c.mutable_nodes(0)->mutable_operands(0)->mutable_path()->mutable_elements(0)->set_index(0);
  }));
  EXPECT_TRUE(broken([&](ops& c) { c.set_values(0, "\xFF"); }));
}

} // namespace
} // namespace troupe::expression
