// How much waits in the mailboxes of a role: observed by its actors when they take up work.
//
// Mailboxes have no bound of their own; what may wait in them is bounded by whoever asks (windows, promise
// tables, credit). A depth that grows says that a bound is missing, or that the actor is not keeping up.
#pragma once
#include "actors/kit/metrics.h"

namespace troupe::kit {

prometheus::Histogram& mailbox_depth(metrics& m, const char* role);

// From inside the actor. What it is busy with is not counted.
template <class Self>
void observe_mailbox(prometheus::Histogram& depth, Self* self) {
  depth.Observe(static_cast<double>(self->mailbox().size()));
}

} // namespace troupe::kit
