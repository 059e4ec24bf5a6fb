# A disk that is full, seen by the server's processes alone: a library that is loaded into them makes the calls fail
# which let a table's file grow. A small tmpfs would need the right to mount, which containers do not give.
add_library(tenon_full_disk MODULE full_disk.c)
set_target_properties(tenon_full_disk PROPERTIES PREFIX "" C_VISIBILITY_PRESET default)
target_link_libraries(tenon_full_disk PRIVATE ${CMAKE_DL_LIBS})
target_compile_options(tenon_full_disk PRIVATE -fno-sanitize=all) # PostgreSQL itself is not built with them
target_link_options(tenon_full_disk PRIVATE -fno-sanitize=all)

tenon_fault_test(faults_disk SOURCES disk_test.cpp)
target_compile_definitions(faults_disk_test PRIVATE TENON_FULL_DISK="$<TARGET_FILE:tenon_full_disk>")
add_dependencies(faults_disk_test tenon_full_disk)
