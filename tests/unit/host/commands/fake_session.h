// A cluster of one map: answers at once, remembers what it was asked, and can be told what to say.
#pragma once
#include "actors/client/client.h"
#include "actors/core/item/condition.h"
#include "actors/core/item/key.h"
#include "actors/core/item/value.h"
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::commands {

struct fake_cluster {
  std::mutex lock;
  std::map<std::string, msg::TableRecord> tables;
  std::map<std::string, std::map<std::string, std::string>> items; // by table and encoded key
  std::vector<msg::ItemRequest> item_requests;
  std::vector<msg::AdminRequest> admin_requests;
  std::optional<msg::Status> say;             // instead of doing anything
  msg::AdminReply cluster;                    // the answer to cluster_status
  std::deque<msg::AdminReply> clusters_after; // and to the next ones
  std::size_t page_items = 2;                 // of a query
  std::vector<std::string> troubles;
  client::options opened_with; // by the last session
};

class fake_session final : public client::session {
public:
  explicit fake_session(fake_cluster& c) : c_(c) {}

  void submit(msg::ItemRequest request, std::chrono::milliseconds,
              std::function<void(msg::ItemReply)> done) override {
    msg::ItemReply reply;
    {
      std::lock_guard guard(c_.lock);
      c_.item_requests.push_back(request);
      reply = serve(request);
    }
    done(std::move(reply));
  }

  void submit(msg::AdminRequest request, std::chrono::milliseconds,
              std::function<void(msg::AdminReply)> done) override {
    msg::AdminReply reply;
    {
      std::lock_guard guard(c_.lock);
      c_.admin_requests.push_back(request);
      reply = administer(request);
    }
    done(std::move(reply));
  }

  client::counts counts() const override { return {}; }
  std::vector<std::string> troubles() const override { return c_.troubles; }
  void close() override {}

private:
  msg::ItemReply serve(const msg::ItemRequest& request);
  template <class Asked>
  msg::ItemReply page(const std::string& table, const msg::KeySchema& keys, const item::key_range& range,
                      const Asked& asked);
  msg::AdminReply administer(const msg::AdminRequest& request);

  fake_cluster& c_;
};

} // namespace troupe::commands
