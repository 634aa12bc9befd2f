#include "actors/gateway/auth/digest.h"
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace troupe::auth {

namespace {

constexpr std::size_t block_bytes = 64; // of SHA-256

// Fetched once: looking an algorithm up costs more than hashing a small request.
const EVP_MD* algorithm() {
  static EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return md;
}

struct context_end {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};

digest hash_of(std::string_view first, std::string_view second) {
  thread_local const std::unique_ptr<EVP_MD_CTX, context_end> context(EVP_MD_CTX_new());
  digest out;
  unsigned int size = 0;
  const bool done = EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1;
  if (!done || size != out.size()) {
    std::fputs("invariant broken: OpenSSL cannot make a SHA-256\n", stderr);
    std::abort();
  }
  return out;
}

} // namespace

digest sha256(std::string_view bytes) {
  return hash_of(bytes, {});
}

// RFC 2104.
digest hmac_sha256(std::string_view key, std::string_view bytes) {
  std::array<char, block_bytes> inner;
  std::array<char, block_bytes> outer;
  digest short_key;
  if (key.size() > block_bytes) {
    short_key = sha256(key);
    key = bytes_of(short_key);
  }
  for (std::size_t i = 0; i < block_bytes; ++i) {
    const auto byte = i < key.size() ? key[i] : '\0';
    inner[i] = static_cast<char>(byte ^ 0x36);
    outer[i] = static_cast<char>(byte ^ 0x5c);
  }
  const auto first = hash_of({inner.data(), inner.size()}, bytes);
  return hash_of({outer.data(), outer.size()}, bytes_of(first));
}

std::string to_hex(const digest& value) {
  constexpr char letters[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * value.size());
  for (const auto byte : value) {
    out += letters[byte >> 4];
    out += letters[byte & 15];
  }
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace troupe::auth
