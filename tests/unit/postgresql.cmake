# The PostgreSQL backend's classes, behind the plugin's two exports, against a real server that the binary starts itself.
find_package(PostgreSQL REQUIRED)
find_package(SOCI REQUIRED COMPONENTS PostgreSQL)
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

add_executable(postgresql_test)
target_sources(postgresql_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_connection.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_errors.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_existing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_pooler.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_repository.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_settings.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_statements.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_support.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_transactions.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_values.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_waiter.cpp)
target_link_libraries(postgresql_test PRIVATE
  tenon_postgresql_objects tenon_test_servers SOCI::Core SOCI::PostgreSQL PostgreSQL::PostgreSQL fmt::fmt-header-only
  tenon_catch_main Threads::Threads)
tenon_target(postgresql_test)
add_test(NAME postgresql COMMAND postgresql_test)
set_tests_properties(postgresql PROPERTIES LABELS unit TIMEOUT 300)
