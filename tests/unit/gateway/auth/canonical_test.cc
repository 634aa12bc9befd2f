#include "actors/gateway/auth/canonical.h"
#include <gtest/gtest.h>

using namespace troupe::auth;

TEST(canonical, paths_are_encoded_byte_by_byte) {
  EXPECT_EQ(canonical_path(""), "/");
  EXPECT_EQ(canonical_path("/"), "/");
  EXPECT_EQ(canonical_path("/a-b._~/C9"), "/a-b._~/C9");
  EXPECT_EQ(canonical_path("/\xE1\x88\xB4"), "/%E1%88%B4");
  EXPECT_EQ(canonical_path("/%20"), "/%2520") << "what was encoded once is encoded again";
}

TEST(canonical, parameters_are_sorted_by_name_and_value) {
  EXPECT_EQ(canonical_query(""), "");
  EXPECT_EQ(canonical_query("Param2=value2&Param1=value1"), "Param1=value1&Param2=value2");
  EXPECT_EQ(canonical_query("a=2&a=1"), "a=1&a=2");
  EXPECT_EQ(canonical_query("foo"), "foo=");
  EXPECT_EQ(canonical_query("a=b c&d=%2f&e=x+y&&f=%zz"), "a=b%20c&d=%2F&e=x%20y&f=%25zz");
}

TEST(canonical, headers_are_trimmed_joined_and_in_the_order_that_is_listed) {
  const header headers[] = {
      {"host", "h"}, {"my-header", "  a   b\t c "}, {"my-header", "d"}, {"other", "not signed"}};
  const auto text = canonical_request({"GET", "/?x=1", headers, ""}, "host;my-header;absent");
  EXPECT_EQ(text, "GET\n/\nx=1\nhost:h\nmy-header:a b c,d\nabsent:\n\nhost;my-header;absent\n"
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
