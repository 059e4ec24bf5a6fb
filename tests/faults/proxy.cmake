# The kit's proxy by itself, between libpq and a server.
tenon_fault_test(faults_proxy SOURCES proxy_test.cpp)
