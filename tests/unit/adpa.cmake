# The application layer through libtenon and both loaded plugins, on a temporary PostgreSQL and on SQLite. libpq and
# sqlite3 see what other applications would.
find_package(PostgreSQL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Threads REQUIRED)

add_executable(adpa_test)
target_sources(adpa_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/adpa_concurrency.cpp
  ${CMAKE_CURRENT_LIST_DIR}/adpa_configs.cpp
  ${CMAKE_CURRENT_LIST_DIR}/adpa_database.cpp
  ${CMAKE_CURRENT_LIST_DIR}/adpa_health.cpp
  ${CMAKE_CURRENT_LIST_DIR}/adpa_sqlalchemy.cpp
  ${CMAKE_CURRENT_LIST_DIR}/adpa_states.cpp
  ${CMAKE_CURRENT_LIST_DIR}/adpa_users.cpp)
target_compile_definitions(adpa_test PRIVATE
  TENON_SQLALCHEMY_FOLDER="${CMAKE_CURRENT_LIST_DIR}/sqlalchemy")
target_link_libraries(adpa_test PRIVATE
  tenon::adpa tenon::tenon PostgreSQL::PostgreSQL SQLite::SQLite3 tenon_catch_main Threads::Threads)
tenon_target(adpa_test)
add_dependencies(adpa_test tenon_sqlite tenon_postgresql) # found beside the library at run time
add_test(NAME adpa COMMAND tenon_pg run -- $<TARGET_FILE:adpa_test>)
set_tests_properties(adpa PROPERTIES LABELS unit TIMEOUT 300)
