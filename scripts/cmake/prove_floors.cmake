# The proof of floors.cmake's declarations. Called once, when all libraries are known.

# Builds one program per library out of its whole archive and its declared dependencies: a function it uses
# without having declared whose it is stays undefined, and the build fails. Writes floors.tsv for
# tests/floors/house.py: name, floor, folder from the root, and direct dependencies with commas between them.
function(troupe_prove_floors)
  get_property(libraries GLOBAL PROPERTY TROUPE_LIBRARIES)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/floors/main.cc
       CONTENT "// The program that a library is linked into, whole; what it would do does not matter.\nint main() {}\n")
  add_library(troupe_floor_main OBJECT ${CMAKE_BINARY_DIR}/floors/main.cc)
  set(table "")
  foreach(name ${libraries})
    get_target_property(type troupe_${name} TYPE)
    get_target_property(floor troupe_${name} TROUPE_FLOOR)
    get_target_property(folder troupe_${name} TROUPE_FOLDER)
    get_target_property(depends troupe_${name} TROUPE_DEPENDS)
    file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${folder})
    string(REPLACE ";" "," depends "${depends}")
    string(APPEND table "${name}\t${floor}\t${folder}\t${depends}\n")
    if(type STREQUAL "STATIC_LIBRARY")
      add_executable(floor_${name} $<TARGET_OBJECTS:troupe_floor_main>)
      target_link_libraries(floor_${name} PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,troupe_${name}>")
      set_target_properties(floor_${name} PROPERTIES LINKER_LANGUAGE CXX
                            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/floors)
    endif()
  endforeach()
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/floors.tsv CONTENT "${table}")
endfunction()
