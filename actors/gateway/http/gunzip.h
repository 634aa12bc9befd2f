// Undoes `Content-Encoding: gzip`.
//
// Thread: pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::http {

enum class gunzip_trouble {
  not_gzip,  // not gzip, damaged, cut off, or with something behind it
  too_large, // more than max_bytes come out of it
};

struct gunzipped {
  std::string text;
  std::optional<gunzip_trouble> trouble;
};

// Costs memory for what comes out, up to max_bytes, whatever the input promises.
gunzipped gunzip(std::string_view bytes, std::size_t max_bytes);

} // namespace troupe::http
