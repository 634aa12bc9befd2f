// Who may use the DynamoDB API: access keys with their secrets, from a file of the form that AWS' own tools
// use, so that a person can take the file from there, or point the tools at ours:
//
//   [alice]
//   aws_access_key_id = AKIAIOSFODNN7EXAMPLE
//   aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
//
// A section is a name for people; nothing depends on it. Other settings that such files may have are passed
// over.
//
// Thread: values.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::auth {

struct credential {
  std::string name; // of the section
  std::string secret;
};

class credentials {
public:
  // False when the access key is there already.
  bool add(const std::string& access_key, credential what);
  const credential* find(std::string_view access_key) const;
  std::size_t size() const { return by_key_.size(); }

private:
  std::map<std::string, credential, std::less<>> by_key_;
};

struct loaded_credentials {
  auth::credentials credentials;
  std::string trouble; // "FILE:LINE: what"; then there are no credentials
};

loaded_credentials read_credentials(std::string_view text, const std::string& file);
// Refuses a file that others on the machine may read, and one without any key.
loaded_credentials load_credentials(const std::string& file);

} // namespace troupe::auth
