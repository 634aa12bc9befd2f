#include "actors/kit/mailbox.h"

namespace troupe::kit {

prometheus::Histogram& mailbox_depth(metrics& m, const char* role) {
  return m.histogram("troupe_mailbox_messages",
                     "Messages that wait in an actor's mailbox when it takes one up.", size_buckets(),
                     {{"role", role}});
}

} // namespace troupe::kit
