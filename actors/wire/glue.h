// The one glue between Protocol Buffers and CAF 0.17.6: every generated message can be sent to any actor.
//
// CAF looks `inspect` up through the namespace of the argument's base class, google::protobuf::Message, so
// one template serves all messages. What goes over the wire is an XXH3-64 of the serialized bytes and then
// the bytes; a message whose checksum does not fit is refused like one that does not parse (CAF drops it, the
// asker's deadline passes). Fields that this build does not know survive a round trip, as protobuf keeps
// them.
#pragma once
#include <atomic>
#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>
#include <google/protobuf/message.h>
#include <string>
#include <type_traits>
#include <xxhash.h>

namespace troupe::wire {

// Messages refused since the process started because their checksum or their bytes were broken.
std::atomic<std::uint64_t>& broken_messages();

} // namespace troupe::wire

namespace google::protobuf {

template <class Inspector, class M, class = std::enable_if_t<std::is_base_of_v<Message, M>>>
typename Inspector::result_type inspect(Inspector& f, M& message) {
  using result = typename Inspector::result_type;
  if constexpr (!std::is_same_v<result, caf::error>) { // for people: logs and failing tests
    auto text = message.ShortDebugString();
    return f(caf::meta::type_name(message.GetTypeName().c_str()), text);
  } else if constexpr (Inspector::reads_state) {
    std::string bytes;
    if (!message.SerializeToString(&bytes))
      return caf::sec::invalid_argument;
    std::uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
    if (caf::error failed = f(checksum))
      return failed;
    return f(bytes);
  } else {
    std::uint64_t checksum = 0;
    std::string bytes;
    if (caf::error failed = f(checksum))
      return failed;
    if (caf::error failed = f(bytes))
      return failed;
    if (checksum != XXH3_64bits(bytes.data(), bytes.size()) || !message.ParseFromString(bytes)) {
      ++troupe::wire::broken_messages();
      return caf::sec::invalid_argument;
    }
    return caf::none;
  }
}

} // namespace google::protobuf
