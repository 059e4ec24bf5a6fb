# tenon::testing: what users' tests link, installed with the rest.
add_library(tenon_testing STATIC src/memory_store.cpp)
add_library(tenon::testing ALIAS tenon_testing)
set_target_properties(tenon_testing PROPERTIES EXPORT_NAME testing)
target_include_directories(tenon_testing PUBLIC
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(tenon_testing PUBLIC tenon::tenon)
tenon_target(tenon_testing)
