# A standby takes over under load.
tenon_fault_test(faults_failover SOURCES failover_test.cpp ALONE)
