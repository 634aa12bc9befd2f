// The router's memory and the names of what it does. router_actor.cc is its door, map_cache.cc keeps the
// partition map, items.cc turns item requests into replica requests and replies back, attempts.cc sends,
// repeats and gives up.
#pragma once
#include "actors/core/expression/condition.h"
#include "actors/core/item/key.h"
#include "actors/core/routing/leader_hints.h"
#include "actors/core/routing/partition_map.h"
#include "actors/kit/alarm.h"
#include "actors/kit/promise_table.h"
#include "actors/router/indexes.h"
#include "actors/router/meter.h"
#include "actors/router/router_actor.h"
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace troupe::router {

// A parcel's id at replicas is the flight's and the number of the attempt; at the admin, for the map, the
// question's and this mark.
inline constexpr int attempt_bits = 16;
inline constexpr std::uint64_t attempt_mask = (1u << attempt_bits) - 1;
inline constexpr std::uint64_t map_mark = attempt_mask;

enum class kind { put, remove, update, get, query, admin };

// A client's request on its way.
struct flight {
  std::uint64_t id = 0;
  kind what = kind::get;
  std::string client; // node name of whoever asked
  msg::Parcel head;   // the reply without its body
  std::int64_t started_us = 0;
  std::int64_t deadline_us = 0;
  msg::ItemRequest request;
  msg::AdminRequest admin;
  std::string table_label; // for metrics

  // What is sent to replicas.
  msg::ReplicaRequest to_replica;
  std::string key;         // encoded; of a query, the edge from which it goes on
  item::key_range range;   // query: what is left of it
  item::key_range asked;   // query: of the partition that was asked last
  msg::KeySchema keys;     // query: to build last_key
  msg::ItemReply gathered; // query: pages so far
  struct {
    bool backward = false;
    bool eventual = false;
    std::uint32_t limit = 0; // 0: none
    bool tell_bytes = false;
    std::optional<expression::condition> filter;
  } paging; // of a query or scan
  std::size_t gathered_bytes = 0;
  index_page index;      // of a query or scan
  index_telling telling; // of a write

  std::uint64_t group = 0;    // whom the open attempt is for
  std::string node;           // and where the newest one went
  bool open = false;          // the newest attempt has no answer yet
  int attempts = 0;           // of this page, when it is a query's
  std::uint64_t sent = 0;     // attempts of all pages: what tells an answer from those to earlier ones
  bool in_doubt = false;      // an attempt of a write was lost, or its outcome is not known
  bool prepared = false;      // key and to_replica are made; the request has given up its parts for them
  std::uint64_t table_id = 0; // prepared: for this table, whatever else comes to bear its name
  bool fresh_map_asked = false;
  std::int64_t map_wanted_us = 0;
  msg::Status by_old_map;    // a refusal that the newest map may not bear out
  std::int64_t timer_us = 0; // when to look again: an attempt's patience, or the next try
};

inline bool is_write(const flight& f) {
  return f.what == kind::put || f.what == kind::remove || f.what == kind::update;
}

struct router_state {
  static inline const char* name = "router";

  router_actor::stateful_pointer<router_state> self = nullptr;
  router_options options;
  std::unique_ptr<meters> meter;
  std::mt19937_64 random;

  std::shared_ptr<const routing::partition_map> map = std::make_shared<const routing::partition_map>();
  routing::leader_hints hints;
  std::string metadata_leader; // last known; may be wrong
  std::size_t metadata_turn = 0;
  std::uint64_t map_question = 0; // id of the open one; 0: none
  bool map_question_strong = false;
  std::int64_t map_asked_us = 0;
  std::int64_t map_checked_us = 0;   // when the map was last known to be the newest
  std::set<std::uint64_t> wants_map; // flights that wait for a newer map

  kit::promise_table<flight> flights{0};
  std::set<std::pair<std::int64_t, std::uint64_t>> timers;
  kit::alarm next_tick{10'000};
  wire::outbox outbox;
  std::uint64_t next_question = 0;

  std::int64_t now() const { return options.clock->now_us(); }

  // --- door
  void receive(wire::inbox& mail);
  void lost(const std::string& node);
  void tick();
  void stop();
  void sleep();
  void send_out();

  // --- map_cache.cc
  void ask_for_map(bool strong);
  std::int64_t map_due_us() const;
  void on_map(const wire::peer_ptr& from, msg::Parcel& reply);
  std::string metadata_node();
  void metadata_moved(const msg::Moved& moved);

  // --- items.cc
  void accept(wire::delivery& from);
  void resolve(flight& f);
  void describe(flight& f);
  void take_back(flight& f);
  bool prepare(flight& f, const msg::TableRecord& table, msg::Status& why);
  bool prepare_update(flight& f, const msg::TableRecord& table, msg::Status& why);
  bool prepare_query(flight& f, const msg::TableRecord& table, msg::Status& why);
  bool prepare_scan(flight& f, const msg::TableRecord& table, msg::Status& why);
  bool prepare_page(flight& f, const msg::TableRecord& table, const msg::IndexRead& read,
                    const msg::ConditionExpression* filter, msg::Status& why);
  void prepare_telling(flight& f, const msg::TableRecord& table);
  bool gather(flight& f, std::string item);
  void on_page(flight& f, msg::ReplicaReply& reply);
  void finish_query(flight& f, bool more);
  void wait_for_map(flight& f);

  // --- attempts.cc
  void dispatch(flight& f);
  void send(flight& f, const std::string& node, std::uint64_t group);
  void on_reply(const wire::delivery& from, msg::Parcel& reply);
  void on_replica_reply(flight& f, const std::string& node, msg::ReplicaReply& reply, bool newest);
  void on_admin_reply(flight& f, const std::string& node, msg::AdminReply& reply);
  void try_later(flight& f, std::int64_t delay_us);
  void set_timer(flight& f, std::int64_t at_us);
  void on_timer(flight& f);
  void finish(flight& f, msg::Status status);
  void finish(flight& f, msg::ItemReply reply);
  void finish(flight& f, msg::AdminReply reply);
  void give_up(flight& f, const std::string& why);
  std::string next_member(const flight& f) const;
  std::int64_t pause(const flight& f);
  std::int64_t jitter(std::int64_t base_us);
};

} // namespace troupe::router
