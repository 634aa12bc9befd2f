// The complete program of docs/client.md.
#include "actors/client/client.h"
#include <cstdio>
#include <future>
#include <vector>

namespace client = troupe::client;
namespace msg = troupe::msg;

// Adds one to a counter by compare-and-set, however many others do the same.
bool increment(client::session& db, const std::string& name) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto before =
        db.call(client::get_item{.table = "counters", .key = client::make_item({{"name", client::s(name)}})});
    if (!before.ok())
      return false;
    client::put_item next{.table = "counters"};
    if (before.item) {
      const auto& value = *client::find(*before.item, "value");
      next.item =
          client::make_item({{"name", client::s(name)}, {"value", client::n(std::stoll(value.n()) + 1)}});
      next.condition = client::equals("value", value);
    } else {
      next.item = client::make_item({{"name", client::s(name)}, {"value", client::n(1)}});
      next.condition = client::not_exists("name");
    }
    auto result = db.call(next);
    if (result.ok())
      return true;
    if (result.unknown()) { // it may have counted; only the application knows whether once too often is bad
      std::printf("nobody knows whether %s was counted: %s\n", name.c_str(), result.status.message().c_str());
      return false;
    }
    if (result.status.code() != msg::CONDITION_FAILED)
      return false; // refused: it had no effect
  }
  return false;
}

int main(int argc, char** argv) {
  // Any router will do. Name several, and the session goes to the next one when its router is gone.
  client::options options;
  for (int i = 1; i < argc; ++i)
    if (auto endpoint = client::parse_endpoint(argv[i]))
      options.routers.push_back(*endpoint);
  if (options.routers.empty())
    options.routers = {{"127.0.0.1", 7101}};
  auto [db, trouble] = client::connect(options);
  if (!db) {
    std::printf("%s\n", trouble.c_str());
    return 1;
  }

  // A table with a partition key. It may be there already.
  msg::KeySchema keys;
  keys.mutable_partition()->set_name("name");
  keys.mutable_partition()->set_type(msg::KEY_TYPE_S);
  auto table = db->call(client::create_table{.name = "counters", .keys = keys, .partitions = 3});
  if (!table.ok() && table.status.code() != msg::TABLE_IN_USE) {
    std::printf("no table: %s\n", table.status.message().c_str());
    return 1;
  }

  // Blocking calls, one after the other.
  for (int i = 0; i < 10; ++i)
    if (!increment(*db, "visits"))
      return 1;

  // A hundred writes at once: they travel together, and each future has its own outcome.
  std::vector<std::future<client::write_result>> writes;
  for (int i = 0; i < 100; ++i)
    writes.push_back(
        db->ask(client::put_item{.table = "counters",
                                 .item = client::make_item({{"name", client::s("page " + std::to_string(i))},
                                                            {"value", client::n(i)}})}));
  for (auto& write : writes)
    if (auto result = write.get(); !result.ok())
      std::printf("not written: %s\n", result.status.message().c_str());

  // A callback runs on the session's thread: hand over and return.
  std::promise<std::string> seen;
  db->send(client::get_item{.table = "counters", .key = client::make_item({{"name", client::s("page 42")}})},
           [&](client::read_result result) {
             seen.set_value(result.item ? client::find(*result.item, "value")->n() : "nothing");
           });
  std::printf("page 42 has %s\n", seen.get_future().get().c_str());

  auto visits = db->call(
      client::get_item{.table = "counters", .key = client::make_item({{"name", client::s("visits")}})});
  if (!visits.item)
    return 1;
  std::printf("visits: %s\n", client::find(*visits.item, "value")->n().c_str());
  return 0;
}
