// The thinking behind a session: which request is sent to which router, when again, and what is said about it
// in the end. Pure: it takes requests, replies, news of links and the time, and leaves parcels and answers
// behind for the actor around it to carry away.
//
// The one thing it must never get wrong is to call an outcome by another name. Each attempt of a write is
// either answered with a refusal (then it had no effect), or answered with success (then all of it is done),
// or it is in doubt: not answered yet, answered with UNKNOWN_OUTCOME, or lost with its link. While an attempt
// is in doubt, a refusal of another one says nothing about it: the one in doubt may be executed later. Two
// answers settle a write all the same: a success, since all attempts have one request id and take effect
// once; and a failed condition of an attempt that was marked as repeated, since the replicas remember such a
// refusal, too (RequestId.repeated). Without either of them the write ends as UNKNOWN_OUTCOME. Reads have no
// effect, and no doubt.
//
// Times are microseconds on the caller's clock. One owner, one thread.
#pragma once
#include "actors/client/client.h"
#include "actors/kit/promise_table.h"
#include "actors/wire/mail.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::client {

// A request on its way in.
struct errand {
  msg::Parcel request; // its body only
  std::int64_t deadline_us = 0;
  std::function<void(msg::Parcel)> done; // is given a parcel with the reply's body, always exactly once
};

struct finished {
  errand what;
  msg::Parcel reply;
  std::int64_t started_us = 0;
};

struct calls_options {
  std::uint64_t client_id = 0; // in every request id
  std::uint64_t seed = 0;
  retry_policy retry;
  std::chrono::milliseconds reach{0};
  bool spread = false;
  std::size_t capacity = 0;
};

bool is_change(const msg::Parcel& request);
// Which of the operations it asks for, and their names, fit for metric labels.
std::size_t operation_of(const msg::Parcel& request);
inline constexpr std::array<std::string_view, 21> operation_names{
    "put_item",      "delete_item",     "get_item",     "query",          "create_table",
    "delete_table",  "describe_table",  "list_tables",  "cluster_status", "hand_over",
    "update_table",  "update_item",     "scan",         "scrub_now",      "create_backup",
    "delete_backup", "describe_backup", "list_backups", "restore_table",  "pause_healing",
    "none"};
const msg::Status& status_of(const msg::Parcel& reply);
// A reply of the kind that the request expects, made here instead of by a router.
msg::Parcel refuse(const msg::Parcel& request, msg::Code code, std::string why);

class calls {
public:
  explicit calls(calls_options options);

  // At most `capacity` at a time; more is a fault of the caller and aborts.
  void start(errand what, std::int64_t now_us);
  void found(const std::string& router, std::int64_t now_us);
  void lost(const std::string& router, std::int64_t now_us);
  void reply(msg::Parcel& reply, std::int64_t now_us);
  void tick(std::int64_t now_us);
  void close();

  // What to carry away. The owner empties both after each event.
  wire::outbox parcels;
  std::vector<finished> answers;

  std::size_t size() const { return pending_.size(); }
  std::size_t routers() const { return up_.size(); }
  std::uint64_t attempts() const { return attempts_; }
  std::uint64_t late_replies() const { return late_replies_; }

private:
  struct attempt {
    int number = 0;
    std::string router;
    bool repeated = false; // another one was in doubt when it was sent
  };
  using id = std::uint64_t;
  struct pending {
    errand what;
    calls::id id = 0;
    std::int64_t started_us = 0;
    int attempts = 0;                // sent so far; the newest one's number
    std::string first_router;        // whom the first one went to
    std::string router;              // and the newest one
    std::vector<attempt> open;       // not answered yet
    bool in_doubt = false;           // an attempt of a change was lost, or its outcome is not known
    std::optional<msg::Parcel> last; // the newest refusal
    bool settled = false;            // `last` is final: no more attempts
    std::int64_t timer_us = 0;       // next thing to do; 0: nothing but the deadline
    bool waiting = false;            // for a router
  };

  void send(pending& p, std::int64_t now_us);
  void wait_for_router(pending& p, std::int64_t now_us);
  void refused(pending& p, msg::Parcel& reply, std::int64_t now_us);
  void go_on(pending& p, std::int64_t now_us);
  void try_later(pending& p, std::int64_t now_us);
  void set_timer(pending& p, std::int64_t at_us);
  void finish(pending& p, msg::Parcel reply);
  void retire(pending p, msg::Parcel reply);
  msg::Parcel verdict(pending& p, const std::string& why) const;
  const std::string* choose_router(const pending& p);
  std::int64_t backoff_us(int attempts);
  std::int64_t patience_us(int attempts) const;

  calls_options options_;
  std::mt19937_64 random_;
  kit::promise_table<pending> pending_;
  std::set<std::pair<std::int64_t, id>> timers_;
  std::set<id> waiting_;
  std::vector<std::string> up_;
  std::string favourite_;
  std::size_t turn_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t attempts_ = 0;
  std::uint64_t late_replies_ = 0;
};

} // namespace troupe::client
