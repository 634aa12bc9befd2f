// Any text: read or refused, and what was read is written so that it is read again.
#include "actors/core/item/base64.h"
#include "actors/core/item/json.h"
#include "actors/core/item/prepare.h"
#include "actors/core/item/value.h"
#include "fuzz.h"
#include <cstdint>

using namespace troupe::item;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = decode_base64(text))
    FUZZ_CHECK(encode_base64(*bytes) == text);
  std::string quoted;
  append_json_string(quoted, text);
  FUZZ_CHECK(read_json_value("{\"S\":" + quoted + "}"));

  auto item = read_json(text);
  if (!item) {
    FUZZ_CHECK(!item.why().message.empty());
    return 0;
  }
  for (const json_style style : {json_style::compact, json_style::pretty}) {
    const auto again = read_json(write_json(*item, style));
    FUZZ_CHECK(again && serialize(*again) == serialize(*item));
  }
  auto canonical = *item;
  if (canonicalise(canonical))
    return 0;
  FUZZ_CHECK(equal(*item, canonical));
  const std::string bytes = serialize(canonical);
  FUZZ_CHECK(!canonicalise(canonical) && serialize(canonical) == bytes);
  return 0;
}
