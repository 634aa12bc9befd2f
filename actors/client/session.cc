// The session that programs get: an actor system of its own with the client's end of the mail, one dialler
// per router, and the peers actor between them.
#include "actors/client/client_actor.h"
#include "actors/kit/dialer_actor.h"
#include "actors/kit/node_config.h"
#include "actors/kit/tls_files.h"
#include "config/limits.h"
#include <algorithm>
#include <caf/all.hpp>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace troupe::client {

namespace {

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

// Why each router cannot be reached, as its dialler last heard.
class dial_book {
public:
  explicit dial_book(std::vector<endpoint> routers) : routers_(std::move(routers)), why_(routers_.size()) {}

  void write(std::size_t router, std::string why) {
    std::lock_guard guard(lock_);
    why_[router] = std::move(why);
  }
  std::vector<std::string> troubles() const {
    std::lock_guard guard(lock_);
    std::vector<std::string> result;
    for (std::size_t i = 0; i < routers_.size(); ++i)
      if (!why_[i].empty())
        result.push_back(to_text(routers_[i]) + ": " + why_[i]);
    return result;
  }

private:
  mutable std::mutex lock_;
  const std::vector<endpoint> routers_;
  std::vector<std::string> why_; // as many; empty: nothing is wrong, or nothing is known yet
};

// CAF's logger stays with the last system that a thread had to do with, and a system ends only when no thread
// has its logger any more: one that another thread of the program holds would never be released.
struct leave_no_logger {
  ~leave_no_logger() { caf::logger::set_current_actor_system(nullptr); }
};

class live_session final : public session {
public:
  explicit live_session(options o)
      : options_(std::move(o)), id_(kit::random_id()), name_("client-" + hex(id_)),
        config_({.threads = std::max<std::size_t>(options_.threads, 1), .tls = options_.tls}),
        system_(config_), intake_(std::make_shared<intake>(options_.in_flight)),
        meter_(std::make_shared<meter>(options_.registry, name_)),
        book_(std::make_shared<dial_book>(options_.routers)) {
    leave_no_logger behind;
    kit::peers_options mine;
    mine.cluster = options_.cluster;
    mine.self = {.node = name_, .disk = id_, .run = kit::random_id(), .client = true};
    mine.seed = kit::random_id();
    peers_ = system_.spawn(kit::peers, mine, meter_->handles());
    client_ = system_.spawn(client_end, end_options());
    for (std::size_t i = 0; i < options_.routers.size(); ++i)
      dialers_.push_back(system_.spawn(kit::dialer, dial_options(i, mine), peers_));
  }

  ~live_session() override { close(); }

  void submit(msg::ItemRequest request, std::chrono::milliseconds timeout,
              std::function<void(msg::ItemReply)> done) override {
    errand what;
    *what.request.mutable_item_request() = std::move(request);
    what.done = [done = std::move(done)](msg::Parcel reply) { done(std::move(*reply.mutable_item_reply())); };
    admit(what, timeout);
  }

  void submit(msg::AdminRequest request, std::chrono::milliseconds timeout,
              std::function<void(msg::AdminReply)> done) override {
    errand what;
    *what.request.mutable_admin_request() = std::move(request);
    what.done = [done = std::move(done)](msg::Parcel reply) {
      done(std::move(*reply.mutable_admin_reply()));
    };
    admit(what, timeout);
  }

  client::counts counts() const override {
    return {meter_->answered(), meter_->attempts(), meter_->unknown(), intake_->held(), meter_->routers()};
  }

  std::vector<std::string> troubles() const override { return book_->troubles(); }

  // First the client's end, which answers everybody; then what it stood on.
  void close() override {
    std::lock_guard guard(closing_);
    if (closed_)
      return;
    closed_ = true;
    leave_no_logger behind;
    caf::scoped_actor self{system_};
    self->send(client_, wire::stop_atom::value);
    self->wait_for(client_);
    for (auto& dialer : dialers_) {
      self->send(dialer, wire::stop_atom::value);
      self->wait_for(dialer);
    }
    self->send(peers_, wire::stop_atom::value);
    self->wait_for(peers_);
  }

private:
  client_actor_options end_options() {
    client_actor_options end;
    end.calls = {.client_id = id_,
                 .seed = kit::random_id(),
                 .retry = options_.retry,
                 .reach = options_.reach,
                 .spread = options_.spread,
                 .capacity = options_.in_flight};
    end.intake = intake_;
    end.meter = meter_;
    end.peers = peers_;
    end.clock = &kit::system_clock();
    return end;
  }

  kit::dialer_options dial_options(std::size_t i, const kit::peers_options& mine) {
    kit::dialer_options dial;
    dial.host = options_.routers[i].host;
    dial.port = options_.routers[i].port;
    dial.hello = kit::hello_of(mine, "");
    dial.own_port = caf::actor_cast<caf::strong_actor_ptr>(peers_);
    dial.make_connector = [this] {
      return options_.tls.enabled ? kit::tls_connector(system_) : kit::plain_connector(system_);
    };
    dial.on_failure = [book = book_, i](const std::string& why) { book->write(i, why); };
    dial.on_link = [book = book_, i](const msg::Hello&) { book->write(i, {}); };
    return dial;
  }

  void admit(errand& what, std::chrono::milliseconds timeout) {
    constexpr auto longest = std::chrono::milliseconds(limits::request_deadline_max_ms);
    auto time =
        std::clamp(timeout.count() > 0 ? timeout : options_.timeout, std::chrono::milliseconds(1), longest);
    what.deadline_us = kit::system_clock().now_us() + std::chrono::microseconds(time).count();
    *what.request.mutable_to() = wire::address(msg::ROLE_ROUTER);
    *what.request.mutable_from() = wire::address(msg::ROLE_CLIENT);
    switch (intake_->push(what)) {
    case intake::answer::taken:
      return;
    case intake::answer::taken_wake:
      return caf::anon_send(client_, wire::flush_atom::value);
    case intake::answer::full:
      return turn_away(what, msg::OVERLOADED, "as many requests as the session holds are under way");
    case intake::answer::closed:
      return turn_away(what, msg::UNAVAILABLE, "the session was closed");
    }
  }

  void turn_away(errand& what, msg::Code code, const char* why) {
    meter_->refused_at_once(what.request, code);
    what.done(refuse(what.request, code, why));
  }

  const options options_;
  const std::uint64_t id_;
  const std::string name_;
  kit::node_config config_;
  caf::actor_system system_;
  std::shared_ptr<intake> intake_;
  std::shared_ptr<meter> meter_;
  std::shared_ptr<dial_book> book_;
  wire::peers_actor peers_;
  client_actor client_;
  std::vector<kit::dialer_actor> dialers_;
  std::mutex closing_;
  bool closed_ = false;
};

} // namespace

void session::must_not_be_in_callback() {
  if (!in_callback())
    return;
  std::fputs("invariant broken: a session's callback makes a blocking call, which would wait for itself\n",
             stderr);
  std::abort();
}

connection connect(options o) {
  if (o.routers.empty())
    return {nullptr, "no router is named: give at least one HOST:PORT"};
  if (o.in_flight == 0)
    return {nullptr, "in_flight is 0: no request could ever be made"};
  if (auto trouble = kit::tls_trouble(o.tls); !trouble.empty())
    return {nullptr, std::move(trouble)};
  try {
    return {std::make_unique<live_session>(std::move(o)), {}};
  } catch (const std::exception& why) { // CAF's modules throw when they cannot start
    return {nullptr, std::string("cannot start a session: ") + why.what()};
  }
}

} // namespace troupe::client
