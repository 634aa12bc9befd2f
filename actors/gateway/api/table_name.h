// How requests name tables: by a name, or by an ARN, arn:aws:dynamodb:REGION:ACCOUNT:table/NAME.
//
// There is one account here, and no regions. A table's own ARN says `local`; one that was made up for the
// region that a request is signed for means the same table. An ARN of another account or region is somebody
// else's table, which nobody here is allowed to see.
//
// Thread: values, pure functions.
#pragma once
#include "actors/gateway/api/error.h"
#include "actors/gateway/api/json.h"
#include <optional>
#include <string>
#include <string_view>

namespace troupe::api {

// A table as a request names it.
struct table_name {
  std::optional<std::string> name; // which may have any form; nothing: it was not given
  std::string given;               // as it stood there: what answers repeat
};

// TableName, or what is called so elsewhere. Another account's is refused at once, as DynamoDB refuses it
// before it looks at anything else.
table_name read_table_name(const structure& in, reading& from, std::string_view member = "TableName");
table_name as_table_name(std::string given, reading& from);

std::string arn_of(std::string_view table); // of the form that SDKs take apart
// Empty when it is no table's. Whose it is, is_foreign() says.
std::string table_of_arn(std::string_view arn);
bool is_foreign(std::string_view arn, const reading& from);
error not_authorized(const reading& from, std::string_view resource);

} // namespace troupe::api
