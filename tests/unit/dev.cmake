# ./dev and the scripts behind it.
add_test(NAME dev_command COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/dev_test.sh ${PROJECT_SOURCE_DIR})
set_tests_properties(dev_command PROPERTIES LABELS unit TIMEOUT 60)
