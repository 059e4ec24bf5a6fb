# backends/sql by itself: what the compiler writes in the dialects of the first-party backends, and what it refuses.

add_executable(sql_test)
target_sources(sql_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/sql_arena.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_cache.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_filters.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_leading_word.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_malformed.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_queries.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_schema.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_statements.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sql_text.cpp)
target_include_directories(sql_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../../backends)
target_link_libraries(sql_test PRIVATE tenon_backend_sql tenon_catch_main)
tenon_target(sql_test)
add_test(NAME sql COMMAND sql_test)
set_tests_properties(sql PROPERTIES LABELS unit TIMEOUT 120)
