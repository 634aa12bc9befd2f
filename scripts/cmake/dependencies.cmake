# Every library from outside, found once. The packages they come from stand in scripts/packages.

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(simdjson REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)

# libcaf-dev ships no CMake package.
foreach(part core io openssl)
  find_library(TROUPE_CAF_${part} caf_${part} REQUIRED)
  add_library(caf::${part} UNKNOWN IMPORTED)
  set_target_properties(caf::${part} PROPERTIES IMPORTED_LOCATION ${TROUPE_CAF_${part}})
endforeach()
target_link_libraries(caf::io INTERFACE caf::core Threads::Threads)
target_link_libraries(caf::openssl INTERFACE caf::io OpenSSL::SSL OpenSSL::Crypto)
