# The server killed and restarted under 32 threads: the figures of the promise, so nothing runs beside it.
tenon_fault_test(faults_restart SOURCES restart_test.cpp ALONE)
