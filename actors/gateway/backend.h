// What the gateway asks of the cluster, so that it can be asked of somebody else in tests.
//
// Thread: any.
#pragma once
#include "messages/item.pb.h"
#include "messages/table.pb.h"
#include <functional>

namespace troupe::gateway {

class backend {
public:
  virtual ~backend() = default;

  // `done` runs exactly once, on any thread, perhaps before submit() returns. It must be quick. A reply
  // always has a status; the backend keeps to the request's deadline.
  virtual void submit(msg::ItemRequest request, std::function<void(msg::ItemReply)> done) = 0;
  virtual void submit(msg::AdminRequest request, std::function<void(msg::AdminReply)> done) = 0;

  // Whether requests can be expected to work, for whoever asks about the node's health.
  virtual bool ready() const = 0;
};

} // namespace troupe::gateway
