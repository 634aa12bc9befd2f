#include "actors/gateway/auth/timestamp.h"
#include <gtest/gtest.h>

using namespace troupe::auth;

TEST(timestamp, reads_the_basic_format_and_prints_it_back) {
  EXPECT_EQ(parse_basic_time("19700101T000000Z"), 0);
  EXPECT_EQ(parse_basic_time("20150830T123600Z"), 1440938160);
  EXPECT_EQ(print_basic_time(1440938160), "20150830T123600Z");
  EXPECT_EQ(parse_basic_time("20240229T235959Z"), 1709251199);
}

TEST(timestamp, reads_no_other_format_as_the_basic_one) {
  for (const char* text :
       {"", "20150830", "20150830T123600", "20150830T1236000", "2015-08-30T12:36:00Z", "20151330T123600Z",
        "20150800T123600Z", "20150830T243600Z", "2015083aT123600Z", "20150830t123600z"})
    EXPECT_FALSE(parse_basic_time(text)) << text;
}

TEST(timestamp, reads_dates_of_http) {
  EXPECT_EQ(parse_http_date("Sun, 30 Aug 2015 12:36:00 GMT"), 1440938160);
  for (const char* text : {"", "Sun, 30 Aug 2015 12:36:00", "Sun, 30 Foo 2015 12:36:00 GMT",
                           "30 Aug 2015 12:36:00 GMT", "Sun, xx Aug 2015 12:36:00 GMT"})
    EXPECT_FALSE(parse_http_date(text)) << text;
}
