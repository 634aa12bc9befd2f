#include "storage/archive/s3_http.h"
#include <algorithm>
#include <cstring>
#include <curl/curl.h>
#include <mutex>
#include <openssl/evp.h>

namespace troupe::storage {

namespace {

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) == 1,
          "s3: SHA-256 works");
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += digits[digest[i] >> 4];
    hex += digits[digest[i] & 15];
  }
  return hex;
}

struct sink {
  s3_answer& answer;
  std::uint64_t max;
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* to) {
  auto& into = *static_cast<sink*>(to);
  auto all = size * count;
  if (into.answer.body.size() + all > into.max) {
    into.answer.too_long = true;
    return CURL_WRITEFUNC_ERROR;
  }
  into.answer.body.append(bytes, all);
  return all;
}

struct source {
  std::string_view left;
  std::string_view all;
};

std::size_t give_body(char* into, std::size_t size, std::size_t count, void* from) {
  auto& body = *static_cast<source*>(from);
  auto some = std::min(size * count, body.left.size());
  std::memcpy(into, body.left.data(), some);
  body.left.remove_prefix(some);
  return some;
}

// A connection that had been kept turned out to be closed: from the start, then.
int rewind_body(void* from, curl_off_t offset, int origin) {
  auto& body = *static_cast<source*>(from);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > body.all.size())
    return CURL_SEEKFUNC_FAIL;
  body.left = body.all.substr(static_cast<std::size_t>(offset));
  return CURL_SEEKFUNC_OK;
}

int look_up(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(cancelled)->load() ? 1 : 0;
}

} // namespace

struct s3_http::state {
  s3_options options;
  std::string signing; // what curl is told to sign for
  std::string user;
  CURL* curl = nullptr; // made anew where it could not be made
};

s3_http::s3_http(s3_options options) : state_(new state{std::move(options), {}, {}, nullptr}) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  auto& s = *state_;
  s.signing = "aws:amz:" + s.options.region + ":s3";
  s.user = s.options.access_key + ":" + s.options.secret;
  while (!s.options.endpoint.empty() && s.options.endpoint.back() == '/')
    s.options.endpoint.pop_back();
}

s3_http::~s3_http() {
  if (state_->curl)
    curl_easy_cleanup(state_->curl);
}

s3_answer s3_http::ask(const s3_request& request) {
  auto& s = *state_;
  s3_answer answer;
  if (!s.curl)
    s.curl = curl_easy_init();
  if (!s.curl) {
    answer.trouble = "libcurl cannot begin a request";
    return answer;
  }
  auto* c = s.curl;
  curl_easy_reset(c); // connections stay
  auto url = s.options.endpoint + request.path + (request.query.empty() ? "" : "?" + request.query);
  char trouble[CURL_ERROR_SIZE] = "";
  sink into{answer, std::max<std::uint64_t>(request.answer_max, 64 * 1024)};
  source body{request.body, request.body};
  curl_slist* headers = nullptr;
  auto add = [&headers](const std::string& line) {
    auto* longer = curl_slist_append(headers, line.c_str());
    require(longer != nullptr, "s3: there is memory for a header");
    headers = longer;
  };
  for (auto& line : request.headers)
    add(line);
  add("x-amz-content-sha256: " + sha256_hex(request.body));
  add("Expect:"); // no pause before the body
  if (!s.options.session_token.empty())
    add("x-amz-security-token: " + s.options.session_token);

  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, trouble);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "troupe");
  curl_easy_setopt(c, CURLOPT_AWS_SIGV4, s.signing.c_str());
  curl_easy_setopt(c, CURLOPT_USERPWD, s.user.c_str());
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &into);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(s.options.connect_ms));
  auto bytes = std::max<std::uint64_t>(request.body.size(), request.method == "GET" ? request.answer_max : 0);
  auto total_ms =
      s.options.answer_ms +
      static_cast<std::int64_t>(bytes / std::max<std::uint64_t>(s.options.bytes_per_second_min / 1000, 1));
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(total_ms));
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L); // not a byte for so long: the other end is gone
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(std::max<std::int64_t>(s.options.answer_ms / 1000, 1)));
  if (s.options.cancelled) {
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(s.options.cancelled));
  }
  if (request.method == "PUT") {
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(c, CURLOPT_READDATA, &body);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(c, CURLOPT_SEEKDATA, &body);
  } else if (request.method == "HEAD") {
    curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  auto outcome = curl_easy_perform(c);
  curl_slist_free_all(headers);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, nullptr);
  answer.cancelled = outcome == CURLE_ABORTED_BY_CALLBACK;
  if (outcome == CURLE_OK || answer.too_long) {
    curl_off_t length = -1;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(c, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    answer.length = length > 0 ? static_cast<std::uint64_t>(length) : 0;
  } else {
    answer.trouble = trouble[0] != 0 ? trouble : curl_easy_strerror(outcome);
  }
  return answer;
}

} // namespace troupe::storage
