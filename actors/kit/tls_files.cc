#include "actors/kit/tls_files.h"
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace troupe::kit {

namespace {

// The newest reason OpenSSL has, and an empty queue.
std::string reason() {
  const auto* text = ERR_reason_error_string(ERR_peek_last_error());
  std::string result = text == nullptr ? "cannot be read" : text;
  ERR_clear_error();
  return result;
}

} // namespace

std::string tls_trouble(const config::tls_settings& tls) {
  if (!tls.enabled)
    return {};
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_method()), &SSL_CTX_free);
  if (!context)
    return "OpenSSL cannot be used: " + reason();
  auto* c = context.get();
  if (SSL_CTX_use_certificate_chain_file(c, tls.certificate.c_str()) != 1)
    return "no certificate in " + tls.certificate + ": " + reason();
  if (SSL_CTX_use_PrivateKey_file(c, tls.certificate.c_str(), SSL_FILETYPE_PEM) != 1)
    return "no private key of that certificate in " + tls.certificate + ": " + reason();
  if (SSL_CTX_check_private_key(c) != 1)
    return "certificate and key in " + tls.certificate + " do not belong together: " + reason();
  if (SSL_CTX_load_verify_locations(c, tls.authority.c_str(), nullptr) != 1)
    return "no certificate of an authority in " + tls.authority + ": " + reason();
  return {};
}

} // namespace troupe::kit
