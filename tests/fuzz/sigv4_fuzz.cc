// Any headers: nobody who does not know the secret is let in, whatever the Authorization header looks like.
// Lines before an empty one are headers, the rest is the body; the first line is the request's target.
#include "actors/gateway/auth/credentials.h"
#include "actors/gateway/auth/sigv4.h"
#include "tests/fuzz/fuzz.h"
#include <cstdint>
#include <string>
#include <vector>

using namespace troupe::auth;

namespace {

const verifier& known() {
  static const verifier v = [] {
    credentials keys;
    keys.add("AKIDEXAMPLE", {"example", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"});
    return verifier(std::move(keys));
  }();
  return v;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view whole(reinterpret_cast<const char*>(data), size);
  auto text = whole;
  const auto target = take_line(text);
  std::vector<header> headers;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (line.empty())
      break;
    const auto colon = line.find(':');
    if (colon != std::string_view::npos)
      headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
  }
  for (const auto& one : headers)
    FUZZ_CHECK(one.value.find(region_of(one.value)) != std::string_view::npos);
  const std::int64_t then = 1440938160; // 20150830T123600Z
  const auto verdict = known().verify({"POST", target, headers, text}, then);
  FUZZ_CHECK(!verdict.ok()); // a signature cannot be guessed
  FUZZ_CHECK(!verdict.message.empty());
  FUZZ_CHECK(verdict.who.empty());

  const auto file = read_credentials(whole, "keys");
  FUZZ_CHECK(file.trouble.empty() || file.credentials.size() == 0);
  return 0;
}
