// The loads of the Yahoo! Cloud Serving Benchmark (Cooper et al., "Benchmarking cloud serving systems with
// YCSB", SoCC 2010) that `troupe bench` runs, and its records.
//
//   A       50 % reads, 50 % updates
//   B       95 % reads, 5 % updates
//   C       reads only
//   F       50 % reads, 50 % read-modify-writes
//   insert  inserts only: what loading a table costs
//
// An update writes the whole record, since the bench compares whole puts: YCSB with writeallfields=true.
// Everything is a function of the seed and the client's number, so a run can be repeated operation by
// operation, and clients share nothing.
#pragma once
#include "actors/host/bench/key_chooser.h"
#include "messages/item.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::bench {

enum class workload : std::uint8_t { a, b, c, f, insert };

const char* name_of(workload which);
std::optional<workload> workload_from(std::string_view name); // "a", "A", "insert"

enum class operation_kind : std::uint8_t { read, update, insert, read_modify_write };
inline constexpr int operation_kinds = 4;

const char* name_of(operation_kind which); // "read", "update", "insert", "read-modify-write"

struct operation {
  operation_kind kind = operation_kind::read;
  std::uint64_t record = 0; // its number
};

struct load_options {
  workload which = workload::a;
  distribution keys = distribution::zipfian;
  std::uint64_t records = 100'000; // in the table when the run begins: numbers 0 .. records-1
  std::uint64_t seed = 1;
  std::uint32_t clients = 1;
};

// The operations of one client. Inserts of client c take the numbers records + c, records + c + clients, ...
class operation_stream {
public:
  operation_stream(const load_options& load, std::uint32_t client); // client < load.clients
  operation next();

private:
  workload which_;
  key_chooser keys_;
  random_source random_;
  std::uint64_t next_insert_;
  std::uint64_t stride_;
};

// Records look like YCSB's: a key "user" and digits, and ten fields "field0".."field9" of 100 printable
// bytes.
struct record_options {
  std::string key_attribute = "pk"; // of type S
  int fields = 10;                  // at most 10, so that their names sort like their numbers
  int field_bytes = 100;
  std::uint64_t seed = 1;
};

// Numbers are mixed, so that records which are loaded one after the other lie scattered over the key space.
std::string key_of(std::uint64_t record);

// Writes the record into `item`, its attributes in the order that messages/item.proto asks for. `version`
// tells apart the values that one record has one after the other.
void make_record(const record_options& how, std::uint64_t record, std::uint64_t version,
                 msg::AttributeMap& item);

// Only the key attribute, as GetItem and DeleteItem want it.
void make_key(const record_options& how, std::uint64_t record, msg::AttributeMap& key);

} // namespace troupe::bench
