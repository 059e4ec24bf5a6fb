# The pool over real backends: what a child process may do with what its parent opened.
# ThreadSanitizer ends a child that starts threads, as a store in a child does.
if(NOT TENON_SANITIZE STREQUAL "thread")
  tenon_fault_test(faults_fork SOURCES fork_test.cpp TIMEOUT 120)
endif()
