# What can happen to a server and its connections while an application works; each case has a server of its own.
tenon_fault_test(faults_stops SOURCES stops_test.cpp ALONE)
tenon_fault_test(faults_limits SOURCES limits_test.cpp)
