// Any bytes as a connection's: requests are read or refused, within their bounds, and never differently
// because the network cut them elsewhere.
#include "actors/gateway/http/gunzip.h"
#include "actors/gateway/http/reader.h"
#include "tests/fuzz/fuzz.h"
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace troupe::http;
using progress = reader::progress;

namespace {

constexpr reader_limits limits{.head_bytes = 2048, .fields = 16, .body_bytes = 4096};

struct seen {
  std::vector<std::string> requests;
  bool refused = false;
};

std::string text_of(const request& r) {
  std::string out = r.method + " " + r.target + " " + std::to_string(r.version) + "\n";
  for (std::size_t i = 0; i < r.fields.size(); ++i)
    (out += r.fields[i].name) += ":" + std::string(r.fields[i].value) + "\n";
  return out + "\n" + r.body;
}

void check_bounds(const reader& in) {
  const auto& m = in.message();
  FUZZ_CHECK(m.body.size() <= limits.body_bytes);
  FUZZ_CHECK(m.fields.size() <= limits.fields);
}

seen read(std::string_view bytes, std::size_t piece) {
  seen out;
  reader in(limits);
  std::string waiting;
  while (!bytes.empty() && !out.refused) {
    waiting += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const auto taken = in.feed(waiting);
      FUZZ_CHECK(taken <= waiting.size());
      waiting.erase(0, taken);
      check_bounds(in);
      if (in.state() != progress::done)
        break;
      out.requests.push_back(text_of(in.message()));
      in.reset();
      if (waiting.empty())
        break;
    }
    out.refused = in.state() == progress::refused;
    // Of what does not make a request yet, a connection keeps no more than a head.
    FUZZ_CHECK(out.refused || waiting.size() <= limits.head_bytes);
  }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read(bytes, bytes.size() + 1);
  const auto cut = read(bytes, 1 + data[0] % 16);
  // Some heads that are none are seen to be none only at their end, which may not have come when they arrive
  // slowly: then less is refused, but never is something else read.
  const auto both = std::min(whole.requests.size(), cut.requests.size());
  for (std::size_t i = 0; i < both; ++i)
    FUZZ_CHECK(whole.requests[i] == cut.requests[i]);
  FUZZ_CHECK(whole.requests.size() == cut.requests.size());

  const auto unpacked = gunzip(bytes, 10'000);
  FUZZ_CHECK(unpacked.text.size() <= 10'000);
  FUZZ_CHECK(!unpacked.trouble || unpacked.text.empty());
  return 0;
}
