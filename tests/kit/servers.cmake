# Temporary database servers for tests, and `tenon_pg`, which runs any command with one.
# A test that only needs a server to be there:
#   add_test(NAME x COMMAND tenon_pg run -- $<TARGET_FILE:x>)
# A test that kills, stalls or restarts it links tenon_test_servers and starts its own.

find_package(PostgreSQL REQUIRED)

add_library(tenon_test_servers STATIC
  src/pgbouncer.cpp
  src/port_reservation.cpp
  src/postgres_installation.cpp
  src/postgres_server.cpp
  src/process.cpp
  src/server_folder.cpp
  src/tcp_proxy.cpp
  src/wire_scanner.cpp)
target_include_directories(tenon_test_servers PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
  PRIVATE src)
find_package(Threads REQUIRED)
target_link_libraries(tenon_test_servers PUBLIC tenon::interface PRIVATE PostgreSQL::PostgreSQL Threads::Threads)
tenon_target(tenon_test_servers)

add_executable(tenon_pg tools/tenon_pg.cpp)
target_link_libraries(tenon_pg PRIVATE tenon_test_servers)
tenon_target(tenon_pg)
