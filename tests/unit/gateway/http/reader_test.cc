#include "actors/gateway/http/reader.h"
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace troupe::http;
using progress = reader::progress;

namespace {

reader_limits small() {
  return {.head_bytes = 512, .fields = 8, .body_bytes = 1000};
}

// Feeds it in pieces of that size, as a connection does: what is not consumed is offered again with more.
struct fed {
  reader in;
  std::string waiting;
  explicit fed(reader_limits limits = small()) : in(limits) {}
  void take(std::string_view bytes, std::size_t piece) {
    while (!bytes.empty() && in.state() != progress::done && in.state() != progress::refused) {
      waiting += bytes.substr(0, piece);
      bytes.remove_prefix(std::min(piece, bytes.size()));
      waiting.erase(0, in.feed(waiting));
    }
    waiting += bytes;
  }
};

refusal refused(std::string_view bytes, reader_limits limits = small()) {
  fed f(limits);
  f.take(bytes, bytes.size());
  EXPECT_EQ(f.in.state(), progress::refused) << bytes;
  // However the same bytes are cut, the same is said of them.
  fed slow(limits);
  slow.take(bytes, 1);
  EXPECT_EQ(slow.in.state(), progress::refused) << bytes;
  EXPECT_EQ(slow.in.why(), f.in.why()) << bytes;
  return f.in.why();
}

} // namespace

TEST(reader, reads_a_request_however_it_is_cut) {
  const std::string text =
      "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Amz-Target:  T.Op \r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    fed f;
    f.take(text, piece);
    ASSERT_EQ(f.in.state(), progress::done) << piece;
    const auto& m = f.in.message();
    EXPECT_EQ(m.method, "POST");
    EXPECT_EQ(m.target, "/a?b=c");
    EXPECT_EQ(m.version, 11);
    EXPECT_EQ(m.fields.find("host"), "h");
    EXPECT_EQ(m.fields.find("x-amz-target"), "T.Op");
    EXPECT_EQ(m.body, "hello");
    EXPECT_TRUE(f.in.keep_alive());
  }
}

TEST(reader, joins_chunks_however_they_are_cut) {
  const std::string text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\nA;note=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    fed f;
    f.take(text, piece);
    ASSERT_EQ(f.in.state(), progress::done) << piece;
    EXPECT_EQ(f.in.message().body, "abc0123456789");
    EXPECT_FALSE(f.in.message().fields.find("trailer")) << "trailers are not fields of the head";
  }
}

TEST(reader, leaves_the_next_request_alone) {
  fed f;
  const std::string second = "GET /2 HTTP/1.1\r\n\r\n";
  f.waiting = "GET /1 HTTP/1.1\r\n\r\n" + second;
  f.waiting.erase(0, f.in.feed(f.waiting));
  ASSERT_EQ(f.in.state(), progress::done);
  EXPECT_EQ(f.waiting, second);
  EXPECT_EQ(f.in.feed(f.waiting), 0u) << "a done reader takes nothing";
  f.in.reset();
  EXPECT_EQ(f.in.state(), progress::idle);
  f.waiting.erase(0, f.in.feed(f.waiting));
  ASSERT_EQ(f.in.state(), progress::done);
  EXPECT_EQ(f.in.message().target, "/2");
  EXPECT_EQ(f.waiting, "");
}

TEST(reader, passes_over_a_line_break_before_a_request_but_not_over_many) {
  fed f;
  f.take("\r\nGET / HTTP/1.1\r\n\r\n", 1);
  EXPECT_EQ(f.in.state(), progress::done);
  EXPECT_EQ(refused("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"), refusal::bad_request);
}

TEST(reader, knows_when_the_connection_stays_open) {
  const auto keeps = [](std::string_view text) {
    fed f;
    f.take(text, text.size());
    EXPECT_EQ(f.in.state(), progress::done) << text;
    return f.in.keep_alive();
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(reader, asks_for_the_body_only_when_the_client_waits_for_that) {
  fed f;
  f.take("POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n", 7);
  EXPECT_EQ(f.in.state(), progress::body);
  EXPECT_TRUE(f.in.expects_continue());
  fed old;
  old.take("POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", 99);
  EXPECT_FALSE(old.in.expects_continue()) << "HTTP/1.0 knows no interim answers";
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: payment\r\n\r\n"),
            refusal::expectation_failed);
}

TEST(reader, refuses_what_is_not_http) {
  EXPECT_EQ(refused("hello\r\n\r\n"), refusal::bad_request);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nNo colon here\r\n\r\n"), refusal::bad_request);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nName : x\r\n\r\n"), refusal::bad_request);
  EXPECT_EQ(refused(std::string("GET / HTTP/1.1\r\nA: \0b\r\n\r\n", 25)), refusal::bad_request);
  EXPECT_EQ(refused("\x16\x03\x01\x02\x00 a client that speaks TLS"), refusal::bad_request);
  EXPECT_EQ(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), refusal::version_not_supported);
}

TEST(reader, does_not_take_a_bare_line_feed_for_the_end_of_a_line) {
  fed f;
  f.take("GET / HTTP/1.1\nHost: x\n\n", 1);
  EXPECT_NE(f.in.state(), progress::done);
}

TEST(reader, refuses_bodies_whose_end_could_be_read_in_two_ways) {
  const auto with = [](std::string_view fields) {
    return refused("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n0\r\n\r\n");
  };
  EXPECT_EQ(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), refusal::bad_request);
  EXPECT_EQ(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), refusal::bad_request);
  EXPECT_EQ(with("Content-Length: 5\r\nContent-Length: 6\r\n"), refusal::bad_request);
  EXPECT_EQ(with("Content-Length: -1\r\n"), refusal::bad_request);
  EXPECT_EQ(with("Content-Length: 0x5\r\n"), refusal::bad_request);
  EXPECT_EQ(with("Transfer-Encoding: gzip, chunked\r\n"), refusal::encoding_not_supported);
  EXPECT_EQ(with("Transfer-Encoding: identity\r\n"), refusal::encoding_not_supported);
  EXPECT_EQ(with("Transfer-Encoding: chunked, gzip\r\n"), refusal::encoding_not_supported);
}

// Found by a fuzzer: Beast counted the lines of a folded field when they came one by one, and not when they
// came at once.
TEST(reader, bounds_heads_of_folded_lines_however_they_come) {
  std::string folded = "POST / HTTP/1.1\r\nContent-Length: 0\r\nA: b";
  while (folded.size() < 600)
    folded += "\r\n\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";
  folded += "\r\nC: d\r\n\r\n";
  EXPECT_EQ(refused(folded), refusal::head_too_large);
}

TEST(reader, bounds_heads) {
  const auto long_value = "GET / HTTP/1.1\r\nA: " + std::string(600, 'a');
  EXPECT_EQ(refused(long_value), refusal::head_too_large) << "also before its end has come";
  EXPECT_EQ(refused("GET /" + std::string(600, 'a')), refusal::head_too_large);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 9; ++i)
    many += "A: b\r\n";
  EXPECT_EQ(refused(many + "\r\n"), refusal::head_too_large) << "more fields than allowed";
  std::string wide = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 8; ++i)
    wide += "A: " + std::string(100, 'b') + "\r\n";
  EXPECT_EQ(refused(wide + "\r\n"), refusal::head_too_large) << "each field short, all together long";
}

TEST(reader, bounds_bodies_declared_or_not) {
  fed fits;
  fits.take("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'), 100);
  EXPECT_EQ(fits.in.state(), progress::done);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"), refusal::body_too_large)
      << "as soon as it is declared";
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"), refusal::bad_request);
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refused(chunked + "3e9\r\n"), refusal::body_too_large) << "one chunk of 1001 bytes";
  EXPECT_EQ(refused(chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\n"), refusal::body_too_large);
  EXPECT_EQ(refused(chunked + "ffffffffffffffff\r\n"), refusal::body_too_large);
}

TEST(reader, bounds_what_framing_costs) {
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string crumbs = chunked;
  for (int i = 0; i < 900; ++i)
    crumbs += "1\r\nx\r\n";
  EXPECT_EQ(refused(crumbs), refusal::body_too_large) << "900 bytes in chunks of one";
  EXPECT_EQ(refused(chunked + "1;" + std::string(600, 'e')), refusal::bad_request) << "an endless extension";
  EXPECT_EQ(refused(chunked + "0\r\nTrailer: " + std::string(600, 't')), refusal::bad_request);
  EXPECT_EQ(refused(chunked + "xyz\r\n"), refusal::bad_request);
  EXPECT_EQ(refused(chunked + "3\r\nabcd\r\n0\r\n\r\n"), refusal::bad_request)
      << "a chunk longer than it says";
}

TEST(reader, starts_anew_after_a_large_body) {
  fed f;
  f.take("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x'), 64);
  ASSERT_EQ(f.in.state(), progress::done);
  f.in.reset();
  f.take("GET / HTTP/1.1\r\n\r\n", 64);
  ASSERT_EQ(f.in.state(), progress::done);
  EXPECT_EQ(f.in.message().body, "");
  EXPECT_FALSE(f.in.message().fields.find("content-length"));
}
