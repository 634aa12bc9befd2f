# Compiler settings that hold for every target of ours: warnings are errors, quick links, cached compiles.

set(TROUPE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them; empty for none")
option(TROUPE_FUZZ "Build the libFuzzer targets (clang only)" OFF)

find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE)
  # ccache can see through a precompiled header only when told not to mind its time stamps. The base directory
  # lets build folders, and clones of the repository, share what was compiled once.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${TROUPE_CCACHE})
endif()

find_program(TROUPE_MOLD mold)
if(TROUPE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)
endif()

if(TROUPE_SANITIZE)
  # CAF binds references through null pointers it never reads (0.17.6); hence no-sanitize=null.
  add_compile_options(-fsanitize=${TROUPE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
  if(TROUPE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=null -fno-sanitize-recover=undefined)
  endif()
endif()

if(TROUPE_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "TROUPE_FUZZ needs clang: configure with -DCMAKE_CXX_COMPILER=clang++")
endif()
