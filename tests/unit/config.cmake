# config through libtenon's public headers; yaml-cpp only to read the JSON that config writes.
find_package(yaml-cpp REQUIRED)

add_executable(config_test)
target_sources(config_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/config_errors.cpp
  ${CMAKE_CURRENT_LIST_DIR}/config_profiles.cpp
  ${CMAKE_CURRENT_LIST_DIR}/config_schema.cpp
  ${CMAKE_CURRENT_LIST_DIR}/config_secrets.cpp
  ${CMAKE_CURRENT_LIST_DIR}/config_sources.cpp
  ${CMAKE_CURRENT_LIST_DIR}/config_uri.cpp)
target_link_libraries(config_test PRIVATE tenon::tenon yaml-cpp tenon_catch_main)
target_compile_definitions(config_test PRIVATE TENON_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  TENON_MISBEHAVING_PLUGIN="$<TARGET_FILE:test_plugin_misbehaving>")
add_dependencies(config_test test_plugin_misbehaving)
tenon_target(config_test)
add_test(NAME config COMMAND config_test)
set_tests_properties(config PROPERTIES LABELS unit TIMEOUT 120)
