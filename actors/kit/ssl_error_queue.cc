// OpenSSL keeps a queue of errors per thread, and SSL_get_error() reports a failure for whichever connection
// it is asked about as long as that queue holds anything. CAF's OpenSSL module empties the queue only inside
// a log statement that release builds leave out. So one failed handshake makes every healthy connection of
// the I/O thread look broken, and twenty plain-text requests are enough to cut a node off.
//
// The function is therefore replaced by one of the same name in the program itself, which the dynamic linker
// prefers: it asks the real one and then empties the queue. Nothing of ours reads the queue afterwards.
#include "actors/kit/ssl_error_queue.h"
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace troupe::kit {

void keep_ssl_error_queue_clean() {}

namespace {

using get_error = int (*)(const SSL*, int);

get_error real_get_error() {
  auto* symbol = dlsym(RTLD_NEXT, "SSL_get_error");
  if (symbol == nullptr) {
    std::fputs("invariant broken: libssl has no SSL_get_error\n", stderr);
    std::abort();
  }
  return reinterpret_cast<get_error>(symbol);
}

} // namespace

} // namespace troupe::kit

extern "C" int SSL_get_error(const SSL* ssl, int outcome) {
  static const auto real = troupe::kit::real_get_error();
  auto result = real(ssl, outcome);
  ERR_clear_error();
  return result;
}
