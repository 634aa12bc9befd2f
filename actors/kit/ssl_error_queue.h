// Works around a fault of CAF's OpenSSL module as Debian builds it (0.17.6); see ssl_error_queue.cc.
#pragma once

namespace troupe::kit {

// Calling this links the replacement into the program. It does nothing by itself.
void keep_ssl_error_queue_clean();

} // namespace troupe::kit
