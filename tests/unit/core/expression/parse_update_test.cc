// What DynamoDB refuses in an update or a projection, in its words and in its order.
#include "ask.h"

namespace troupe::expression {
namespace {

using namespace test;

const std::string no_name =
    "An expression attribute name used in the document path is not defined; attribute name: ";
const std::string no_value =
    "An expression attribute value used in expression is not defined; attribute value: ";

std::string update_refused(std::string_view text, placeholders use = {}) {
  const std::string whole = problem(parse_update(text, use));
  const std::string_view start = "Invalid UpdateExpression: ";
  EXPECT_TRUE(whole.empty() || whole.starts_with(start)) << whole;
  return whole.empty() ? whole : whole.substr(start.size());
}
std::string projection_refused(std::string_view text, placeholders use = {}) {
  const std::string whole = problem(parse_projection(text, use));
  const std::string_view start = "Invalid ProjectionExpression: ";
  EXPECT_TRUE(whole.empty() || whole.starts_with(start)) << whole;
  return whole.empty() ? whole : whole.substr(start.size());
}
std::string syntax(const std::string& token, const std::string& near) {
  return "Syntax error; token: \"" + token + "\", near: \"" + near + "\"";
}
std::string overlap(const std::string& one, const std::string& two, const std::string& how = "overlap") {
  return "Two document paths " + how +
         " with each other; must remove or rewrite one of these paths; path one: " + one +
         ", path two: " + two;
}
std::string wrong_type(const std::string& op, const std::string& type) {
  return "Incorrect operand type for operator or function; operator or function: " + op +
         ", operand type: " + type;
}

TEST(ParseUpdate, SyntaxErrorsNameTheTokenAndItsNeighbours) {
  const std::pair<std::string, std::string> cases[] = {
      {"whatever", syntax("whatever", "whatever")},
      {"set a", syntax("<EOF>", "a")},
      {"SET ", syntax("<EOF>", "SET ")},
      {"add a", syntax("<EOF>", "a")},
      {"set a=set", syntax("set", "=set")},
      {"remove a = b", syntax("=", "a = b")},
      {"add a b", syntax("b", "a b")},
      {"delete a if_not_exist(b)", syntax("if_not_exist", "a if_not_exist(")},
      {"remove a b", syntax("b", "a b")},
      {"set :a = b", syntax(":a", "set :a =")},
      {"remove :a", syntax(":a", "remove :a")},
      {"set a = b / c", syntax("/", "b / c")},
      {"set a[1] = \"eight\"", syntax("\"", "= \"eight")},
      {"set a = b, SET c = d", syntax("SET", ", SET c")},
      {"SET a = if_not_exist(a, 100)", syntax("100", ", 100)")},
      {"SET if_not_exist(a, b) = a", syntax("(", "if_not_exist(a")},
      {"set (a = (b + c))", syntax("(", "set (a")},
      {"set a = (b.c).d + e", syntax(".", ").d")},
      {"set a = b + c + d", syntax("+", "c + d")},
      {"set a = b + (c + d)", syntax("+", "c + d")},
      {"set a = (b + c) + d", syntax("+", ") + d")},
      {"", "The expression can not be empty;"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(update_refused(text), expected) << text;
  for (const char* text : {"set a[1] = b", "set a.b = b", "SET a = if_not_exists(a, b) + b",
                           "SET a = if_not_exists(a, if_not_exists(b, c))", "set a = (b + c)",
                           "set a = ((b.c.d)+(e))", "SET a = (b)", "REMOVE a, b.c ADD d :n DELETE e :s",
                           "set a=list_append(list_append(b, c), if_not_exists(d, :l))"})
    EXPECT_EQ(
        update_refused(
            text, with({}, {{":n", R"({"N": "1"})"}, {":s", R"({"SS": ["a"]})"}, {":l", R"({"L": []})"}})),
        "")
        << text;
  EXPECT_EQ(update_refused("set a = ((b + c))"), "The expression has redundant parentheses;");
  EXPECT_EQ(update_refused("set a = ((b)) + c"), "The expression has redundant parentheses;");
}

TEST(ParseUpdate, WordsComeFirst) {
  const std::string reserved = "Attribute name is a reserved keyword; reserved keyword: ";
  EXPECT_EQ(update_refused(" set #c = :c set abOrt = true "), reserved + "abOrt");
  EXPECT_EQ(update_refused(" remove Absolute "), reserved + "Absolute");
  EXPECT_EQ(update_refused("set #c = if_not_exist(:c) set c = d"),
            "Invalid function name; function: if_not_exist");
  EXPECT_EQ(update_refused("set a = size(b)"),
            "The function is not allowed in an update expression; function: size");
}

TEST(ParseUpdate, EachSectionStandsOnce) {
  const std::pair<const char*, std::string> cases[] = {
      {"set a = #c set c = :d", "SET"},
      {"remove #d set a = b remove e", "REMOVE"},
      {"add #d :e set a = b add e :f", "ADD"},
      {"delete #d :e set a = b delete #e :f", "DELETE"},
  };
  for (const auto& [text, section] : cases)
    EXPECT_EQ(update_refused(text),
              "The \"" + section + "\" section can only be used once in an update expression;");
}

TEST(ParseUpdate, NamesAreLookedUpBeforeValuesAndPaths) {
  EXPECT_EQ(update_refused("SET a = :v, #c = if_not_exists(:c)"), no_name + "#c");
  EXPECT_EQ(update_refused("SET #a = if_not_exists(:c)", with({{"#a", "a"}})), no_value + ":c");
  EXPECT_EQ(update_refused("SET a = :c REMOVE a"), no_value + ":c");
}

TEST(ParseUpdate, PathsDoNotOverlapOrConflict) {
  const std::tuple<const char*, const char*, const char*> overlaps[] = {
      {"set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)", "[c, [1], a]", "[c]"},
      {"set c.b.#c = a, c = a, #d = a", "[c, b, c]", "[c]"},
      {"set a = b remove a, #c, #d", "[a]", "[a]"},
      {"set #c[3].#d = a, #c[3] = a", "[c, [3], [3]]", "[c, [3]]"},
      {"remove c, #c.a, #d", "[c]", "[c, a]"},
      {"remove a, #c, a, #d", "[a]", "[a]"},
  };
  for (const auto& [text, one, two] : overlaps)
    EXPECT_EQ(update_refused(text, with({{"#c", "c"}, {"#d", "[3]"}})), overlap(one, two)) << text;
  EXPECT_EQ(
      update_refused("set #c[3].#d = a, #c.#d[3] = if_not_exists(a)", with({{"#c", "c"}, {"#d", "[3]"}})),
      overlap("[c, [3], [3]]", "[c, [3], [3]]", "conflict"));
  EXPECT_EQ(update_refused("remove a.#c set a[1] = #d", with({{"#c", "c"}, {"#d", "d"}})),
            overlap("[a, c]", "[a, [1]]", "conflict"));
  EXPECT_EQ(update_refused("SET a = b, b = a REMOVE c[1], c[2].d"), "") << "what is read may overlap";
}

TEST(ParseUpdate, AddAndDeleteTakeTheirTypes) {
  const auto refusal_of = [](const std::string& text, const std::string& json) {
    return update_refused(text, with({}, {{":a", json}}));
  };
  const auto expected = [](const std::string& op, const std::string& type) {
    return "Incorrect operand type for operator or function; operator: " + op + ", operand type: " + type +
           ", typeSet: ALLOWED_FOR_" + op + "_OPERAND";
  };
  EXPECT_EQ(refusal_of("set b = list_append(:a, a), c = if_not_exists(a) add a.b :a", R"({"S": "a"})"),
            expected("ADD", "STRING"))
      << "before the functions";
  EXPECT_EQ(refusal_of("delete a.b :a", R"({"N": "1"})"), expected("DELETE", "NUMBER"));
  EXPECT_EQ(refusal_of("add a :a", R"({"L": []})"), expected("ADD", "LIST"));
  EXPECT_EQ(refusal_of("add a :a", R"({"M": {}})"), expected("ADD", "MAP"));
  EXPECT_EQ(refusal_of("delete a :a", R"({"BOOL": true})"), expected("DELETE", "BOOLEAN"));
  EXPECT_EQ(refusal_of("delete a :a", R"({"B": "AQ=="})"), expected("DELETE", "BINARY"));
  EXPECT_EQ(refusal_of("delete a :a", R"({"NULL": true})"), expected("DELETE", "NULL"));
  for (const char* json : {R"({"N": "1"})", R"({"SS": ["a"]})", R"({"NS": ["1"]})", R"({"BS": ["AQ=="]})"})
    EXPECT_EQ(refusal_of("add a :a", json), "");
}

TEST(ParseUpdate, FunctionsTakeTheirOperands) {
  EXPECT_EQ(
      update_refused("set a = if_not_exists(c)"),
      "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of "
      "operands: 1");
  EXPECT_EQ(
      update_refused("set a = list_append(c, d, e)"),
      "Incorrect number of operands for operator or function; operator or function: list_append, number of "
      "operands: 3");
  const std::string path =
      "Operator or function requires a document path; operator or function: if_not_exists";
  EXPECT_EQ(update_refused("set a = if_not_exists(:a, c)", with({}, {{":a", R"({"S": "a"})"}})), path);
  EXPECT_EQ(update_refused("set a = if_not_exists(if_not_exists(a, b), c)"), path);
  const values v = {
      {":s", R"({"S": "a"})"}, {":b", R"({"B": "AQ=="})"}, {":m", R"({"M": {}})"}, {":l", R"({"L": []})"}};
  EXPECT_EQ(update_refused("set a = list_append(:s, a)", with({}, v)), wrong_type("list_append", "S"));
  EXPECT_EQ(update_refused("set a = list_append(a, :m)", with({}, v)), wrong_type("list_append", "M"));
  EXPECT_EQ(update_refused("set a = a + :l", with({}, v)), wrong_type("+", "L"));
  EXPECT_EQ(update_refused("set a = :b - :s", with({}, v)), wrong_type("-", "B"));
}

TEST(ParseUpdate, ThreeHundredOperatorsAreEnough) {
  const auto sums = [](int count) {
    std::string text = "SET ";
    for (int i = 0; i < count; ++i)
      text += (i > 0 ? ",a" : "a") + std::to_string(i) + "=b+c";
    return update_refused(text);
  };
  EXPECT_EQ(sums(300), "");
  EXPECT_EQ(sums(301), "The expression contains too many operators; operator count: 301");
}

TEST(ParseProjection, IsAListOfPathsApart) {
  EXPECT_EQ(projection_refused("a, b.c[1].d, b.c[2], #x", with({{"#x", "name"}})), "");
  EXPECT_EQ(projection_refused(""), "The expression can not be empty;");
  EXPECT_EQ(projection_refused("a,"), syntax("<EOF>", ","));
  EXPECT_EQ(projection_refused("a b"), syntax("b", "a b"));
  EXPECT_EQ(projection_refused("foo-bar"), syntax("-", "foo-bar"));
  EXPECT_EQ(projection_refused("a, :b"), syntax(":b", ", :b"));
  EXPECT_EQ(projection_refused("name, #x"), "Attribute name is a reserved keyword; reserved keyword: name");
  EXPECT_EQ(projection_refused("a, #x"), no_name + "#x");
  EXPECT_EQ(projection_refused("body, subject, body"), overlap("[body]", "[body]"));
  EXPECT_EQ(projection_refused("a.b, a[0], c, c.d"), overlap("[c]", "[c, d]"));
  EXPECT_EQ(projection_refused("a.b, a[0]"), overlap("[a, b]", "[a, [0]]", "conflict"));
  EXPECT_EQ(projection_refused(std::string("a") + std::string(32 * 2, ' ')), "");
  std::string deep = "a";
  for (int i = 0; i < 32; ++i)
    deep += ".b";
  EXPECT_EQ(projection_refused(deep), "The document path has too many nesting levels; nesting levels: 33");
}

} // namespace
} // namespace troupe::expression
