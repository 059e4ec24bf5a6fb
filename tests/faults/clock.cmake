# The clock on the wall is set while things wait: a library before libc, as with LD_PRELOAD, which would not get along
# with the sanitizers' own.
add_library(tenon_clock_steps SHARED clock_steps.c)
set_target_properties(tenon_clock_steps PROPERTIES C_VISIBILITY_PRESET default)
target_compile_options(tenon_clock_steps PRIVATE -fno-sanitize=all) # they ask for the time before they are ready
target_link_options(tenon_clock_steps PRIVATE -fno-sanitize=all)

tenon_fault_test(faults_clock SOURCES clock_test.cpp LIBRARIES tenon_clock_steps TIMEOUT 120)
