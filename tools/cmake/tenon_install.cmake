# What an installation holds: headers, libtenon, the plugins beside it, the command, and the CMake package.
include(CMakePackageConfigHelpers)

set(_tenon_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tenon)
set(_tenon_targets tenon_interface tenon_plugin_abi tenon_plugin_sdk tenon_core_headers tenon tenon_adpa tenon_testing)
install(TARGETS ${_tenon_targets} EXPORT tenon-targets)
install(EXPORT tenon-targets NAMESPACE tenon:: DESTINATION ${_tenon_package_dir})

foreach(_headers IN ITEMS core/interface core core/adpa plugins/abi plugins/sdk plugins/host config)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${_headers}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/tests/kit/include/tenon/testing.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tenon)

foreach(_plugin IN ITEMS tenon_sqlite tenon_postgresql)
  if(TARGET ${_plugin})
    install(TARGETS ${_plugin} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tenon/plugins/v1)
  endif()
endforeach()
if(TARGET tenon_command)
  install(TARGETS tenon_command)
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/cmake/tenon-config.cmake.in
  ${PROJECT_BINARY_DIR}/tenon-config.cmake INSTALL_DESTINATION ${_tenon_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tenon-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/tenon-config.cmake ${PROJECT_BINARY_DIR}/tenon-config-version.cmake
  ${PROJECT_SOURCE_DIR}/tools/cmake/tenon_plugin.cmake ${PROJECT_SOURCE_DIR}/tools/cmake/tenon_plugin.map
  DESTINATION ${_tenon_package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/config/storage.yaml ${PROJECT_SOURCE_DIR}/config/storage.schema.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/tenon)
