#include "actors/host/bench/ycsb.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace troupe::bench {

const char* name_of(workload which) {
  switch (which) {
  case workload::a:
    return "A";
  case workload::b:
    return "B";
  case workload::c:
    return "C";
  case workload::f:
    return "F";
  case workload::insert:
    return "insert";
  }
  return "?";
}

std::optional<workload> workload_from(std::string_view name) {
  const auto same = [](char x, char y) { return (x | 0x20) == (y | 0x20); };
  for (workload which : {workload::a, workload::b, workload::c, workload::f, workload::insert}) {
    const std::string_view known = name_of(which);
    if (std::equal(name.begin(), name.end(), known.begin(), known.end(), same))
      return which;
  }
  return std::nullopt;
}

const char* name_of(operation_kind which) {
  switch (which) {
  case operation_kind::read:
    return "read";
  case operation_kind::update:
    return "update";
  case operation_kind::insert:
    return "insert";
  case operation_kind::read_modify_write:
    return "read-modify-write";
  }
  return "?";
}

operation_stream::operation_stream(const load_options& load, std::uint32_t client)
    : which_(load.which), keys_(load.keys, std::max<std::uint64_t>(load.records, 1)),
      random_(load.seed, client), next_insert_(load.records + client), stride_(load.clients) {
  if (client >= load.clients || (load.records == 0 && load.which != workload::insert)) {
    std::fprintf(stderr, "operation_stream: no such client, or no records to read\n");
    std::abort();
  }
}

operation operation_stream::next() {
  operation made;
  switch (which_) {
  case workload::a:
    made.kind = random_.unit() < 0.5 ? operation_kind::read : operation_kind::update;
    break;
  case workload::b:
    made.kind = random_.unit() < 0.95 ? operation_kind::read : operation_kind::update;
    break;
  case workload::c:
    made.kind = operation_kind::read;
    break;
  case workload::f:
    made.kind = random_.unit() < 0.5 ? operation_kind::read : operation_kind::read_modify_write;
    break;
  case workload::insert:
    made.kind = operation_kind::insert;
    made.record = next_insert_;
    next_insert_ += stride_;
    return made;
  }
  made.record = keys_.next(random_);
  return made;
}

std::string key_of(std::uint64_t record) {
  return "user" + std::to_string(mix(record + 1));
}

namespace {

// 64 printable bytes, each of which six random bits choose.
constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void fill(std::string& text, std::size_t bytes, random_source& random) {
  text.resize(bytes);
  std::uint64_t bits = 0;
  int left = 0;
  for (char& c : text) {
    if (left == 0) {
      bits = random.next();
      left = 10;
    }
    c = letters[bits & 63];
    bits >>= 6;
    --left;
  }
}

} // namespace

void make_record(const record_options& how, std::uint64_t record, std::uint64_t version,
                 msg::AttributeMap& item) {
  random_source random(how.seed ^ mix(record), version);
  item.Clear();
  bool keyed = false;
  const auto add_key = [&] {
    msg::Attribute* key = item.add_attributes();
    key->set_name(how.key_attribute);
    key->mutable_value()->set_s(key_of(record));
    keyed = true;
  };
  for (int i = 0; i < how.fields; ++i) {
    std::string name = "field" + std::to_string(i);
    if (!keyed && how.key_attribute < name)
      add_key();
    msg::Attribute* field = item.add_attributes();
    field->set_name(std::move(name));
    fill(*field->mutable_value()->mutable_s(), static_cast<std::size_t>(how.field_bytes), random);
  }
  if (!keyed)
    add_key();
}

void make_key(const record_options& how, std::uint64_t record, msg::AttributeMap& key) {
  key.Clear();
  msg::Attribute* attribute = key.add_attributes();
  attribute->set_name(how.key_attribute);
  attribute->mutable_value()->set_s(key_of(record));
}

} // namespace troupe::bench
