# The pool over real backends: what a child process may do with what its parent opened.
tenon_fault_test(faults_fork SOURCES fork_test.cpp TIMEOUT 120)
