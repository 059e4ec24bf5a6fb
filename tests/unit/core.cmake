# core by itself: its compiled parts over a scripted backend, internal headers included.
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

add_executable(core_test)
target_sources(core_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/core_autocommit.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_bounds.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_filters.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_fork_guard.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_key_index.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_layers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_page.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_pool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_pool_closing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_pool_connect.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_pool_fork.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_pool_places.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_pool_races.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_predicate.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_relations.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_repository.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_select.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_session.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_store.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_table.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_transaction.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_types.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_writes.cpp)
target_include_directories(core_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../../core/src)
target_link_libraries(core_test PRIVATE tenon_core fmt::fmt tenon_catch_main Threads::Threads)
tenon_target(core_test)
add_test(NAME core COMMAND core_test)
set_tests_properties(core PROPERTIES LABELS unit TIMEOUT 120)

# A program by itself, because it counts what asks the heap.
if(NOT TENON_SANITIZE)
  add_executable(front_heap_test ${CMAKE_CURRENT_LIST_DIR}/front_heap.cpp)
  target_include_directories(front_heap_test PRIVATE ${CMAKE_CURRENT_LIST_DIR})
  target_link_libraries(front_heap_test PRIVATE tenon_core fmt::fmt tenon_catch_main Threads::Threads)
  tenon_target(front_heap_test)
  add_test(NAME front_heap COMMAND front_heap_test)
  set_tests_properties(front_heap PROPERTIES LABELS unit TIMEOUT 60)
endif()

# What the typed front refuses says why, with both compilers; and what it costs to compile.
if(NOT TENON_SANITIZE)
  set(front_includes -I${PROJECT_SOURCE_DIR}/core/include -I${PROJECT_SOURCE_DIR}/core/interface/include)
  foreach(compiler IN ITEMS g++ clang++)
    add_test(NAME front_wrong.${compiler} COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/front/wrong_test.sh ${compiler}
      ${CMAKE_CURRENT_LIST_DIR}/front/wrong.cpp ${front_includes})
  endforeach()
  add_test(NAME front_compile_time COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/front/compile_time_test.sh g++
    ${CMAKE_CURRENT_LIST_DIR}/front/ten_models.cpp 5 ${front_includes})
  set_tests_properties(front_wrong.g++ front_wrong.clang++ front_compile_time PROPERTIES LABELS unit TIMEOUT 300)
endif()
