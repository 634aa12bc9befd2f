#include "tests/unit/client/pki.h"
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace troupe::client {

namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using certificate_ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using file_ptr = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

void must(bool worked, const char* what) {
  if (worked)
    return;
  std::fprintf(stderr, "test_pki: %s failed\n", what);
  std::abort();
}

key_ptr make_key() {
  key_ptr key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  must(key != nullptr, "making a key");
  return key;
}

certificate_ptr certify(const char* name, EVP_PKEY* subject, X509* issuer, EVP_PKEY* issuer_key) {
  certificate_ptr made(X509_new(), &X509_free);
  auto* x = made.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 3'600);
  auto* title = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(title, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1,
                             0);
  X509_set_issuer_name(x, issuer == nullptr ? title : X509_get_subject_name(issuer));
  X509_set_pubkey(x, subject);
  if (issuer == nullptr) {
    auto* may_sign = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    must(may_sign != nullptr && X509_add_ext(x, may_sign, -1) == 1, "making an authority");
    X509_EXTENSION_free(may_sign);
  }
  must(X509_sign(x, issuer_key, EVP_sha256()) > 0, "signing");
  return made;
}

void write(const std::string& path, X509* certificate, EVP_PKEY* key) {
  file_ptr file(std::fopen(path.c_str(), "wb"), &std::fclose);
  must(file != nullptr && PEM_write_X509(file.get(), certificate) == 1, "writing a certificate");
  if (key != nullptr)
    must(PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "writing a key");
}

} // namespace

test_pki::test_pki(std::string prefix) : prefix_(std::move(prefix)) {
  auto authority_key = make_key();
  auto authority = certify("authority", authority_key.get(), nullptr, authority_key.get());
  auto node_key = make_key();
  auto node = certify("node", node_key.get(), authority.get(), authority_key.get());
  write(prefix_ + "-ca.pem", authority.get(), nullptr);
  write(prefix_ + "-node.pem", node.get(), node_key.get());
}

test_pki::~test_pki() {
  std::remove((prefix_ + "-ca.pem").c_str());
  std::remove((prefix_ + "-node.pem").c_str());
}

} // namespace troupe::client
