# tenon::testing: what users' tests link, installed with the rest.
add_library(tenon_testing STATIC src/memory_store.cpp)
add_library(tenon::testing ALIAS tenon_testing)
set_target_properties(tenon_testing PROPERTIES EXPORT_NAME testing)
target_include_directories(tenon_testing PUBLIC
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(tenon_testing PUBLIC tenon::tenon)
tenon_target(tenon_testing)

if(TENON_BUILD_TESTS AND TARGET tenon_sqlite)
  find_package(Threads REQUIRED)
  add_executable(memory_store_test ${CMAKE_CURRENT_SOURCE_DIR}/../unit/memory_store_test.cpp)
  target_link_libraries(memory_store_test PRIVATE tenon::testing tenon_catch_main Threads::Threads)
  add_dependencies(memory_store_test tenon_sqlite)
  tenon_target(memory_store_test)
  add_test(NAME memory_store COMMAND memory_store_test)
  set_tests_properties(memory_store PROPERTIES LABELS unit TIMEOUT 120)
endif()
