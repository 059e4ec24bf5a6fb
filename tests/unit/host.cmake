# Unit tests of the plugin host, against plugins built for them, and of tenon_abi.h under every compiler that it promises.
find_package(fmt CONFIG REQUIRED)
find_package(Threads REQUIRED)
add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/../plugins ${CMAKE_CURRENT_BINARY_DIR}/test_plugins)
get_property(test_plugins GLOBAL PROPERTY TENON_TEST_PLUGINS)

add_executable(unit_host_tests
  ${CMAKE_CURRENT_LIST_DIR}/host_support.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_adapter_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_load_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_list_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_minimal_c_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_misbehaving_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_negotiate_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_search_test.cpp)
tenon_target(unit_host_tests)
# In a folder of its own: the folder beside the program is one of the places of search, and must not be there.
set_target_properties(unit_host_tests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/host)
target_compile_definitions(unit_host_tests PRIVATE
  TENON_TEST_PLUGIN_DIR="$<TARGET_FILE_DIR:test_plugin_good>")
target_link_libraries(unit_host_tests PRIVATE tenon_host tenon_catch_main fmt::fmt Threads::Threads ${CMAKE_DL_LIBS})
add_dependencies(unit_host_tests ${test_plugins})

add_test(NAME unit_host COMMAND unit_host_tests)
# The dynamic linker reads LD_LIBRARY_PATH once, at the start of a process.
add_test(NAME unit_host_ld_library_path COMMAND unit_host_tests "[.ld_library_path]")
set_tests_properties(unit_host_ld_library_path PROPERTIES
  ENVIRONMENT "LD_LIBRARY_PATH=$<TARGET_FILE_DIR:test_plugin_good>/on_library_path")
set_tests_properties(unit_host unit_host_ld_library_path PROPERTIES LABELS unit TIMEOUT 120)

# A compiler that is missing is a failure.
set(abi_include ${CMAKE_CURRENT_LIST_DIR}/../../plugins/abi/include)
set(abi_warnings -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only -I${abi_include})
set(minimal_c ${CMAKE_CURRENT_LIST_DIR}/../plugins/minimal_c)
foreach(compiler IN ITEMS gcc clang)
  add_test(NAME unit_abi_${compiler}
    COMMAND ${compiler} -std=c99 ${abi_warnings} ${minimal_c}/minimal.c ${minimal_c}/store.c ${minimal_c}/filter.c)
endforeach()
foreach(compiler IN ITEMS g++ clang++)
  add_test(NAME unit_abi_${compiler}
    COMMAND ${compiler} -std=c++11 ${abi_warnings} ${CMAKE_CURRENT_LIST_DIR}/../plugins/entry_throws.cpp)
endforeach()
set_tests_properties(unit_abi_gcc unit_abi_clang unit_abi_g++ unit_abi_clang++ PROPERTIES LABELS unit)
