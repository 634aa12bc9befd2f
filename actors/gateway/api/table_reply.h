// Tables as DynamoDB describes them.
//
// Thread: pure functions.
#pragma once
#include "actors/gateway/api/table_name.h"
#include "actors/gateway/api/writer.h"
#include "messages/table.pb.h"
#include <optional>
#include <string>
#include <string_view>

namespace troupe::api {

std::string id_of(const msg::TableRecord& table); // a UUID, the same for the same table for ever

enum class table_state { creating, updating, active, deleting };
table_state state_of(const msg::TableRecord& table);

// Of a table that was backed up: the SourceTableDetails, and the SourceTableFeatureDetails.
void describe_source(writer& out, const msg::TableRecord& table, const msg::TableFigures& figures);
void describe_source_features(writer& out, const msg::TableRecord& table);

// A TableDescription. `state` is what to call it, whatever has become of it since.
void describe(writer& out, const msg::TableRecord& table, table_state state,
              const msg::TableFigures& figures = {});

} // namespace troupe::api
