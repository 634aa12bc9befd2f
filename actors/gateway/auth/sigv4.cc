#include "actors/gateway/auth/sigv4.h"
#include "actors/gateway/auth/timestamp.h"
#include <algorithm>
#include <array>
#include <optional>

namespace troupe::auth {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";
constexpr std::int64_t skew_seconds = 15 * 60;
constexpr std::size_t keys_max = 1'024;

constexpr const char* incomplete = "IncompleteSignatureException";
constexpr const char* invalid = "InvalidSignatureException";
constexpr const char* stranger = "UnrecognizedClientException";

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

const header* find(const signed_request& request, std::string_view name) {
  for (const auto& h : request.headers)
    if (h.name == name)
      return &h;
  return nullptr;
}

// The Authorization header in its pieces.
struct authorization_parts {
  std::string_view algorithm;
  std::string_view credential;
  std::string_view signature;
  std::string_view signed_headers;
};

verdict take_apart(std::string_view text, authorization_parts& out) {
  const auto blank = text.find_first_of(" \t");
  out.algorithm = text.substr(0, blank);
  if (blank == std::string_view::npos)
    return {};
  for (const auto piece : split(text.substr(blank), ',')) {
    const auto pair = trim(piece);
    if (pair.empty())
      continue;
    const auto equal = pair.find('=');
    if (equal == std::string_view::npos)
      return {incomplete,
              quoted(pair) + " not a valid key=value pair (missing equal-sign) in Authorization header: " +
                  quoted(text) + ".",
              {}};
    const auto name = pair.substr(0, equal);
    const auto value = pair.substr(equal + 1);
    if (name == "Credential")
      out.credential = value;
    else if (name == "Signature")
      out.signature = value;
    else if (name == "SignedHeaders")
      out.signed_headers = value;
  }
  return {};
}

// Of a credential, which is keyid/date/region/service/term; none when it has another form.
constexpr std::size_t credential_pieces = 5;
std::vector<std::string_view> pieces_of(std::string_view credential) {
  while (credential.ends_with('/'))
    credential.remove_suffix(1);
  auto pieces = split(credential, '/');
  return pieces.size() == credential_pieces ? pieces : std::vector<std::string_view>();
}

// What the signature says about when it was made.
struct moment {
  std::int64_t seconds = 0;
  std::string text; // in the basic format
};

std::optional<moment> moment_of(std::string_view text) {
  if (const auto basic = parse_basic_time(text))
    return moment{*basic, std::string(text)};
  if (const auto date = parse_http_date(text))
    return moment{*date, print_basic_time(*date)};
  return std::nullopt;
}

verdict check_time(const moment& signed_at, std::int64_t now) {
  const auto span = [&](std::int64_t edge, const char* sign) {
    return print_basic_time(edge) + " (" + print_basic_time(now) + " " + sign + " 15 min.)";
  };
  if (signed_at.seconds < now - skew_seconds)
    return {invalid,
            "Signature expired: " + signed_at.text + " is now earlier than " + span(now - skew_seconds, "-"),
            {}};
  if (signed_at.seconds > now + skew_seconds)
    return {invalid,
            "Signature not yet current: " + signed_at.text + " is still later than " +
                span(now + skew_seconds, "+"),
            {}};
  return {};
}

} // namespace

std::string_view region_of(std::string_view authorization) {
  authorization_parts parts;
  if (!take_apart(trim(authorization), parts).ok())
    return {};
  const auto pieces = pieces_of(parts.credential);
  return pieces.empty() ? std::string_view() : pieces[2];
}

struct verifier::scope {
  std::string_view access_key;
  std::string_view date;
  std::string_view region;
  std::string_view service;
  std::string_view term;
  std::string_view text; // all but the access key

  std::string cache_key() const {
    return std::string(access_key) + "/" + std::string(date) + "/" + std::string(region);
  }
};

verifier::verifier(credentials known, std::string service)
    : known_(std::move(known)), service_(std::move(service)) {}

verdict verifier::verify(const signed_request& request, std::int64_t now_seconds) const {
  const auto* given = find(request, "authorization");
  const bool in_query = request.target.find("X-Amz-Algorithm=") != std::string_view::npos;
  if (given && in_query)
    return {invalid,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
            {}};
  if (!given || !trim(given->value).starts_with("AWS4-"))
    return {"MissingAuthenticationTokenException", "Request is missing Authentication Token", {}};
  const auto text = trim(given->value);

  authorization_parts parts;
  if (auto bad = take_apart(text, parts); !bad.ok())
    return bad;
  const auto* date = find(request, "x-amz-date");
  if (!date)
    date = find(request, "date");
  std::string lacking;
  for (const auto& [name, value] :
       {std::pair{"Credential", parts.credential}, std::pair{"Signature", parts.signature},
        std::pair{"SignedHeaders", parts.signed_headers}})
    if (value.empty())
      lacking += std::string("Authorization header requires '") + name + "' parameter. ";
  if (!date)
    lacking += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (!lacking.empty())
    return {incomplete, lacking + "Authorization=" + std::string(text), {}};

  const auto signed_at = moment_of(trim(date->value));
  if (!signed_at)
    return {incomplete,
            "Date must be in ISO-8601 'basic format'. Got " + quoted(trim(date->value)) +
                ". See http://en.wikipedia.org/wiki/ISO_8601",
            {}};
  if (auto bad = check_time(*signed_at, now_seconds); !bad.ok())
    return bad;

  const auto names = split(parts.signed_headers, ';');
  if (std::find(names.begin(), names.end(), "host") == names.end())
    return {invalid, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", {}};
  if (parts.algorithm != algorithm)
    return {incomplete,
            "Unsupported AWS 'algorithm': " + quoted(parts.algorithm) + " (only AWS4-HMAC-SHA256 for now). ",
            {}};

  const auto pieces = pieces_of(parts.credential);
  if (pieces.empty())
    return {
        incomplete,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got " +
            quoted(parts.credential),
        {}};
  const scope in{
      pieces[0], pieces[1],
      pieces[2], pieces[3],
      pieces[4], std::string_view(pieces[1].data(), pieces[4].data() + pieces[4].size() - pieces[1].data())};
  std::string wrong;
  const auto add = [&](std::string what) { wrong += (wrong.empty() ? "" : " ") + std::move(what); };
  if (in.service != service_)
    add("Credential should be scoped to correct service: " + quoted(service_) + ".");
  if (in.term != terminator)
    add("Credential should be scoped with a valid terminator: 'aws4_request', not " + quoted(in.term) + ".");
  if (in.date != std::string_view(signed_at->text).substr(0, 8))
    add("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
        quoted(in.date) + " != " + quoted(std::string_view(signed_at->text).substr(0, 8)) + ", from " +
        quoted(signed_at->text) + ".");
  if (!wrong.empty())
    return {invalid, wrong, {}};

  const auto* who = known_.find(in.access_key);
  if (!who)
    return {stranger, "The security token included in the request is invalid.", {}};

  const auto canonical = canonical_request(request, parts.signed_headers);
  std::string to_sign(algorithm);
  for (const auto line : {std::string_view(signed_at->text), in.text})
    (to_sign += '\n') += line;
  (to_sign += '\n') += to_hex(sha256(canonical));
  const auto key = signing_key(in, *who);
  const auto expected = to_hex(hmac_sha256(bytes_of(key), to_sign));
  if (!equal_in_constant_time(expected, parts.signature))
    return {invalid,
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details.\n\nThe "
            "Canonical String for this request should have been\n" +
                quoted(canonical) + "\n\nThe String-to-Sign should have been\n" + quoted(to_sign) + "\n",
            {}};
  remember(in, key);
  // Ours are long-lived keys, to which no session token belongs.
  if (find(request, "x-amz-security-token"))
    return {stranger, "The security token included in the request is invalid", {}};
  return {{}, {}, who->name};
}

// Good for a day and a region; four hashes are saved by keeping it.
digest verifier::signing_key(const scope& in, const credential& of) const {
  {
    std::lock_guard guard(lock_);
    if (const auto it = keys_.find(in.cache_key()); it != keys_.end())
      return it->second;
  }
  auto key = hmac_sha256("AWS4" + of.secret, in.date);
  for (const auto piece : {in.region, in.service, in.term})
    key = hmac_sha256(bytes_of(key), piece);
  return key;
}

// Only what has proven itself is kept: anybody can make up regions.
void verifier::remember(const scope& in, const digest& key) const {
  std::lock_guard guard(lock_);
  if (keys_.size() >= keys_max)
    keys_.clear(); // yesterday's, mostly
  keys_.emplace(in.cache_key(), key);
}

} // namespace troupe::auth
