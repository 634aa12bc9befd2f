// Any text as the body of any operation: read or refused, and what was read keeps to what its struct
// promises. The first byte says which operation.
#include "actors/core/item/value.h"
#include "actors/gateway/api/backup_requests.h"
#include "actors/gateway/api/item_requests.h"
#include "actors/gateway/api/table_requests.h"
#include "tests/fuzz/fuzz.h"
#include <cstdint>
#include <simdjson.h>
#include <string>

using namespace troupe;
using namespace troupe::api;

namespace {

// What is said to the client is JSON, whatever of the client's own it quotes.
void check_refusal(const error& why) {
  FUZZ_CHECK(!why.type.empty());
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto body = why.body();
  FUZZ_CHECK(parser.parse(body).get(root) == simdjson::SUCCESS);
}

void check_canonical(msg::AttributeMap map) {
  const auto before = item::serialize(map);
  FUZZ_CHECK(!item::canonicalise(map));
  FUZZ_CHECK(item::serialize(map) == before);
}

void check_name(const std::string& table) {
  FUZZ_CHECK(table.size() >= 3 && table.size() <= 255);
}

// Of a table here, or of nobody's.
void check_place(const backup_place& place) {
  FUZZ_CHECK(place.id == 0 || place.table.size() >= 3);
}

// What a restored table is made of is a table's options still: no index that its source has not.
void check_overrides(const overrides& otherwise) {
  msg::TableRecord source;
  source.mutable_keys()->mutable_partition()->set_name("id");
  source.mutable_options()->set_read_units(5);
  source.mutable_options()->set_write_units(6);
  auto& index = *source.mutable_options()->add_local_indexes();
  index.set_name("by_rank");
  index.mutable_sort()->set_name("rank");
  auto made = options_of(source, otherwise);
  if (!made)
    return check_refusal(made.why());
  FUZZ_CHECK(made->on_demand() || (made->read_units() >= 1 && made->write_units() >= 1));
  FUZZ_CHECK(made->local_indexes_size() == 0 || made->local_indexes(0).name() == "by_rank");
}

template <class T, class Check>
void run(outcome<T> (*read)(const structure&, reading&), std::string_view text, Check check) {
  reading from;
  const auto document = document::parse(text, from);
  if (!document) {
    const auto why = from.take();
    FUZZ_CHECK(why);
    return check_refusal(*why);
  }
  auto out = read(document->root(), from);
  if (out)
    check(*out);
  else
    check_refusal(out.why());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 20) {
  case 0:
    run(read_put_item, text, [](const put_item& r) {
      check_name(r.table);
      check_canonical(r.item);
    });
    break;
  case 1:
    run(read_get_item, text, [](const get_item& r) { check_canonical(r.key); });
    break;
  case 2:
    run(read_delete_item, text, [](const delete_item& r) { check_canonical(r.key); });
    break;
  case 3:
    run(read_update_item, text, [](const update_item& r) { check_canonical(r.key); });
    break;
  case 4:
    run(read_batch_get_item, text, [](const batch_get_item& r) {
      std::size_t keys = 0;
      for (const auto& one : r.tables)
        keys += one.keys.size();
      FUZZ_CHECK(keys >= 1 && keys <= 100);
    });
    break;
  case 5:
    run(read_batch_write_item, text, [](const batch_write_item& r) {
      std::size_t writes = 0;
      for (const auto& one : r.tables)
        writes += one.writes.size();
      FUZZ_CHECK(writes >= 1 && writes <= 25);
    });
    break;
  case 6:
    run(read_query, text, [](const query& r) {
      FUZZ_CHECK(r.key_conditions || r.page.expressions.key_condition);
      FUZZ_CHECK(!r.page.limit || *r.page.limit >= 1);
    });
    break;
  case 7:
    run(read_scan, text, [](const scan& r) { FUZZ_CHECK(r.segment >= 0 && r.segment < r.segments); });
    break;
  case 8:
    run(read_create_table, text, [](const create_table& r) {
      check_name(r.table);
      FUZZ_CHECK(r.keys.has_partition() && r.keys.partition().type() != msg::KEY_TYPE_NONE);
      FUZZ_CHECK(r.options.local_indexes_size() <= 5);
    });
    break;
  case 9:
    run(read_update_table, text, [](const update_table& r) { check_name(r.table); });
    break;
  case 10:
    run(read_list_tables, text, [](const list_tables& r) { FUZZ_CHECK(r.limit >= 1 && r.limit <= 100); });
    break;
  case 11:
    run(read_tag_resource, text,
        [](const tag_resource& r) { FUZZ_CHECK(!r.tags.empty() && r.tags.size() <= 50); });
    break;
  case 12:
    run(read_untag_resource, text, [](const untag_resource& r) { FUZZ_CHECK(!r.keys.empty()); });
    break;
  case 13:
    run(read_named_table, text, [](const named_table& r) { check_name(r.table); });
    break;
  case 14:
    run(read_create_backup, text, [](const create_backup& r) {
      check_name(r.table);
      check_name(r.name);
    });
    break;
  case 15:
    run(read_named_backup, text, [](const named_backup& r) { check_place(r.which); });
    break;
  case 16:
    run(read_list_backups, text, [](const list_backups& r) {
      FUZZ_CHECK(r.limit >= 1 && r.limit <= 100);
      FUZZ_CHECK(r.from_ms >= 0 && r.before_ms >= 0);
      FUZZ_CHECK(!r.after || r.after->id != 0);
    });
    break;
  case 17:
    run(read_restore_from_backup, text, [](const restore_from_backup& r) {
      check_name(r.target);
      check_place(r.source);
      check_overrides(r.otherwise);
    });
    break;
  case 18:
    run(read_restore_to_time, text, [](const restore_to_time& r) {
      check_name(r.target);
      check_overrides(r.otherwise);
    });
    break;
  case 19:
    run(read_update_continuous_backups, text, [](const update_continuous_backups& r) {
      check_name(r.table);
      FUZZ_CHECK(r.days >= 1 && r.days <= limits::recovery_days);
    });
    break;
  }
  return 0;
}
