# What can happen on the wire between us and a healthy server, through the kit's proxy.
tenon_fault_test(faults_wire SOURCES wire_test.cpp ALONE)
tenon_fault_test(faults_cuts SOURCES cuts_test.cpp)
