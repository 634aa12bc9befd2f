// What a router does to a request's bytes before they travel on: check them, make them canonical, find their
// key.
//
// On the path of every request, so the usual case is made cheap: an item that is canonical already (our own
// clients send them so) is verified on its serialized bytes and passed on as it came, without building
// messages.
//
// Thread: pure functions. Errors: refusals in DynamoDB's words, values first, then size, then keys, as
// DynamoDB's PutItem checks them.
#pragma once
#include "actors/core/item/key.h"
#include "actors/core/item/result.h"
#include "messages/item.pb.h"
#include <cstddef>
#include <string>

namespace troupe::item {

struct prepared_put {
  std::string key;      // encoded
  std::string item;     // canonical, serialized
  std::size_t size = 0; // by DynamoDB's rule
};

// `item` is a serialized AttributeMap of any order. When canonical it is handed on without a copy;
// when refused it is left as it was.
result<prepared_put> prepare_put(const msg::KeySchema& schema, std::string&& item);
inline result<prepared_put> prepare_put(const msg::KeySchema& schema, const std::string& item) {
  return prepare_put(schema, std::string(item));
}

// `key` is a serialized AttributeMap of exactly the key attributes; returns the encoded key.
result<std::string> prepare_key(const msg::KeySchema& schema, const std::string& key);

} // namespace troupe::item
