# backends/sqlite by itself: its classes over real databases, in memory and in temporary files.
find_package(SOCI REQUIRED COMPONENTS SQLite3)
find_package(SQLite3 REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
find_package(Threads REQUIRED)

add_executable(sqlite_test)
target_sources(sqlite_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_bulk.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_commits.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_cursors.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_decimals.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_errors.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_finds.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_foreign_tables.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_functions.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_letters.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_limits.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_memory.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_narrow.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_opening.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_predicates.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_provoked.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_settings.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_sharing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_sql.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_time_text.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_traps.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_transactions.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_updates.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_values.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sqlite_writes.cpp)
target_link_libraries(sqlite_test PRIVATE
  tenon_sqlite_objects SOCI::Core SOCI::SQLite3 SQLite::SQLite3 ICU::uc tenon_catch_main Threads::Threads)
tenon_target(sqlite_test)
add_test(NAME sqlite COMMAND sqlite_test)
set_tests_properties(sqlite PROPERTIES LABELS unit TIMEOUT 180)
