// Item requests: what a client asks, in the words that replicas understand, and back.
#include "actors/core/expression/index_update.h"
#include "actors/core/expression/key_condition.h"
#include "actors/core/expression/request.h"
#include "actors/core/item/condition.h"
#include "actors/core/item/index_key.h"
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
  case msg::ItemRequest::kScan:
    return kind::query;
  default:
    return kind::get;
  }
}

template <class Asked>
void ask_for_old(msg::ReplicaRequest::Mutation& mutation, const Asked& asked) {
  mutation.set_return_old(asked.return_old());
  mutation.set_return_old_on_refusal(asked.return_old_on_refusal());
  mutation.set_tell_bytes(asked.tell_bytes());
}

} // namespace

void router_state::accept(wire::delivery& from) {
  flight f;
  f.client = from.from->node;
  f.head = wire::reply_to(from.parcel);
  f.started_us = now();
  auto ms = from.parcel.deadline_ms() == 0 ? options.deadline_ms
                                           : static_cast<std::int64_t>(from.parcel.deadline_ms());
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
    return finish(
        f, make_status(msg::OVERLOADED, "this router has as many requests as it takes; try again later"));
  if (f.what != kind::admin && f.request.op_case() == msg::ItemRequest::OP_NOT_SET)
    return finish(f, make_status(msg::UNSUPPORTED, "this version knows no such request"));
  auto deadline = f.deadline_us;
  auto id = flights.add(std::move(f), deadline);
  auto& kept = *flights.find(id);
  kept.id = id;
  resolve(kept);
}

// Finds the table and with it the key. What the map does not bear out is settled by the newest map there is,
// at which a request looks once: a table that is not there, and a refusal that may be by the keys of a table
// that has been deleted and made anew.
void router_state::resolve(flight& f) {
  if (f.what == kind::admin) {
    bool ours =
        f.admin.has_describe_table() && f.admin.describe_table().source() != msg::DescribeTable::NEWEST;
    return ours ? describe(f) : dispatch(f);
  }
  auto table = map->find(f.request.table());
  auto wanted = f.request.table_id();
  if (!table || table->state() != msg::TABLE_ACTIVE || (wanted != 0 && table->id() != wanted)) {
    if (!f.fresh_map_asked)
      return wait_for_map(f);
    return finish(f, make_status(msg::TABLE_NOT_FOUND,
                                 "Requested resource not found: Table: " + f.request.table() + " not found"));
  }
  f.table_label = f.request.table();
  if (f.prepared && f.table_id != table->id()) {
    if (f.gathered.scanned() > 0)
      return finish(f, make_status(msg::TABLE_NOT_FOUND,
                                   "table " + f.request.table() + " was deleted while it was read"));
    if (is_write(f) && f.in_doubt) // in the new table nobody remembers what the old one did
      return finish(f, make_status(msg::TABLE_NOT_FOUND,
                                   "table " + f.request.table() + " was deleted while it was written to"));
    take_back(f);
  }
  if (!f.prepared) {
    msg::Status why;
    if (!prepare(f, *table, why)) {
      if (f.fresh_map_asked)
        return finish(f, std::move(why));
      f.by_old_map = std::move(why);
      take_back(f);
      return wait_for_map(f);
    }
    f.prepared = true;
    f.table_id = table->id();
  }
  dispatch(f);
}

// A table's keys and options, from the map.
void router_state::describe(flight& f) {
  auto& asked = f.admin.describe_table();
  auto table = map->find(asked.name());
  bool there = table && table->state() == msg::TABLE_ACTIVE;
  if ((!there || asked.source() == msg::DescribeTable::CHECKED) && !f.fresh_map_asked)
    return wait_for_map(f);
  if (!there)
    return finish(f, make_status(msg::TABLE_NOT_FOUND,
                                 "Requested resource not found: Table: " + asked.name() + " not found"));
  msg::AdminReply reply;
  *reply.add_tables() = *table;
  finish(f, std::move(reply));
}

// The request as it came, or with its parts in canonical form: what it was prepared for is no more.
void router_state::take_back(flight& f) {
  if (f.to_replica.write().mutations_size() > 0) {
    auto& from = *f.to_replica.mutable_write()->mutable_mutations(0);
    auto give = [&](auto& to) {
      if (from.has_expression())
        to.mutable_expression()->Swap(from.mutable_expression());
    };
    if (f.what == kind::update) {
      auto& update = *f.request.mutable_update();
      if (from.has_update())
        update.mutable_update()->Swap(from.mutable_update());
      give(update);
    } else if (f.what == kind::put) {
      auto& put = *f.request.mutable_put();
      if (!from.item().empty())
        put.mutable_item()->swap(*from.mutable_item());
      if (from.has_condition())
        put.mutable_condition()->Swap(from.mutable_condition());
      give(put);
    } else {
      auto& remove = *f.request.mutable_delete_();
      if (from.has_condition())
        remove.mutable_condition()->Swap(from.mutable_condition());
      give(remove);
    }
  }
  if (f.request.query().tests_size() > 0) { // what was made of them
    auto& query = *f.request.mutable_query();
    query.clear_partition_key();
    query.clear_from();
    query.clear_from_exclusive();
    query.clear_to();
    query.clear_to_exclusive();
    query.clear_prefix_s();
    query.clear_prefix_b();
  }
  f.to_replica.Clear();
  f.key.clear();
  f.index = {};
  f.telling = {};
  f.prepared = false;
}

bool router_state::prepare(flight& f, const msg::TableRecord& table, msg::Status& why) {
  if (f.what == kind::query)
    return f.request.has_scan() ? prepare_scan(f, table, why) : prepare_query(f, table, why);
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
    const auto& indexes = table.options().local_indexes();
    if (auto bad = indexes.empty() ? std::nullopt : item::check_index_keys(indexes, mutation.item())) {
      why = bad->status();
      return false;
    }
    ask_for_old(mutation, f.request.put());
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
    ask_for_old(mutation, f.request.delete_());
    if (f.request.delete_().has_expression())
      mutation.mutable_expression()->Swap(f.request.mutable_delete_()->mutable_expression());
  }
  mutation.set_key(f.key);
  if (condition.clauses_size() > 0)
    mutation.mutable_condition()->Swap(&condition);
  prepare_telling(f, table);
  return true;
}

// What the answer to a write is to say of the table's local indexes, if it has any.
void router_state::prepare_telling(flight& f, const msg::TableRecord& table) {
  const auto& indexes = table.options().local_indexes();
  if (indexes.empty())
    return;
  if (f.request.tell_index_units()) {
    f.to_replica.mutable_write()->mutable_mutations(0)->set_tell_index_units(true);
    for (const auto& index : indexes)
      f.telling.names.push_back(index.name());
  }
  if (f.request.tell_collection())
    f.telling.keys = table.keys();
}

bool router_state::prepare_update(flight& f, const msg::TableRecord& table, msg::Status& why) {
  auto& asked = *f.request.mutable_update();
  auto key = item::prepare_key(table.keys(), asked.key());
  if (!key) {
    why = key.why().status();
    return false;
  }
  auto bad = expression::check_update(asked.update(), table.keys());
  if (!bad)
    bad = expression::check_paths(asked.update(), table.keys(), "Key");
  if (!bad)
    bad = expression::check_index_update(asked.update(), table.options().local_indexes());
  if (bad) {
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
  prepare_telling(f, table);
  return true;
}

namespace {

// Of a query or scan, once the schema is known: that it can be evaluated, and says what it may.
template <class Asked>
bool take_filter(flight& f, Asked& asked, msg::Status& why) {
  f.paging.limit = asked.limit();
  f.paging.eventual = asked.eventual();
  f.paging.tell_bytes = asked.tell_bytes();
  if (!asked.has_filter())
    return true;
  f.paging.filter = expression::condition::make(asked.filter());
  if (!f.paging.filter)
    why = make_status(msg::VALIDATION, "the filter cannot be read");
  return f.paging.filter.has_value();
}

} // namespace

// Which index a page is read from, for whoever walks it.
bool router_state::prepare_page(flight& f, const msg::TableRecord& table, const msg::IndexRead& read,
                                const msg::ConditionExpression* filter, msg::Status& why) {
  if (auto bad = find_index(table, read, filter, f.index)) {
    why = bad->status();
    return false;
  }
  f.to_replica.mutable_scan()->set_index(f.index.number);
  f.to_replica.mutable_scan()->set_whole(f.index.whole);
  return true;
}

bool router_state::prepare_query(flight& f, const msg::TableRecord& table, msg::Status& why) {
  auto& query = *f.request.mutable_query();
  if (query.has_index() &&
      !prepare_page(f, table, query.index(), query.has_filter() ? &query.filter() : nullptr, why))
    return false;
  auto keys = table.keys(); // of what is queried
  if (query.has_index())
    *keys.mutable_sort() = f.index.sort;
  item::verdict bad;
  if (query.tests_size() > 0) {
    std::vector<expression::key_test> tests;
    for (auto& test : *query.mutable_tests())
      tests.push_back({test.attribute(), test.op(), {test.values().begin(), test.values().end()}});
    bad = expression::write_query(tests, keys, query);
  }
  if (!bad && query.has_filter())
    bad = expression::check_filter(query.filter(), keys,
                                   query.legacy_filter() ? "QueryFilter" : "Filter Expression");
  if (bad) {
    why = bad->status();
    return false;
  }
  auto range = query.has_index() ? item::index_query_range(table.keys(), f.index.sort, query)
                                 : item::query_range(table.keys(), query);
  if (!range) {
    why = range.why().status();
    return false;
  }
  f.range = std::move(*range);
  f.keys = table.keys();
  f.paging.backward = query.backward();
  return take_filter(f, query, why);
}

bool router_state::prepare_scan(flight& f, const msg::TableRecord& table, msg::Status& why) {
  auto& scan = *f.request.mutable_scan();
  auto segments = std::max(scan.segments(), 1u);
  if (scan.segment() >= segments) {
    why = make_status(msg::VALIDATION, "there is no such segment");
    return false;
  }
  if (auto bad = expression::check_paths(scan.filter(), table.keys(), "Key")) {
    why = bad->status();
    return false;
  }
  if (scan.has_index() &&
      !prepare_page(f, table, scan.index(), scan.has_filter() ? &scan.filter() : nullptr, why))
    return false;
  auto range = scan.has_index() ? item::index_scan_range(table.keys(), f.index.sort, scan.segment(), segments,
                                                         scan.start_key())
                                : item::scan_range(table.keys(), scan.segment(), segments, scan.start_key());
  if (!range) {
    why = range.why().status();
    return false;
  }
  f.range = std::move(*range);
  f.keys = table.keys();
  return take_filter(f, scan, why);
}

namespace {

// By DynamoDB's rule; nothing when it cannot be read.
std::optional<std::size_t> size_of(std::string_view bytes) {
  msg::AttributeMap read;
  if (!item::parse_item_into(read, bytes))
    return {};
  return item::item_size(read);
}

} // namespace

// One item that was looked at, or an entry of an index. False when it cannot be read.
bool router_state::gather(flight& f, std::string item) {
  f.gathered_bytes += item.size();
  f.gathered.set_scanned(f.gathered.scanned() + 1);
  auto passes = f.paging.filter ? f.paging.filter->holds(std::string_view(item)) : std::optional(true);
  std::string projected;
  if (f.index.whole) {
    auto part = f.index.projection->apply(item);
    if (!part)
      return false;
    projected = std::move(*part);
  }
  if (f.paging.tell_bytes) {
    auto read = size_of(f.index.whole ? projected : item);
    auto fetched = f.index.whole ? size_of(item) : 0;
    if (!read || !fetched)
      return false;
    f.gathered.set_read_bytes(f.gathered.read_bytes() + *read);
    if (f.index.whole)
      f.gathered.set_fetched_units(
          f.gathered.fetched_units() +
          std::max<std::size_t>(1, (*fetched + limits::read_unit_bytes - 1) / limits::read_unit_bytes));
  }
  if (passes.value_or(false))
    f.gathered.add_items(f.index.only_projected ? std::move(projected) : std::move(item));
  return passes.has_value();
}

// One page of one partition. The query goes on in the next partition, or the next page, until it is full.
void router_state::on_page(flight& f, msg::ReplicaReply& reply) {
  for (auto& record : *reply.mutable_records()) {
    f.key = std::move(*record.mutable_key()); // the last one seen
    if (!gather(f, std::move(*record.mutable_item())))
      return finish(f, make_status(msg::INTERNAL, "a stored item cannot be read"));
  }
  auto backward = f.paging.backward;
  // As in DynamoDB, also where nothing comes behind the last one that was looked at.
  const bool limited = f.paging.limit > 0 && f.gathered.scanned() >= f.paging.limit;
  if (reply.more()) {
    (backward ? f.range.to : f.range.from) = reply.resume();
  } else {
    // This partition has no more: go on behind it.
    auto& edge = backward ? f.asked.from : f.asked.to;
    auto ends = backward ? edge.empty() || edge <= f.range.from
                         : edge.empty() || (!f.range.to.empty() && edge >= f.range.to);
    if (ends)
      return finish_query(f, limited);
    (backward ? f.range.to : f.range.from) = edge;
  }
  if (limited || f.gathered_bytes >= limits::page_bytes)
    return finish_query(f, true);
  f.attempts = 0;
  dispatch(f);
}

void router_state::finish_query(flight& f, bool more) {
  if (more) {
    auto last = f.index.number == 0 ? item::decode_key(f.keys, f.key)
                                    : item::decode_entry_key(f.keys, f.index.sort, f.key);
    if (!last)
      return finish(f, make_status(msg::INTERNAL, "a stored key cannot be read"));
    f.gathered.set_last_key(last->SerializeAsString());
  }
  finish(f, std::move(f.gathered));
}

} // namespace troupe::router
