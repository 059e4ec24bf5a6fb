# core by itself: its compiled parts over a scripted backend, internal headers included.
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

add_executable(core_test)
target_sources(core_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/core_fork_guard.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_layers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_page.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_pool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_predicate.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_repository.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_session.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_store.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_table.cpp
  ${CMAKE_CURRENT_LIST_DIR}/core_types.cpp)
target_include_directories(core_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../../core/src)
target_link_libraries(core_test PRIVATE tenon_core fmt::fmt tenon_catch_main Threads::Threads)
tenon_target(core_test)
add_test(NAME core COMMAND core_test)
set_tests_properties(core PROPERTIES LABELS unit TIMEOUT 120)
