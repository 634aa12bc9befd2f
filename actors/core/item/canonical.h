// Reads canonical items on their serialized bytes, in one pass and without building messages.
//
// Recognising them is the hot path of every write: what our own clients send is canonical already, and to see
// that costs a tenth of parsing, checking and serializing it again. It accepts exactly the bytes that
// canonicalise() and serialize() leave as they are (the tests hold it to that), so saying no is never an
// error: the caller goes the long way round, which also finds the words for what is wrong.
//
// Inside core/item only.
#pragma once
#include "actors/core/item/key_encoding.h"
#include "messages/item.pb.h"
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace troupe::item {

// What the pass has seen on its way. Views into the item's bytes.
struct canonical_item {
  std::size_t attributes = 0; // top-level ones
  std::size_t size = 0;       // by DynamoDB's rule
  std::optional<key_value> partition;
  std::optional<key_value> sort;
};

std::optional<canonical_item> recognise_canonical(const msg::KeySchema& schema, std::string_view bytes);

// The serialized Value of one top-level attribute, without reading the others.
struct attribute_search {
  bool damaged = false; // the bytes are not a sequence of attributes in canonical order
  std::optional<std::string_view> value;
};
attribute_search find_in_canonical(std::string_view bytes, std::string_view name);

// A top-level attribute as it stands in an item.
struct attribute_bytes {
  std::string_view whole; // with its tag and length: an item is a row of these
  std::string_view name;
  std::string_view value; // a serialized Value
};
// Visits them in order. False when the bytes are not a sequence of attributes in canonical order.
bool each_attribute(std::string_view bytes, const std::function<void(const attribute_bytes&)>& visit);

// What the bytes of a serialized canonical Value are as a key; nothing when they are no such thing.
std::optional<key_value> key_value_in(std::string_view value);

} // namespace troupe::item
