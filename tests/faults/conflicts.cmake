# Transactions that collide on a healthy server: retried, and right in the end.
tenon_fault_test(faults_conflicts SOURCES conflicts_test.cpp)
