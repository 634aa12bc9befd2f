#include "storage/archive/s3_store.h"
#include "storage/archive/s3_http.h"
#include <algorithm>
#include <chrono>
#include <pugixml.hpp>
#include <random>
#include <thread>

namespace troupe::storage {

namespace {

constexpr std::uint64_t listing_bytes = 4u << 20; // of one page: a thousand names and what stands around them
constexpr std::int64_t pause_max_ms = 5'000;
constexpr int pause_slice_ms = 20; // how soon a pause notices that it should end

// For a query: everything but what RFC 3986 calls unreserved.
std::string encoded(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
        c == '.' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

bool may_pass(const s3_answer& answer) {
  return answer.status == 0 || answer.status == 408 || answer.status == 409 || answer.status == 429 ||
         (answer.status >= 500 && answer.status != 501 && answer.status != 507);
}

// What the service says in the body of an error: "NoSuchBucket: The specified bucket does not exist".
std::pair<std::string, std::string> said(const std::string& body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size(), pugi::parse_minimal | pugi::parse_escapes))
    return {};
  auto error = document.child("Error");
  return {error.child_value("Code"), error.child_value("Message")};
}

} // namespace

struct s3_store::state {
  explicit state(s3_options o) : options(std::move(o)), http(options), dice(options.seed) {}

  s3_options options;
  s3_http http;
  std::minstd_rand dice;
  bool conditional = true; // the service knows If-None-Match on PUT, as far as is known

  s3_answer ask(const s3_request& request);
  bool cancelled() const { return options.cancelled && options.cancelled->load(); }
  void pause(int attempt);
  std::string where(const std::string& name) const {
    return options.endpoint + "/" + options.bucket + (name.empty() ? "" : "/" + name);
  }
  result<s3_request> about(const char* method, const std::string& name) const;
  struct error failed(const s3_answer& answer, const std::string& name, const char* what) const;
};

void s3_store::state::pause(int attempt) {
  auto longest = std::min(options.pause_ms << std::min(attempt, 16), pause_max_ms);
  auto left = longest / 2 + static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(longest + 1));
  for (; left > 0 && !cancelled(); left -= pause_slice_ms)
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min<std::int64_t>(left, pause_slice_ms)));
}

s3_answer s3_store::state::ask(const s3_request& request) {
  for (int attempt = 0;; ++attempt) {
    auto answer = http.ask(request);
    if (!may_pass(answer) || answer.cancelled || cancelled() || attempt + 1 >= options.attempts)
      return answer;
    pause(attempt);
  }
}

// A request about one object.
result<s3_request> s3_store::state::about(const char* method, const std::string& name) const {
  if (!is_object_name(name))
    return error{code::refused, where("") + ": '" + name + "' cannot be the name of an object"};
  s3_request request;
  request.method = method;
  request.path = "/" + options.bucket + "/" + name;
  return request;
}

struct error s3_store::state::failed(const s3_answer& answer, const std::string& name,
                                     const char* what) const {
  auto text = where(name) + ": " + what + ": ";
  if (answer.status == 0)
    return {code::io, text + (answer.cancelled ? "given up, as the node stops" : answer.trouble)};
  if (answer.too_long)
    return {code::corrupt, text + "the answer is longer than makes sense"};
  auto [code_text, message] = said(answer.body);
  text +=
      "HTTP " + std::to_string(answer.status) + (code_text.empty() ? "" : ", " + code_text + ": " + message);
  if (answer.status == 404 && code_text != "NoSuchBucket")
    return {code::missing, text};
  if (answer.status == 507 || code_text == "XMinioStorageFull" || code_text == "QuotaExceeded")
    return {code::full, text};
  if (may_pass(answer))
    return {code::io, text};
  return {code::refused, text};
}

s3_store::s3_store(s3_options options) : state_(new state(std::move(options))) {}
s3_store::~s3_store() = default;

result<put_outcome> s3_store::put(const std::string& name, std::string_view bytes) {
  auto& s = *state_;
  auto request = s.about("PUT", name);
  if (!request)
    return request.error();
  request->body = bytes;
  request->headers.push_back("Content-Type: application/octet-stream");
  if (s.conditional) {
    request->headers.push_back("If-None-Match: *");
    auto answer = s.ask(*request);
    if (answer.status == 200 || answer.status == 201)
      return put_outcome::stored;
    if (answer.status == 412)
      return put_outcome::exists; // maybe by an attempt of ours whose answer was lost
    if (answer.status != 501)
      return s.failed(answer, name, "put");
    s.conditional = false;
    request->headers.pop_back();
  }
  auto taken = head(name);
  if (taken)
    return put_outcome::exists;
  if (taken.error().code != code::missing)
    return taken.error();
  auto answer = s.ask(*request);
  if (answer.status == 200 || answer.status == 201)
    return put_outcome::stored;
  return s.failed(answer, name, "put");
}

result<std::string> s3_store::get(const std::string& name, std::uint64_t max_bytes) {
  auto& s = *state_;
  auto request = s.about("GET", name);
  if (!request)
    return request.error();
  request->answer_max = max_bytes;
  auto answer = s.ask(*request);
  if (answer.status != 200 || answer.too_long || answer.body.size() > max_bytes) {
    answer.too_long |= answer.status == 200;
    return s.failed(answer, name, "get");
  }
  return std::move(answer.body);
}

result<std::string> s3_store::get_range(const std::string& name, std::uint64_t offset, std::size_t count) {
  auto& s = *state_;
  require(count > 0, "object store: a range has bytes");
  auto request = s.about("GET", name);
  if (!request)
    return request.error();
  request->headers.push_back("Range: bytes=" + std::to_string(offset) + "-" +
                             std::to_string(offset + count - 1));
  request->answer_max = count;
  auto answer = s.ask(*request);
  if (answer.status == 416) // behind the end
    return std::string{};
  if (answer.status != 206 || answer.body.size() > count) {
    // 200: a service that knows no ranges, and sends all of it.
    answer.too_long |= answer.status == 200 || answer.status == 206;
    return s.failed(answer, name, "get a range");
  }
  return std::move(answer.body);
}

result<object_page> s3_store::list(const std::string& prefix, const std::string& after, std::size_t max) {
  auto& s = *state_;
  require(max > 0 && max <= object_page_max, "object store: a page has a bound");
  s3_request request;
  request.method = "GET";
  request.path = "/" + s.options.bucket;
  request.query = "list-type=2&max-keys=" + std::to_string(max) + "&prefix=" + encoded(prefix);
  if (!after.empty())
    request.query += "&start-after=" + encoded(after);
  request.answer_max = listing_bytes;
  auto answer = s.ask(request);
  if (answer.status != 200 || answer.too_long) {
    auto why = s.failed(answer, "", "list");
    if (why.code == code::missing)
      why.code = code::refused; // there is no such bucket, in other words
    return why;
  }
  pugi::xml_document document;
  auto parsed =
      document.load_buffer(answer.body.data(), answer.body.size(), pugi::parse_minimal | pugi::parse_escapes);
  auto found = document.child("ListBucketResult");
  if (!parsed || !found)
    return error{code::corrupt, s.where("") + ": list: the answer is no listing"};
  object_page page;
  page.more = std::string_view(found.child_value("IsTruncated")) == "true";
  std::string last = after;
  for (auto one : found.children("Contents")) {
    std::string name = one.child_value("Key");
    if (!name.starts_with(prefix) || name <= last)
      return error{code::corrupt, s.where("") + ": list: '" + name + "' is out of place"};
    last = name;
    if (is_object_name(name))
      page.objects.push_back({name, one.child("Size").text().as_ullong()});
  }
  if (page.more && page.objects.empty())
    return error{code::corrupt, s.where("") + ": list: there is more, and nothing came"};
  return page;
}

result<std::uint64_t> s3_store::head(const std::string& name) {
  auto& s = *state_;
  auto request = s.about("HEAD", name);
  if (!request)
    return request.error();
  auto answer = s.ask(*request);
  if (answer.status != 200)
    return s.failed(answer, name, "head");
  return answer.length;
}

result<void> s3_store::remove(const std::string& name) {
  auto& s = *state_;
  auto request = s.about("DELETE", name);
  if (!request)
    return request.error();
  auto answer = s.ask(*request);
  if (answer.status == 200 || answer.status == 204)
    return {};
  auto why = s.failed(answer, name, "remove");
  if (why.code == code::missing)
    return {};
  return why;
}

std::string s3_store::where(const std::string& name) const {
  return state_->where(name);
}

} // namespace troupe::storage
