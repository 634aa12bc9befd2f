// Is this request from whom it says? AWS Signature Version 4, in the Authorization header, as the SDKs send
// it.
//
// The checks go in DynamoDB's order, and each refusal has its type and its text. Any region is accepted: a
// cluster of one's own is in none.
//
// Thread: any; a verifier is shared by all threads of a server. Time is passed in.
#pragma once
#include "actors/gateway/auth/canonical.h"
#include "actors/gateway/auth/credentials.h"
#include "actors/gateway/auth/digest.h"
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace troupe::auth {

struct verdict {
  std::string type;    // of DynamoDB's error, such as "InvalidSignatureException"; empty: all is well
  std::string message; // for that error
  std::string who;     // when all is well: the name of the credentials

  bool ok() const { return type.empty(); }
};

// The region that a request says it is signed for, in its Authorization header; empty when that cannot be
// read. Whether it is so, only a verifier says.
std::string_view region_of(std::string_view authorization);

class verifier {
public:
  explicit verifier(credentials known, std::string service = "dynamodb");

  verdict verify(const signed_request& request, std::int64_t now_seconds) const;

private:
  struct scope;
  digest signing_key(const scope& in, const credential& of) const;
  void remember(const scope& in, const digest& key) const;

  const credentials known_;
  const std::string service_;
  mutable std::mutex lock_;
  mutable std::map<std::string, digest, std::less<>> keys_; // by access key, date and region; lock_
};

} // namespace troupe::auth
