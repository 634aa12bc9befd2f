# One precompiled header for everything that includes CAF. Without it such a file takes 9 to 11 s to compile, most
# of that spent reading the same headers again. Never a condition for compiling: -DTROUPE_PCH=OFF builds the same
# program, so every file includes what it uses.

option(TROUPE_PCH "Precompile CAF, protobuf and the standard headers for libraries that ask for it" ON)

if(TROUPE_PCH)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/pch/caf_pch.cc
       CONTENT "// CMake builds a precompiled header only beside a source file.\n")
  add_library(troupe_caf_pch OBJECT ${CMAKE_BINARY_DIR}/pch/caf_pch.cc)
  target_precompile_headers(troupe_caf_pch PRIVATE
    <algorithm> <array> <atomic> <chrono> <condition_variable> <cstddef> <cstdint> <cstdio> <cstdlib> <cstring>
    <deque> <functional> <map> <memory> <mutex> <optional> <random> <set> <sstream> <string> <string_view>
    <thread> <tuple> <unordered_map> <unordered_set> <utility> <variant> <vector>
    <google/protobuf/arena.h> <google/protobuf/generated_message_util.h> <google/protobuf/map.h>
    <google/protobuf/map_entry.h> <google/protobuf/map_field_inl.h> <google/protobuf/message.h>
    <google/protobuf/repeated_field.h> <google/protobuf/unknown_field_set.h>
    <caf/all.hpp> <caf/io/all.hpp>)
endif()

# troupe_use_pch(target): the target's compile flags must be the common ones (its own definitions are fine), or
# the compiler refuses the header and the build stops with -Winvalid-pch.
function(troupe_use_pch target)
  if(TROUPE_PCH)
    target_precompile_headers(${target} REUSE_FROM troupe_caf_pch)
  endif()
endfunction()
