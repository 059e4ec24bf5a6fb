# Random operations under random faults, for as long as TENON_SOAK_MINUTES says.
tenon_fault_test(faults_soak SOURCES soak_test.cpp soak_chaos.cpp soak_work.cpp SOAK)
