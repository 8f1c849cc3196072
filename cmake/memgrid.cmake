# How targets are declared. One library a folder, one test program a library; names follow the folder.

option(MEMGRID_TESTS "build tests" ON)
option(MEMGRID_BENCH "build benchmarks and the peers that need only Debian packages" ON)
option(MEMGRID_FUZZ "build the fuzz targets with libFuzzer (clang); otherwise they replay their corpus as tests" OFF)
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
if(MEMGRID_FUZZ)
  # clang 14 leaves out operator delete(void*, size_t), which GCC and C++14 have.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fsized-deallocation)
  add_link_options(-fsanitize=address,undefined)
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

# What tools/ builds without naming single targets: programs (build/bin), unit_tests and sim_tests (by label), fuzzers.
add_custom_target(unit_tests)
add_custom_target(sim_tests)
add_custom_target(fuzzers)
add_custom_target(programs)
function(memgrid_collect_programs)
  foreach(program memgridd memgrid primatomic-cli)
    if(TARGET ${program})
      add_dependencies(programs ${program})
    endif()
  endforeach()
endfunction()
# The programs are declared after this file is read; collect them when the whole tree is known.
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL memgrid_collect_programs)

# memgrid_test(NAME SRCS ... DEPS ... [LABELS ...] [TIMEOUT seconds]): a GoogleTest program, run by ctest.
# Labels: unit (default), sim, slow. What is labelled slow is not run by `./dev test`; ThreadSanitizer runs unit.
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
  foreach(label unit sim)
    if(label IN_LIST ARG_LABELS)
      add_dependencies(${label}_tests ${name})
    endif()
  endforeach()
endfunction()

# memgrid_sim(NAME SEEDS n SRCS ... DEPS ...): a program that simulates from seeds: MEMGRID_SIM_SEED is the first one,
# MEMGRID_SIM_SEEDS how many. ctest (label sim) runs the first n; `./dev sim` whichever it is told.
function(memgrid_sim name)
  if(NOT MEMGRID_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "SEEDS" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE memgrid_options ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS sim TIMEOUT 900 ENVIRONMENT MEMGRID_SIM_SEEDS=${ARG_SEEDS})
  add_dependencies(sim_tests ${name})
endfunction()

# memgrid_fuzz(NAME SRCS ... DEPS ...): a libFuzzer target (LLVMFuzzerTestOneInput), run by `./dev fuzz NAME`. In a build
# without MEMGRID_FUZZ the same sources become a unit test that replays tests/fuzz/corpus/NAME, so that it cannot rot.
function(memgrid_fuzz name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  if(MEMGRID_FUZZ)
    add_executable(${name} EXCLUDE_FROM_ALL ${ARG_SRCS})
    target_link_libraries(${name} PRIVATE memgrid_options ${ARG_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    add_dependencies(fuzzers ${name})
  elseif(MEMGRID_TESTS)
    add_executable(${name} ${ARG_SRCS} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    target_link_libraries(${name} PRIVATE memgrid_options ${ARG_DEPS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
    add_dependencies(unit_tests ${name})
  endif()
endfunction()

# memgrid_bench(NAME SRCS ... DEPS ...): a Google Benchmark program in build/bench; ctest runs each of its benchmarks for
# a moment (label bench), so that they cannot rot; one that fills a big table first fills a small one when the environment
# has MEMGRID_BENCH_SHORT.
function(memgrid_bench name)
  if(NOT MEMGRID_BENCH)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE memgrid_options ${ARG_DEPS} benchmark::benchmark_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_test(NAME ${name} COMMAND ${name} --benchmark_min_time=0.001)
  set_tests_properties(${name} PROPERTIES LABELS bench TIMEOUT 300 ENVIRONMENT MEMGRID_BENCH_SHORT=1)
endfunction()
