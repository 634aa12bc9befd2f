// The protocol, byte by byte, through a real server.
#include "actors/gateway/handlers.h"
#include "tests/unit/gateway/door.h"
#include "tests/unit/gateway/http/gzip.h"

using namespace troupe;
using namespace troupe::gateway;
using namespace troupe::gateway::test;

namespace {

const std::string unknown = R"({"__type":"com.amazon.coral.service#UnknownOperationException"})";
const std::string unreadable = R"({"__type":"com.amazon.coral.service#SerializationException"})";

} // namespace

TEST(protocol, an_answer_has_what_sdks_look_for) {
  door d;
  const auto a = d.ask("ListTables", "{}");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, R"({"TableNames":[]})");
  EXPECT_TRUE(a.has("Content-Type: application/x-amz-json-1.0"));
  EXPECT_TRUE(a.has("Server: Troupe"));
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(a.body.data()), static_cast<uInt>(a.body.size()));
  EXPECT_TRUE(a.has("x-amz-crc32: " + std::to_string(sum))) << a.head;
  const auto id = a.head.find("x-amzn-RequestId: ");
  ASSERT_NE(id, std::string::npos);
  const auto text = a.head.substr(id + 18, 52);
  EXPECT_EQ(text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUV"), std::string::npos) << text;
  EXPECT_NE(d.ask("ListTables", "{}").head.substr(id + 18, 52), text) << "each request has one of its own";
}

TEST(protocol, answers_in_the_content_type_of_the_question) {
  door d;
  const auto with = [&](const std::string& type) {
    return d.send("POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Type: " + type +
                  "\r\nContent-Length: 2\r\n\r\n{}");
  };
  EXPECT_TRUE(with("application/x-amz-json-1.1").has("Content-Type: application/x-amz-json-1.1"));
  EXPECT_TRUE(with("application/json; charset=utf-8").has("Content-Type: application/json"));
  for (const char* type : {"text/plain", "application/xml", "application/x-amz-json-2.0"}) {
    const auto a = with(type);
    EXPECT_EQ(a.status, 404) << type;
    EXPECT_EQ(a.body, "<UnknownOperationException/>\n");
    EXPECT_TRUE(a.has("x-amz-crc32: 3552371480"));
  }
}

TEST(protocol, only_posts_are_operations) {
  door d;
  EXPECT_EQ(d.send("PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").status, 404);
  EXPECT_EQ(d.send("DELETE / HTTP/1.1\r\n\r\n").body, "<UnknownOperationException/>\n");
}

TEST(protocol, checks_json_before_the_operation_and_this_before_the_types) {
  door d;
  EXPECT_EQ(d.said("NoSuchThing", "{"), "400 " + unreadable);
  EXPECT_EQ(d.said("NoSuchThing", "{}"), "400 " + unknown);
  EXPECT_EQ(d.said("ListTables", ""), "400 " + unreadable);
  EXPECT_EQ(d.said("ListTables", "[]"), "400 " + unreadable);
  EXPECT_EQ(d.said("ListTables", R"({"Limit":"x"})"),
            R"(400 {"__type":"com.amazon.coral.service#SerializationException",)"
            R"("Message":"STRING_VALUE cannot be converted to Integer"})");
  EXPECT_EQ(d.send("POST / HTTP/1.1\r\nContent-Type: application/json\r\nX-Amz-Target: "
                   "DynamoDB_20111205.ListTables\r\n"
                   "Content-Length: 2\r\n\r\n{}")
                .body,
            unknown)
      << "another version of the API";
}

TEST(protocol, says_which_operation_is_not_done) {
  door d;
  EXPECT_EQ(d.said("TransactWriteItems", "{}"),
            R"(400 {"__type":"com.amazon.coral.service#UnknownOperationException",)"
            R"("message":"Operation TransactWriteItems is not supported by this version of Troupe"})");
}

TEST(protocol, has_a_handler_for_exactly_what_the_table_says_is_done) {
  for (const auto& one : api::all_operations)
    EXPECT_EQ(handler_of(one.which) != nullptr, one.support == api::support::done) << one.name;
}

TEST(protocol, tells_balancers_whether_it_can_be_given_work) {
  door d;
  auto a = d.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, "healthy: troupe\n");
  d.cluster->is_ready = false;
  EXPECT_EQ(d.send("GET / HTTP/1.1\r\n\r\n").status, 503);
}

TEST(protocol, lets_pages_of_other_origins_ask) {
  door d;
  const auto before =
      d.send("OPTIONS / HTTP/1.1\r\nOrigin: http://page\r\nAccess-Control-Request-Method: POST\r\n"
             "Access-Control-Request-Headers: x-amz-target,authorization\r\n\r\n");
  EXPECT_EQ(before.status, 200);
  EXPECT_TRUE(before.has("Access-Control-Allow-Origin: *"));
  EXPECT_TRUE(before.has("Access-Control-Allow-Methods: POST"));
  EXPECT_TRUE(before.has("Access-Control-Allow-Headers: x-amz-target,authorization"));
  EXPECT_TRUE(before.has("Access-Control-Max-Age: 172800"));
  const auto a = d.ask("ListTables", "{}", "Origin: http://page\r\n");
  EXPECT_EQ(a.status, 200);
  EXPECT_TRUE(a.has("Access-Control-Allow-Origin: *"));
  EXPECT_FALSE(d.ask("ListTables", "{}").has("Access-Control-Allow-Origin: *"));
}

TEST(protocol, unpacks_bodies) {
  door d;
  const std::string packed = "Content-Encoding: gzip\r\n";
  EXPECT_EQ(d.ask("ListTables", http::gzip("{}"), packed).body, R"({"TableNames":[]})");
  EXPECT_EQ(d.ask("ListTables", "{}", packed).body, unreadable);
  EXPECT_EQ(d.ask("ListTables", "{}", "Content-Encoding: br\r\n").status, 400);
  const auto bomb = d.ask("ListTables", http::gzip(std::string(8u << 20, ' ')), packed);
  EXPECT_EQ(bomb.status, 413);
  EXPECT_TRUE(bomb.body.starts_with(R"({"__type":"com.amazon.coral.service#RequestEntityTooLargeException")"))
      << bomb.body;
}

TEST(protocol, shapes_what_the_server_itself_refuses) {
  door d;
  const auto large = d.send("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(large.status, 413);
  EXPECT_TRUE(large.has("Content-Type: application/json"));
  EXPECT_NE(large.head.find("\r\nx-amz-crc32: "), std::string::npos);
  EXPECT_NE(large.head.find("\r\nx-amzn-RequestId: "), std::string::npos);
  EXPECT_NE(large.body.find("RequestEntityTooLargeException"), std::string::npos);
  EXPECT_NE(d.send("@\r\n\r\n").body.find("__type"), std::string::npos);
  EXPECT_NE(d.metrics().find(R"(troupe_http_refused_total{node="n1",reason="body_too_large"} 1)"),
            std::string::npos);
}

TEST(protocol, checks_signatures_behind_the_operation) {
  auth::credentials known;
  known.add("AKID", {"alice", "secret"});
  door d(std::make_shared<auth::verifier>(known), 1440938160);
  EXPECT_EQ(d.said("NoSuchThing", "{}"), "400 " + unknown);
  EXPECT_EQ(d.said("ListTables", "{}"),
            R"(400 {"__type":"com.amazon.coral.service#MissingAuthenticationTokenException",)"
            R"("message":"Request is missing Authentication Token"})");
  EXPECT_EQ(d.send("GET / HTTP/1.1\r\n\r\n").status, 200) << "health is everybody's";
  const auto wrong = d.ask("ListTables", "{}",
                           "X-Amz-Date: 20150830T123600Z\r\nAuthorization: AWS4-HMAC-SHA256 "
                           "Credential=AKID/20150830/local/dynamodb/aws4_request, "
                           "SignedHeaders=host;x-amz-date, Signature=00\r\n");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("InvalidSignatureException"), std::string::npos);
  EXPECT_NE(wrong.body.find(R"(host:db.example:8000\nx-amz-date:20150830T123600Z\n)"), std::string::npos);
}

TEST(protocol, counts_what_it_answers) {
  door d;
  d.ask("ListTables", "{}");
  d.ask("DescribeTable", R"({"TableName":"none"})");
  d.ask("NoSuchThing", "{}");
  const auto text = d.metrics();
  for (
      const char* line :
      {R"(troupe_api_requests_total{node="n1",operation="ListTables",outcome="ok"} 1)",
       R"(troupe_api_requests_total{node="n1",operation="DescribeTable",outcome="ResourceNotFoundException"} 1)",
       R"(troupe_api_requests_total{node="n1",operation="other",outcome="UnknownOperationException"} 1)",
       R"(troupe_api_request_seconds_count{node="n1",operation="ListTables"} 1)"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}
