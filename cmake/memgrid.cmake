# How targets are declared. One library a folder, one test program a library; names follow the folder.

option(MEMGRID_TESTS "build tests" ON)
option(MEMGRID_BENCH "build benchmarks and the peers that need only Debian packages" ON)
set(MEMGRID_SANITIZE "" CACHE STRING "address,undefined or thread; empty for none")

add_library(memgrid_options INTERFACE)
target_include_directories(memgrid_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(memgrid_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -fno-omit-frame-pointer)
if(MEMGRID_SANITIZE)
  add_compile_options(-fsanitize=${MEMGRID_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MEMGRID_SANITIZE})
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  # CRC32C and 16-byte atomics are there on every x86-64 server of the last decade.
  target_compile_options(memgrid_options INTERFACE -march=x86-64-v2)
endif()

# memgrid_library(NAME SRCS ... DEPS ...): target memgrid_NAME. DEPS are target names.
function(memgrid_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  if(ARG_SRCS)
    add_library(memgrid_${name} STATIC ${ARG_SRCS})
    target_link_libraries(memgrid_${name} PUBLIC memgrid_options ${ARG_DEPS})
  else()
    add_library(memgrid_${name} INTERFACE)
    target_link_libraries(memgrid_${name} INTERFACE memgrid_options ${ARG_DEPS})
  endif()
endfunction()

# memgrid_test(NAME SRCS ... DEPS ... [LABELS ...] [TIMEOUT seconds]): a GoogleTest program, run by ctest.
# Labels: unit (default), sim, slow. What is labelled slow is not run by `./dev test`.
function(memgrid_test name)
  if(NOT MEMGRID_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE memgrid_options ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# memgrid_bench(NAME SRCS ... DEPS ...): a Google Benchmark program in build/bench.
function(memgrid_bench name)
  if(NOT MEMGRID_BENCH)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE memgrid_options ${ARG_DEPS} benchmark::benchmark_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()
