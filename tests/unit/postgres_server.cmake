# The temporary PostgreSQL servers of the kit and the tenon_pg command over them.
find_package(PostgreSQL REQUIRED)

add_executable(postgres_server_test ${CMAKE_CURRENT_LIST_DIR}/postgres_server_test.cpp)
target_link_libraries(postgres_server_test PRIVATE tenon_test_servers PostgreSQL::PostgreSQL tenon_catch_main)
tenon_target(postgres_server_test)
add_test(NAME postgres_server COMMAND postgres_server_test)
add_test(NAME postgres_command COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/tenon_pg_test.sh $<TARGET_FILE:tenon_pg>)
set_tests_properties(postgres_server postgres_command PROPERTIES LABELS unit TIMEOUT 300)
