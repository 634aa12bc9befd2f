// What DynamoDB refuses in a condition, in its words and in its order.
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

const std::string reserved = "Attribute name is a reserved keyword; reserved keyword: ";
const std::string no_name =
    "An expression attribute name used in the document path is not defined; attribute name: ";
const std::string no_value =
    "An expression attribute value used in expression is not defined; attribute value: ";
const std::string no_function = "Invalid function name; function: ";
const std::string misused = "The function is not allowed to be used this way in an expression; function: ";
const std::string redundant = "The expression has redundant parentheses;";
const std::string wrong_count =
    "Incorrect number of operands for operator or function; operator or function: ";
const std::string wrong_type = "Incorrect operand type for operator or function; operator or function: ";
const std::string needs_path = "Operator or function requires a document path; operator or function: ";

std::string syntax(const std::string& token, const std::string& near) {
  return "Syntax error; token: \"" + token + "\", near: \"" + near + "\"";
}
std::string same(const std::string& op, const std::string& path) {
  return "The first operand must be distinct from the remaining operands for this operator or function; "
         "operator: " +
         op + ", first operand: " + path;
}
placeholders a_is(const std::string& json) {
  return with({}, {{":a", json}});
}

TEST(ParseCondition, TheRefusalNamesTheParameter) {
  placeholders use;
  EXPECT_EQ(problem(parse_condition(condition_role::condition, "", use)),
            "Invalid ConditionExpression: The expression can not be empty;");
  EXPECT_EQ(problem(parse_condition(condition_role::filter, "", use)),
            "Invalid FilterExpression: The expression can not be empty;");
  EXPECT_EQ(problem(parse_condition(condition_role::key_condition, "", use)),
            "Invalid KeyConditionExpression: The expression can not be empty;");
}

TEST(ParseCondition, LongTextsAreRefusedBeforeTheyAreRead) {
  EXPECT_EQ(refused(std::string(4097, '(')),
            "Expression size has exceeded the maximum allowed size; expression size: 4097");
  std::string longest = "a = " + std::string(4092, 'b');
  EXPECT_EQ(refused(longest), "");
  EXPECT_EQ(refused(longest + "b"),
            "Expression size has exceeded the maximum allowed size; expression size: 4097");
}

TEST(ParseCondition, SyntaxErrorsNameTheTokenAndItsNeighbours) {
  const std::pair<std::string, std::string> cases[] = {
      {"things are not gonna be ok", syntax("are", "things are not")},
      {"a > 4", syntax("4", "> 4")},
      {"a = ", syntax("<EOF>", "= ")},
      {"a", syntax("<EOF>", "a")},
      {"(a)", syntax("<EOF>", ")")},
      {":a", syntax("<EOF>", ":a")},
      {"a AND b = c", syntax("AND", "a AND b")},
      {"a = b c = d", syntax("c", "b c =")},
      {"a = b AND", syntax("<EOF>", "AND")},
      {"a = b OR OR c = d", syntax("OR", "OR OR c")},
      {"NOT a", syntax("<EOF>", "a")},
      {"attribute_exists()", syntax(")", "()")},
      {"attribute_exists(Pictures-RearView)", syntax("-", "Pictures-RearView")},
      {"attribute_exists(\"Pictures.RearView\")", syntax("\"", "(\"Pictures")},
      {"attribute_exists(Pictures..RearView)", syntax(".", "..RearView")},
      {"attribute_exists(asdf[a])", syntax("a", "[a]")},
      {"a.:a < b.:b", syntax(":a", ".:a <")},
      {"a in b, c", syntax("b", "in b,")},
      {"a in (b,c,)", syntax(")", ",)")},
      {"a > between", syntax("between", "> between")},
      {"a between b", syntax("<EOF>", "b")},
      {"#$.b > a", syntax("#", "#$")},
      {"a > :things.stuff", syntax(".", ":things.stuff")},
      {"b[:a] > a", syntax(":a", "[:a]")},
      {"b[01] > a", syntax("1", "01]")},
      {"ü > a", syntax("ü", "ü >")},
      {"_a > b", syntax("_", "_a")},
      {"size(a).b > a", syntax(".", ").b")},
      {"(size(a)).b > a", syntax(".", ").b")},
      {"size(a)[0] > a", syntax("[", ")[0")},
      {"(a)between(b.(c.d))and(c)", syntax("(", ".(c")},
      {"a = set", syntax("set", "= set")},
      {"a = b)", syntax(")", "b)")},
      {"(a = b", syntax("<EOF>", "b")},
      {"(a = b) = c", syntax("=", ") = c")},
      {"((((", syntax("<EOF>", "(")},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(refused(text), expected) << text;
}

TEST(ParseCondition, ParenthesesAroundParenthesesAreRedundant) {
  for (const char* text :
       {"a=b and a > ((views))", "(a)between(((b.c)).d)and(c)", "a > whatever((:things), ((a)))",
        "a=b AND ((a=c AND a=d)) AND a=e", "a=b OR ((a=c OR (a=d OR a=e)))", "((a = b))", "((a)) = b"})
    EXPECT_EQ(refused(text), redundant) << text;
  for (const char* text : {"(a) = (b)", "((a) = (b))", "((a=c) OR (a=b))", "(a)between(b.c)and(c)",
                           "(size(a)) > b", "(attribute_exists(a))", "a in ((b), (c))", "NOT (NOT (a = b))"})
    EXPECT_EQ(refused(text), "") << text;
}

TEST(ParseCondition, FunctionsAreKnownByTheirExactNames) {
  EXPECT_EQ(refused("a=b and whatever((:things)) > a"), no_function + "whatever");
  EXPECT_EQ(refused("attRIbute_exIsts((views), #a)"), no_function + "attRIbute_exIsts");
  EXPECT_EQ(refused("if_not_exists(a, b) = c"),
            "The function is not allowed in a condition expression; function: if_not_exists");
}

TEST(ParseCondition, FunctionsHaveTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"a=b and attribute_exists((views), (#a)) > b", "attribute_exists"},
      {"attribute_not_exists(things) > b", "attribute_not_exists"},
      {"attribute_type(things, :a) > b", "attribute_type"},
      {"begins_with(things, a) > b", "begins_with"},
      {"contains(:things, c) > b", "contains"},
      {"size(contains(a, b)) > a", "contains"},
      {"size(things)", "size"},
      {"a = b AND (size(things))", "size"},
      {"NOT size(things)", "size"},
      {"a between b and attribute_exists(things)", "attribute_exists"},
      {"a in (b, attribute_exists(things))", "attribute_exists"},
  };
  for (const auto& [text, function] : cases)
    EXPECT_EQ(refused(text), misused + function) << text;
}

TEST(ParseCondition, ReservedWordsNeedAPlaceholder) {
  EXPECT_EQ(refused("attribute_exists(views, #a)"), reserved + "views");
  EXPECT_EQ(refused(":a < abOrT"), reserved + "abOrT");
  EXPECT_EQ(refused("a.b.name = c"), reserved + "name");
  EXPECT_EQ(refused("#n = c", with({{"#n", "name"}})), "");
}

TEST(ParseCondition, ListIndexesFitAnInteger) {
  EXPECT_EQ(refused("a[2147483647] = b"), "");
  EXPECT_EQ(refused("a[2147483648] = b"),
            "List index is not within the allowable range; index: [2147483648]");
  EXPECT_EQ(refused("a[99999999999999999999] = b"),
            "List index is not within the allowable range; index: [99999999999999999999]");
}

TEST(ParseCondition, PlaceholdersAreDefined) {
  const std::pair<const char*, std::string> cases[] = {
      {"attribute_exists(#Pictures.RearView, :a) and a=b", no_name + "#Pictures"},
      {"begins_with(Pictures.#RearView)", no_name + "#RearView"},
      {"(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", no_name + "#P"},
      {"#4g > a", no_name + "#4g"},
      {"#_ > a", no_name + "#_"},
      {"(a)between(b.c[45].#d)and(:a)", no_name + "#d"},
      {"begins_with(:hello, #a, #b)", no_value + ":hello"},
      {":a < :b", no_value + ":a"},
      {":_ > a", no_value + ":_"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(refused(text), expected) << text;
}

TEST(ParseCondition, FunctionsTakeSoManyOperands) {
  const std::tuple<const char*, const char*, int> cases[] = {
      {"attribute_exists(things, a) and a=a", "attribute_exists", 2},
      {"attribute_not_exists(things, b)", "attribute_not_exists", 2},
      {"attribute_type(things)", "attribute_type", 1},
      {"begins_with(things)", "begins_with", 1},
      {"begins_with(things, size(a), b)", "begins_with", 3},
      {"contains(things)", "contains", 1},
      {"size(things, a) > b", "size", 2},
  };
  for (const auto& [text, function, operands] : cases)
    EXPECT_EQ(refused(text), wrong_count + function + ", number of operands: " + std::to_string(operands))
        << text;
}

TEST(ParseCondition, OperandsHaveTypes) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"attribute_type(a, size(a)) and a=a and a=:a", "attribute_type", R"({"N": "1"})"},
      {"attribute_type(a, :a)", "attribute_type", R"({"N": "1"})"},
      {"attribute_type(a, :a)", "attribute_type", R"({"BOOL": true})"},
      {"attribute_type(a, :a)", "attribute_type", R"({"M": {}})"},
      {"begins_with(a, size(a)) and a=:a", "begins_with", R"({"N": "1"})"},
      {"begins_with(a, :a)", "begins_with", R"({"NS": ["1"]})"},
      {"begins_with(:a, a)", "begins_with", R"({"NULL": true})"},
      {"size(size(a)) > :a", "size", R"({"N": "1"})"},
      {"attribute_not_exists(size(:a))", "size", R"({"N": "1"})"},
      {"size(:a) > a", "size", R"({"BOOL": true})"},
      {"a < :a", "<", R"({"L": []})"},
      {":a >= a", ">=", R"({"SS": ["1"]})"},
      {"a BETWEEN b AND :a", "BETWEEN", R"({"BOOL": false})"},
  };
  for (const auto& [text, op, json] : cases)
    EXPECT_EQ(refused(text, a_is(json)),
              wrong_type + op + ", operand type: " + std::string(item::type_name(value(json))))
        << text << json;
  EXPECT_EQ(refused("attribute_type(a, b)"), wrong_type + "attribute_type, operand type: "
                                                          "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
  EXPECT_EQ(refused("attribute_type(a, :a)", a_is(R"({"S": "String"})")),
            "Invalid attribute type name found; type: String, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}");
  EXPECT_EQ(refused("a = :a AND a <> :a AND contains(a, :a)", a_is(R"({"M": {}})")), "");
}

TEST(ParseCondition, SomeFunctionsNeedAPath) {
  EXPECT_EQ(refused("attribute_exists(:a) and a=a", a_is(R"({"S": "1"})")), needs_path + "attribute_exists");
  EXPECT_EQ(refused("attribute_not_exists(size(:a))", a_is(R"({"S": "1"})")),
            needs_path + "attribute_not_exists");
}

TEST(ParseCondition, AnOperandIsNotComparedWithItself) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"a = a AND #a = b AND :views > a", "=", "[a]"},
      {"#a <> a", "<>", "[a]"},
      {"a > #a", ">", "[a]"},
      {"((a=a) OR (a=a))", "=", "[a]"},
      {"contains(ab.bc[1].a, ab.bc[1].#a)", "contains", "[ab, bc, [1], a]"},
      {"attribute_type(ab.bc[1].#a, ab.bc[1].a)", "attribute_type", "[ab, bc, [1], a]"},
      {"begins_with(ab.bc[1].a, ab.bc[1].#a)", "begins_with", "[ab, bc, [1], a]"},
      {"a IN (b, #a)", "IN", "[a]"},
      {"a BETWEEN b AND (a)", "BETWEEN", "[a]"},
  };
  for (const auto& [text, op, path] : cases)
    EXPECT_EQ(refused(text, with({{"#a", "a"}})), same(op, path)) << text;
  EXPECT_EQ(refused(":a > :a", a_is(R"({"N": "1"})")), "") << "values may";
  EXPECT_EQ(refused("a[1] = a[2] AND a.b = a.c"), "");
}

TEST(ParseCondition, BoundsAreInOrder) {
  const auto between = [](const char* low, const char* high) {
    return refused("a BETWEEN :l AND :h", with({}, {{":l", low}, {":h", high}}));
  };
  EXPECT_EQ(between(R"({"N": "2"})", R"({"N": "10"})"), "");
  EXPECT_EQ(between(R"({"N": "2"})", R"({"N": "2.0"})"), "");
  EXPECT_EQ(
      between(R"({"S": "b"})", R"({"S": "a"})"),
      "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound "
      "operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}");
  EXPECT_EQ(between(R"({"N": "1"})", R"({"S": "a"})"),
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
            "AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}");
}

TEST(ParseCondition, InTakesAHundred) {
  const auto in = [](int count) {
    std::string text = "a IN (b0";
    for (int i = 1; i < count; ++i)
      text += ", b" + std::to_string(i);
    return refused(text + ")");
  };
  EXPECT_EQ(in(100), "");
  EXPECT_EQ(in(101), "The IN operator is provided with too many operands; number of operands: 101");
}

TEST(ParseCondition, ThreeHundredOperatorsAreEnough) {
  const auto joined = [](int tests) {
    std::string text = "a<b";
    for (int i = 1; i < tests; ++i)
      text += " OR a<b";
    return refused(text);
  };
  const std::string too_many = "The expression contains too many operators; operator count: 301";
  EXPECT_EQ(joined(150), "") << "150 comparisons and 149 ORs";
  EXPECT_EQ(joined(151), too_many);

  std::string nots, deep = "a<b ";
  for (int i = 0; i < 1000; ++i)
    nots += "not ";
  for (int i = 0; i < 450; ++i)
    deep += "or (a<b ";
  EXPECT_EQ(refused(nots + "a<b"), too_many);
  EXPECT_EQ(refused(deep + std::string(450, ')')), too_many);
  EXPECT_EQ(refused(std::string(2000, '(') + "a<b" + std::string(2000, ')')), redundant);
}

TEST(ParseCondition, PathsHave32Levels) {
  std::string path = "a";
  for (int i = 1; i < 32; ++i)
    path += ".b";
  EXPECT_EQ(refused(path + " = c"), "");
  EXPECT_EQ(refused(path + "[0] = c"), "The document path has too many nesting levels; nesting levels: 33");
}

TEST(ParseCondition, OneValueUsedOftenTravelsOnce) {
  placeholders use =
      with({}, {{":big", R"({"S": ")" + std::string(100'000, 'x') + R"("})"}, {":x", R"({"N": "1"})"}});
  const auto parsed =
      parse_condition(condition_role::condition, "a IN (:big, :big, :x, :big) OR b = :big", use);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->values_size(), 2);
  EXPECT_LT(parsed->ByteSizeLong(), 101'000u);
}

} // namespace
} // namespace troupe::expression
