// The input is two texts and, read again, one encoding.
#include "actors/core/item/number.h"
#include "fuzz.h"
#include <cstdint>

using namespace troupe::item;

namespace {

void check_text(std::string_view text) {
  const auto value = number::parse(text);
  FUZZ_CHECK(!is_canonical_number(text) || value);
  if (!value) {
    FUZZ_CHECK(!value.why().message.empty());
    return;
  }
  const std::string printed = value->text();
  FUZZ_CHECK(is_canonical_number(text) == (printed == text));
  FUZZ_CHECK(is_canonical_number(printed));
  FUZZ_CHECK(*number::parse(printed) == *value);
  FUZZ_CHECK(number_size(printed) <= 21);
  std::string bytes;
  value->encode(bytes);
  FUZZ_CHECK(bytes.size() <= number::max_encoded_bytes);
  std::string_view rest = bytes;
  FUZZ_CHECK(number::decode(rest) == *value && rest.empty());
}

void check_order(const number& a, const number& b) {
  std::string x, y;
  a.encode(x);
  b.encode(y);
  FUZZ_CHECK((a <=> b) == (x <=> y));
  FUZZ_CHECK(a == b || !y.starts_with(x));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_text(input);
  const std::size_t middle = input.find(' ');
  if (middle != input.npos) {
    const auto a = number::parse(input.substr(0, middle)), b = number::parse(input.substr(middle + 1));
    if (a && b)
      check_order(*a, *b);
  }
  std::string_view rest = input;
  if (const auto value = number::decode(rest)) {
    std::string again;
    value->encode(again);
    FUZZ_CHECK(again + std::string(rest) == input);
    check_text(value->text());
  }
  return 0;
}
