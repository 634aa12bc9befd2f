// What each operation does: reads its request, asks the backend, writes the answer.
//
// Thread: begins on the server's, ends on the backend's.
#pragma once
#include "actors/gateway/api/json.h"
#include "actors/gateway/backend.h"
#include "actors/gateway/call.h"

namespace troupe::gateway {

// `in` and `from` are good until it returns. The backend outlives every call.
using handler = void (*)(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);

// nullptr: not done yet. Not null for exactly those that api::all_operations says are done.
handler handler_of(api::operation what);

// table_handlers.cc
void create_table(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void describe_table(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void list_tables(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void delete_table(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void describe_limits(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void describe_endpoints(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);

// option_handlers.cc: what changes or tells a table's options
void update_table(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void tag_resource(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void untag_resource(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void list_tags_of_resource(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);

// backup_handlers.cc
void create_backup(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void list_backups(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void describe_backup(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void delete_backup(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void describe_continuous_backups(gateway::backend& to, call_ptr c, const api::structure& in,
                                 api::reading& from);
void update_continuous_backups(gateway::backend& to, call_ptr c, const api::structure& in,
                               api::reading& from);

// restore_handlers.cc
void restore_table_from_backup(gateway::backend& to, call_ptr c, const api::structure& in,
                               api::reading& from);
void restore_table_to_point_in_time(gateway::backend& to, call_ptr c, const api::structure& in,
                                    api::reading& from);

// item_handlers.cc
void put_item(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void get_item(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void delete_item(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);

// batch_handlers.cc
void batch_get_item(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void batch_write_item(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);

// page_handlers.cc
void query(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);
void scan(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);

// update_handler.cc
void update_item(gateway::backend& to, call_ptr c, const api::structure& in, api::reading& from);

} // namespace troupe::gateway
