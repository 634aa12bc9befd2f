// Item requests: what a client asks, in the words that replicas understand, and back.
#include "actors/core/expression/request.h"
#include "actors/core/item/condition.h"
#include "actors/core/item/prepare.h"
#include "actors/core/item/value.h"
#include "actors/router/router_state.h"
#include "config/limits.h"
#include "messages/status.h"
#include <algorithm>

namespace troupe::router {

namespace {

kind kind_of(const msg::ItemRequest& request) {
  switch (request.op_case()) {
  case msg::ItemRequest::kPut:
    return kind::put;
  case msg::ItemRequest::kDelete:
    return kind::remove;
  case msg::ItemRequest::kUpdate:
    return kind::update;
  case msg::ItemRequest::kQuery:
    return kind::query;
  default:
    return kind::get;
  }
}

} // namespace

void router_state::accept(wire::delivery& from) {
  flight f;
  f.client = from.from->node;
  f.head = wire::reply_to(from.parcel);
  f.started_us = now();
  auto ms = from.parcel.deadline_ms() == 0 ? options.deadline_ms : static_cast<std::int64_t>(from.parcel.deadline_ms());
  f.deadline_us = f.started_us + std::min(ms, limits::request_deadline_max_ms) * 1000;
  if (from.parcel.has_admin_request()) {
    f.what = kind::admin;
    f.admin = std::move(*from.parcel.mutable_admin_request());
  } else if (from.parcel.has_item_request()) {
    f.request = std::move(*from.parcel.mutable_item_request());
    f.what = kind_of(f.request);
  } else {
    return;
  }
  if (flights.full())
    return finish(f, make_status(msg::OVERLOADED, "this router has as many requests as it takes; try again later"));
  if (f.what != kind::admin && f.request.op_case() == msg::ItemRequest::OP_NOT_SET)
    return finish(f, make_status(msg::UNSUPPORTED, "this version knows no such request"));
  auto deadline = f.deadline_us;
  auto id = flights.add(std::move(f), deadline);
  auto& kept = *flights.find(id);
  kept.id = id;
  resolve(kept);
}

// Finds the table and with it the key; without the table, looks once at the newest map there is.
void router_state::resolve(flight& f) {
  if (f.what == kind::admin || f.prepared)
    return dispatch(f);
  auto table = map->find(f.request.table());
  if (!table || table->state() != msg::TABLE_ACTIVE) {
    if (!f.fresh_map_asked)
      return wait_for_map(f);
    return finish(f, make_status(msg::TABLE_NOT_FOUND, "Requested resource not found: Table: " + f.request.table()
                                                         + " not found"));
  }
  f.table_label = f.request.table();
  msg::Status why;
  if (!prepare(f, *table, why))
    return finish(f, std::move(why));
  f.prepared = true;
  dispatch(f);
}

bool router_state::prepare(flight& f, const msg::TableRecord& table, msg::Status& why) {
  if (f.what == kind::query)
    return prepare_query(f, table, why);
  auto& out = f.to_replica;
  *out.mutable_id() = f.request.id();
  if (f.what == kind::get) {
    auto key = item::prepare_key(table.keys(), f.request.get().key());
    if (!key) {
      why = key.why().status();
      return false;
    }
    f.key = std::move(*key);
    out.mutable_read()->set_key(f.key);
    out.mutable_read()->set_eventual(f.request.get().eventual());
    return true;
  }
  if (f.what == kind::update)
    return prepare_update(f, table, why);
  auto& mutation = *out.mutable_write()->add_mutations();
  auto& condition = f.what == kind::put ? *f.request.mutable_put()->mutable_condition()
                                        : *f.request.mutable_delete_()->mutable_condition();
  if (auto bad = item::canonicalise(condition)) {
    why = bad->status();
    return false;
  }
  if (f.what == kind::put) {
    auto put = item::prepare_put(table.keys(), std::move(*f.request.mutable_put()->mutable_item()));
    if (!put) {
      why = put.why().status();
      return false;
    }
    f.key = put->key;
    mutation.set_item(std::move(put->item));
    mutation.set_return_old(f.request.put().return_old());
    if (f.request.put().has_expression())
      mutation.mutable_expression()->Swap(f.request.mutable_put()->mutable_expression());
  } else {
    auto key = item::prepare_key(table.keys(), f.request.delete_().key());
    if (!key) {
      why = key.why().status();
      return false;
    }
    f.key = std::move(*key);
    mutation.set_remove(true);
    mutation.set_return_old(f.request.delete_().return_old());
    if (f.request.delete_().has_expression())
      mutation.mutable_expression()->Swap(f.request.mutable_delete_()->mutable_expression());
  }
  mutation.set_key(f.key);
  if (condition.clauses_size() > 0)
    mutation.mutable_condition()->Swap(&condition);
  return true;
}

bool router_state::prepare_update(flight& f, const msg::TableRecord& table, msg::Status& why) {
  auto& asked = *f.request.mutable_update();
  auto key = item::prepare_key(table.keys(), asked.key());
  if (!key) {
    why = key.why().status();
    return false;
  }
  if (auto bad = expression::check_update(asked.update(), table.keys())) {
    why = bad->status();
    return false;
  }
  msg::AttributeMap attributes; // what an item that is not there yet begins with, so in canonical form
  if (!item::parse_item_into(attributes, asked.key()) || item::canonicalise(attributes)) {
    why = make_status(msg::VALIDATION, "the key cannot be read");
    return false;
  }
  f.key = std::move(*key);
  auto& mutation = *f.to_replica.mutable_write()->add_mutations();
  mutation.set_key(f.key);
  mutation.set_key_attributes(item::serialize(attributes));
  mutation.mutable_update()->Swap(asked.mutable_update());
  if (asked.has_expression())
    mutation.mutable_expression()->Swap(asked.mutable_expression());
  mutation.set_returning(asked.returning());
  mutation.set_return_old_on_refusal(asked.return_old_on_refusal());
  return true;
}

bool router_state::prepare_query(flight& f, const msg::TableRecord& table, msg::Status& why) {
  auto range = item::query_range(table.keys(), f.request.query());
  if (!range) {
    why = range.why().status();
    return false;
  }
  f.range = std::move(*range);
  f.keys = table.keys();
  return true;
}

// One page of one partition. The query goes on in the next partition, or the next page, until it is full.
void router_state::on_page(flight& f, msg::ReplicaReply& reply) {
  auto& query = f.request.query();
  for (auto& record : *reply.mutable_records()) {
    f.gathered_bytes += record.item().size();
    f.key = std::move(*record.mutable_key()); // the last one seen
    *f.gathered.add_items() = std::move(*record.mutable_item());
  }
  auto partition = map->group(f.group);
  if (reply.more()) {
    (query.backward() ? f.range.to : f.range.from) = reply.resume();
  } else {
    // This partition has no more: go on behind it.
    auto& edge = query.backward() ? partition->from() : partition->to();
    auto ends = query.backward() ? edge.empty() || edge <= f.range.from
                                 : edge.empty() || (!f.range.to.empty() && edge >= f.range.to);
    if (ends)
      return finish_query(f, false);
    (query.backward() ? f.range.to : f.range.from) = edge;
  }
  auto limit = static_cast<int>(query.limit());
  if ((limit > 0 && f.gathered.items_size() >= limit) || f.gathered_bytes >= limits::page_bytes)
    return finish_query(f, true);
  f.attempts = 0;
  dispatch(f);
}

void router_state::finish_query(flight& f, bool more) {
  if (more) {
    auto last = item::decode_key(f.keys, f.key);
    if (!last)
      return finish(f, make_status(msg::INTERNAL, "a stored key cannot be read"));
    f.gathered.set_last_key(last->SerializeAsString());
  }
  finish(f, std::move(f.gathered));
}

} // namespace troupe::router
