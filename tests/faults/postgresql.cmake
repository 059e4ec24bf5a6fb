# The PostgreSQL backend's classes against servers that are slow, gone, demoted, secured or full.
find_package(SOCI REQUIRED COMPONENTS PostgreSQL)
add_executable(faults_postgresql_test)
target_sources(faults_postgresql_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_backstop_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_cancel_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_errors_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_exit_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_fork_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_hosts_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_resolver_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_tls_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/postgresql_traps_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/../unit/postgresql_support.cpp)
target_include_directories(faults_postgresql_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../unit)
target_link_libraries(faults_postgresql_test PRIVATE
  tenon_postgresql_objects tenon_test_servers SOCI::Core SOCI::PostgreSQL PostgreSQL::PostgreSQL fmt::fmt-header-only
  tenon_catch_main Threads::Threads)
tenon_target(faults_postgresql_test)
# Under ThreadSanitizer: GSSAPI, which is not instrumented, ends beside threads at exit; a child that was forked may not
# start threads; copying 64 MiB outlasts a deadline.
set(left_out)
if(TENON_SANITIZE STREQUAL "thread")
  set(left_out "~postgresql exit:*" "~postgresql fork: a child may open*"
    "~postgresql cancel: a send that the server does not read*")
endif()
add_test(NAME faults_postgresql COMMAND faults_postgresql_test ${left_out})
set_tests_properties(faults_postgresql PROPERTIES LABELS faults TIMEOUT 300)
if(NOT TENON_SANITIZE) # it measures times to some ten milliseconds, with up to 20 threads: nothing runs beside
  set_tests_properties(faults_postgresql PROPERTIES RUN_SERIAL TRUE)
endif()

tenon_fault_test(faults_demotion SOURCES postgresql_demotion_test.cpp TIMEOUT 120)
