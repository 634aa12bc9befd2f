# One folder is one library is one floor; docs/ARCHITECTURE.md has the plan of the house. A library may
# depend on floors below its own and on nothing else; what stands beside it on the same floor it cannot see.
# What is declared here is then proven by linking (tests/floors).

set_property(GLOBAL PROPERTY TROUPE_LIBRARIES "")

# troupe_library(name FLOOR n [PCH] [DEPENDS ours...] [LIBRARIES theirs...] [SOURCES files...])
# Without SOURCES, every .cc in the folder. The alias troupe::name is what others link. PCH is for libraries that
# include CAF (pch.cmake).
function(troupe_library name)
  cmake_parse_arguments(arg "PCH" "FLOOR" "DEPENDS;LIBRARIES;SOURCES" ${ARGN})
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  if(arg_SOURCES)
    add_library(troupe_${name} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(troupe_${name} INTERFACE) # headers only
    set(scope INTERFACE)
  endif()
  add_library(troupe::${name} ALIAS troupe_${name})
  target_include_directories(troupe_${name} ${scope} ${PROJECT_SOURCE_DIR})
  foreach(below ${arg_DEPENDS})
    get_target_property(floor troupe_${below} TROUPE_FLOOR)
    if(NOT floor LESS arg_FLOOR)
      message(FATAL_ERROR "${name} on floor ${arg_FLOOR} must not depend on ${below} on floor ${floor}")
    endif()
    target_link_libraries(troupe_${name} ${scope} troupe_${below})
  endforeach()
  target_link_libraries(troupe_${name} ${scope} ${arg_LIBRARIES})
  if(arg_PCH AND arg_SOURCES)
    troupe_use_pch(troupe_${name})
  endif()
  set_target_properties(troupe_${name} PROPERTIES TROUPE_FLOOR ${arg_FLOOR}
                        TROUPE_FOLDER ${CMAKE_CURRENT_SOURCE_DIR} TROUPE_DEPENDS "${arg_DEPENDS}")
  set_property(GLOBAL APPEND PROPERTY TROUPE_LIBRARIES ${name})
endfunction()

# troupe_test(name [PCH] SOURCES files... DEPENDS ours... [LIBRARIES theirs...] [LABELS labels...] [TIMEOUT seconds])
# One GoogleTest program and one CTest test of that name; GTEST_FILTER and the like work on the program.
function(troupe_test name)
  cmake_parse_arguments(arg "PCH" "TIMEOUT" "SOURCES;DEPENDS;LABELS;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  list(TRANSFORM arg_DEPENDS PREPEND troupe::)
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} ${arg_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE TROUPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(arg_PCH)
    troupe_use_pch(${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
