# SQLite under processes that are killed, files that fail and forks: see sqlite_*_test.cpp.
if(TARGET tenon_sqlite)
  find_package(SQLite3 REQUIRED)

  add_library(tenon_faults_sqlite STATIC sqlite_rig.cpp)
  target_include_directories(tenon_faults_sqlite PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(tenon_faults_sqlite PUBLIC tenon::tenon SQLite::SQLite3 fmt::fmt)
  target_compile_definitions(tenon_faults_sqlite PRIVATE
    TENON_FAULTS_SQLITE="$<TARGET_FILE:tenon_sqlite>"
    TENON_FAULTS_SQLITE_WORKER="$<TARGET_FILE_DIR:tenon_faults_sqlite_worker>/sqlite_worker")
  tenon_target(tenon_faults_sqlite)

  add_executable(tenon_faults_sqlite_worker sqlite_worker.cpp)
  set_target_properties(tenon_faults_sqlite_worker PROPERTIES OUTPUT_NAME sqlite_worker)
  target_link_libraries(tenon_faults_sqlite_worker PRIVATE tenon_faults_sqlite)
  add_dependencies(tenon_faults_sqlite_worker tenon_sqlite)
  tenon_target(tenon_faults_sqlite_worker)

  tenon_fault_test(faults_sqlite SOURCES failing_vfs.cpp sqlite_files_test.cpp sqlite_kill_test.cpp
    sqlite_processes_test.cpp LIBRARIES tenon_faults_sqlite)
  add_dependencies(faults_sqlite_test tenon_faults_sqlite_worker)
endif()
