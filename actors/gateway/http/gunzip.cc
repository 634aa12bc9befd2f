#include "actors/gateway/http/gunzip.h"
#include <algorithm>
#include <cstring>
#include <limits>
#include <zlib.h>

namespace troupe::http {

namespace {

constexpr int gzip_only = 16 + MAX_WBITS;

struct inflater {
  z_stream stream{};
  bool ready = inflateInit2(&stream, gzip_only) == Z_OK;
  ~inflater() {
    if (ready)
      inflateEnd(&stream);
  }
};

} // namespace

gunzipped gunzip(std::string_view bytes, std::size_t max_bytes) {
  inflater z;
  gunzipped out;
  if (!z.ready || bytes.size() > std::numeric_limits<uInt>::max())
    return {{}, gunzip_trouble::not_gzip};
  z.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.stream.avail_in = static_cast<uInt>(bytes.size());
  std::size_t used = 0;
  std::size_t room = std::min<std::size_t>(std::max<std::size_t>(bytes.size() * 4, 4096), max_bytes + 1);
  for (;;) {
    out.text.resize(used + room);
    z.stream.next_out = reinterpret_cast<Bytef*>(out.text.data() + used);
    z.stream.avail_out = static_cast<uInt>(room);
    const int code = inflate(&z.stream, Z_NO_FLUSH);
    used += room - z.stream.avail_out;
    if (used > max_bytes)
      return {{}, gunzip_trouble::too_large};
    if (code == Z_STREAM_END) {
      out.text.resize(used);
      if (z.stream.avail_in == 0)
        return out;
      if (inflateReset(&z.stream) != Z_OK) // another member follows (RFC 1952, 2.2)
        return {{}, gunzip_trouble::not_gzip};
    } else if (code != Z_OK || (z.stream.avail_in == 0 && z.stream.avail_out != 0)) {
      return {{}, gunzip_trouble::not_gzip};
    }
    // Twice as much each time, one byte past the bound at most.
    room = std::min(std::max<std::size_t>(used, 4096), max_bytes + 1 - used);
  }
}

} // namespace troupe::http
