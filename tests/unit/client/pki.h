// An authority and one certificate of it, made for a test and gone after it.
#pragma once
#include "config/settings.h"
#include <string>

namespace troupe::client {

class test_pki {
public:
  // Writes PREFIX-ca.pem and PREFIX-node.pem (certificate and key).
  explicit test_pki(std::string prefix);
  ~test_pki();
  config::tls_settings settings() const { return {true, prefix_ + "-node.pem", prefix_ + "-ca.pem"}; }

private:
  std::string prefix_;
};

} // namespace troupe::client
