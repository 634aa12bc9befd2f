// Tables and backups that an operation is about, asked for before it does anything with them: what the
// metadata leader knows of them now.
//
// Thread: that of handlers.
#pragma once
#include "actors/gateway/api/backup_requests.h"
#include "actors/gateway/backend.h"
#include "actors/gateway/call.h"
#include <functional>
#include <string>

namespace troupe::gateway {

// Hands `use` the answer to a description of the table, which is tables(0) of it, and answers the call when
// there is none, with `absent` when there is no such table.
using use_table = std::function<void(const msg::AdminReply&)>;
void with_table(backend& to, const call_ptr& c, const std::string& name, api::error absent, use_table use);

// Hands `use` the backup, and answers the call when there is none of all that its ARN says.
using use_backup = std::function<void(const msg::BackupRecord&)>;
void with_backup(backend& to, const call_ptr& c, const api::backup_place& which, use_backup use);

} // namespace troupe::gateway
