# tenon_add_backend_plugin(NAME source…): a shared library tenon_NAME that exports the plugin's entry and tag and nothing else.
# Requires a target tenon::plugin_sdk. Used by this tree and, installed, by projects that write a backend of their own.
set(_TENON_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/tenon_plugin.map CACHE INTERNAL "version script of backend plugins")

function(tenon_add_backend_plugin name)
  add_library(tenon_${name} MODULE ${ARGN})
  target_link_libraries(tenon_${name} PRIVATE tenon::plugin_sdk)
  target_compile_features(tenon_${name} PRIVATE cxx_std_20)
  if(NOT PROJECT_IS_TOP_LEVEL AND TARGET tenon)
    set(folder $<TARGET_FILE_DIR:tenon>/tenon/plugins/v1) # beside the library, where it is found
  else()
    set(folder ${CMAKE_BINARY_DIR}/lib/tenon/plugins/v1)
  endif()
  set_target_properties(tenon_${name} PROPERTIES
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${_TENON_PLUGIN_MAP}
    LIBRARY_OUTPUT_DIRECTORY ${folder})
  target_link_options(tenon_${name} PRIVATE -Wl,--version-script=${_TENON_PLUGIN_MAP})
  # A missing symbol is the linker's error, not the user's; sanitized code gets its run time from the executable only.
  if(NOT TENON_SANITIZE AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    target_link_options(tenon_${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()
