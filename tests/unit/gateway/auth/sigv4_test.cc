#include "actors/gateway/auth/sigv4.h"
#include "actors/gateway/auth/timestamp.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

using namespace troupe::auth;

namespace {

const std::string secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const std::int64_t then = *parse_basic_time("20150830T123600Z");

credentials example_keys() {
  credentials out;
  out.add("AKIDEXAMPLE", {"example", secret});
  return out;
}

// A request with its own text, which tests may spoil.
struct letter {
  std::string method = "POST";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string& header_of(const std::string& name) {
    for (auto& [known, value] : headers)
      if (known == name)
        return value;
    return headers.emplace_back(name, "").second;
  }
  void remove(const std::string& name) {
    std::erase_if(headers, [&](const auto& h) { return h.first == name; });
  }
  verdict judge(const verifier& by, std::int64_t now = then) const {
    std::vector<header> views;
    for (const auto& [name, value] : headers)
      views.push_back({name, value});
    return by.verify({method, target, views, body}, now);
  }
};

// One of the requests that AWS publishes with their signatures: service "service" in us-east-1.
struct published {
  letter request;
  std::string signed_headers = "host;x-amz-date";
  std::string signature;
  std::string service = "service";

  verdict judge() {
    request.header_of("authorization") = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/" +
                                         service + "/aws4_request, SignedHeaders=" + signed_headers +
                                         ", Signature=" + signature;
    return request.judge(verifier(example_keys(), service));
  }
};

published vanilla(std::string method, std::string target, std::string signature) {
  return {{method, target, {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}}, ""},
          "host;x-amz-date",
          signature};
}

// A good request to DynamoDB, as an SDK would sign it.
letter good(std::int64_t when = then, std::string_view access_key = "AKIDEXAMPLE",
            std::string_view with = secret) {
  letter out;
  const auto stamp = print_basic_time(when);
  out.headers = {{"host", "127.0.0.1:8000"},
                 {"content-type", "application/x-amz-json-1.0"},
                 {"x-amz-date", stamp},
                 {"x-amz-target", "DynamoDB_20120810.ListTables"}};
  out.body = "{}";
  const std::string signed_headers = "content-type;host;x-amz-date;x-amz-target";
  std::vector<header> views;
  for (const auto& [name, value] : out.headers)
    views.push_back({name, value});
  const auto scope = stamp.substr(0, 8) + "/eu-central-1/dynamodb/aws4_request";
  const auto to_sign =
      "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" +
      to_hex(sha256(canonical_request({out.method, out.target, views, out.body}, signed_headers)));
  auto key = hmac_sha256("AWS4" + std::string(with), stamp.substr(0, 8));
  for (const char* piece : {"eu-central-1", "dynamodb", "aws4_request"})
    key = hmac_sha256(bytes_of(key), piece);
  out.header_of("authorization") = "AWS4-HMAC-SHA256 Credential=" + std::string(access_key) + "/" + scope +
                                   ", SignedHeaders=" + signed_headers +
                                   ", Signature=" + to_hex(hmac_sha256(bytes_of(key), to_sign));
  return out;
}

const verifier& known() {
  static const verifier v(example_keys());
  return v;
}

void replace(std::string& in, const std::string& what, const std::string& by) {
  const auto at = in.find(what);
  ASSERT_NE(at, std::string::npos);
  in.replace(at, what.size(), by);
}

} // namespace

TEST(sigv4, accepts_the_requests_that_aws_publishes) {
  EXPECT_TRUE(
      vanilla("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31").judge().ok());
  EXPECT_TRUE(
      vanilla("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b").judge().ok());
  EXPECT_TRUE(vanilla("GET", "/?Param2=value2&Param1=value1",
                      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
                  .judge()
                  .ok());
  EXPECT_TRUE(
      vanilla("GET", "/\xE1\x88\xB4", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")
          .judge()
          .ok());
  auto trimmed = vanilla("GET", "/", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
  trimmed.request.header_of("my-header1") = " value1";
  trimmed.request.header_of("my-header2") = " \"a   b   c\"";
  trimmed.signed_headers = "host;my-header1;my-header2;x-amz-date";
  EXPECT_EQ(trimmed.judge().message, "");
  auto form = vanilla("POST", "/", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
  form.request.header_of("content-type") = "application/x-www-form-urlencoded";
  form.request.body = "Param1=value1";
  form.signed_headers = "content-type;host;x-amz-date";
  EXPECT_EQ(form.judge().message, "");
  published users;
  users.service = "iam";
  users.request = {"GET",
                   "/?Action=ListUsers&Version=2010-05-08",
                   {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"},
                    {"host", "iam.amazonaws.com"},
                    {"x-amz-date", "20150830T123600Z"}},
                   ""};
  users.signed_headers = "content-type;host;x-amz-date";
  users.signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
  EXPECT_EQ(users.judge().message, "");
}

TEST(sigv4, accepts_a_request_again_and_says_whose_it_is) {
  for (int i = 0; i < 3; ++i) {
    const auto v = good().judge(known());
    EXPECT_TRUE(v.ok()) << v.message;
    EXPECT_EQ(v.who, "example");
  }
}

TEST(sigv4, accepts_the_header_date_instead_and_other_spacing) {
  auto dated = vanilla("GET", "/", "");
  dated.request.remove("x-amz-date");
  dated.request.header_of("date") = "Sun, 30 Aug 2015 12:36:00 GMT";
  dated.signed_headers = "date;host";
  dated.signature = "x";
  const auto v = dated.judge();
  EXPECT_EQ(v.type, "InvalidSignatureException") << "the date was understood, only the signature is wrong";
  EXPECT_NE(v.message.find("20150830T123600Z"), std::string::npos);
  auto tight = good();
  auto& text = tight.header_of("authorization");
  replace(text, ", SignedHeaders", ",SignedHeaders");
  replace(text, ", Signature", " ,  Signature");
  EXPECT_TRUE(tight.judge(known()).ok());
}

TEST(sigv4, refuses_whatever_was_changed_under_way) {
  const auto refused = [](letter l) {
    const auto v = l.judge(known());
    EXPECT_EQ(v.type, "InvalidSignatureException");
    EXPECT_EQ(v.who, "");
    return v.message;
  };
  auto body = good();
  body.body = "{ }";
  const auto message = refused(body);
  EXPECT_EQ(message,
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details.\n\n"
            "The Canonical String for this request should have been\n"
            "'POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:127.0.0.1:8000\n"
            "x-amz-date:20150830T123600Z\nx-amz-target:DynamoDB_20120810.ListTables\n\n"
            "content-type;host;x-amz-date;x-amz-target\n" +
                to_hex(sha256("{ }")) + "'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n" +
                "20150830T123600Z\n20150830/eu-central-1/dynamodb/aws4_request\n" +
                message.substr(message.size() - 66));
  auto target = good();
  target.header_of("x-amz-target") = "DynamoDB_20120810.DeleteTable";
  refused(target);
  auto path = good();
  path.target = "/other";
  refused(path);
  auto method = good();
  method.method = "PUT";
  refused(method);
  auto region = good();
  replace(region.header_of("authorization"), "eu-central-1", "eu-central-2");
  refused(region);
  refused(good(then, "AKIDEXAMPLE", "another secret"));
}

TEST(sigv4, knows_only_the_keys_it_was_given) {
  const auto v = good(then, "AKIDSTRANGER").judge(known());
  EXPECT_EQ(v.type, "UnrecognizedClientException");
  EXPECT_EQ(v.message, "The security token included in the request is invalid.");
  auto with_token = good();
  with_token.header_of("x-amz-security-token") = "temporary";
  EXPECT_EQ(with_token.judge(known()).type, "UnrecognizedClientException");
}

TEST(sigv4, allows_fifteen_minutes_of_clock_skew_and_no_more) {
  const auto l = good();
  for (const std::int64_t ok : {then - 900, then + 900})
    EXPECT_TRUE(l.judge(known(), ok).ok());
  EXPECT_EQ(l.judge(known(), then + 901).message, "Signature expired: 20150830T123600Z is now earlier than "
                                                  "20150830T123601Z (20150830T125101Z - 15 min.)");
  EXPECT_EQ(
      l.judge(known(), then - 901).message,
      "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + "
      "15 min.)");
  EXPECT_EQ(l.judge(known(), then + 901).type, "InvalidSignatureException");
}

TEST(sigv4, a_request_without_a_signature_lacks_its_token) {
  auto none = good();
  none.remove("authorization");
  const auto v = none.judge(known());
  EXPECT_EQ(v.type, "MissingAuthenticationTokenException");
  EXPECT_EQ(v.message, "Request is missing Authentication Token");
  auto basic = good();
  basic.header_of("authorization") = "Basic dXNlcjpwYXNz";
  EXPECT_EQ(basic.judge(known()).type, "MissingAuthenticationTokenException");
  auto both = good();
  both.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256";
  EXPECT_EQ(both.judge(known()).message,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
}

TEST(sigv4, says_what_an_incomplete_header_lacks) {
  const auto incomplete = [](const std::string& authorization, const std::string& message) {
    auto l = good();
    l.header_of("authorization") = authorization;
    const auto v = l.judge(known());
    EXPECT_EQ(v.type, "IncompleteSignatureException") << authorization;
    EXPECT_EQ(v.message, message);
  };
  incomplete("AWS4-HMAC-SHA256",
             "Authorization header requires 'Credential' parameter. Authorization header requires "
             "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
             "Authorization=AWS4-HMAC-SHA256");
  incomplete(
      "AWS4-HMAC-SHA256 Credential=a, Signature=b",
      "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Credential=a, "
      "Signature=b");
  incomplete("AWS4-HMAC-SHA256 Signature=b, Credential, SignedHeaders",
             "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: "
             "'AWS4-HMAC-SHA256 "
             "Signature=b, Credential, SignedHeaders'.");
  incomplete("AWS4-HMAC-SHA25 Credential=a, Signature=b, SignedHeaders=host",
             "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ");
  incomplete(
      "AWS4-HMAC-SHA256 Credential=a/b/c/d, Signature=b, SignedHeaders=host",
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
      "'a/b/c/d'");
  auto undated = good();
  undated.remove("x-amz-date");
  EXPECT_EQ(undated.judge(known()).message.substr(0, 84),
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  auto misdated = good();
  misdated.header_of("x-amz-date") = "201";
  EXPECT_EQ(misdated.judge(known()).message,
            "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601");
}

TEST(sigv4, checks_what_a_signature_is_good_for) {
  const auto invalid = [](const std::string& what, const std::string& by, const std::string& message) {
    auto l = good();
    replace(l.header_of("authorization"), what, by);
    const auto v = l.judge(known());
    EXPECT_EQ(v.type, "InvalidSignatureException");
    EXPECT_EQ(v.message, message);
  };
  invalid("host;", "", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  invalid("/dynamodb/", "/s3/", "Credential should be scoped to correct service: 'dynamodb'.");
  invalid(
      "/dynamodb/aws4_request", "/s3/e",
      "Credential should be scoped to correct service: 'dynamodb'. Credential should be scoped with a valid "
      "terminator: 'aws4_request', not 'e'.");
  invalid("20150830/", "20150829/",
          "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
          "'20150829' != "
          "'20150830', from '20150830T123600Z'.");
}

TEST(sigv4, knows_the_region_that_a_request_says_it_is_signed_for) {
  EXPECT_EQ(region_of("AWS4-HMAC-SHA256 Credential=KEY/20150830/eu-west-1/dynamodb/aws4_request, "
                      "SignedHeaders=host, Signature=0"),
            "eu-west-1");
  EXPECT_EQ(
      region_of("AWS4-HMAC-SHA256 SignedHeaders=host,Credential=KEY/20150830/mars/dynamodb/aws4_request"),
      "mars");
  for (const auto* none : {"", "Basic dXNlcg==", "AWS4-HMAC-SHA256 Credential=KEY/20150830",
                           "AWS4 Credential", "AWS4-HMAC-SHA256 SignedHeaders=Credential"})
    EXPECT_EQ(region_of(none), "") << none;
}
