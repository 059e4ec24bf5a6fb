# Settings that every target of this tree shares. Nothing here reaches users: it is applied by tenon_target() and PRIVATE.

find_program(TENON_CCACHE ccache)
if(TENON_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TENON_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${TENON_CCACHE})
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
endif()

# Sets language level, warnings, visibility and sanitizers of one of our targets.
function(tenon_target target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    target_compile_features(${target} INTERFACE cxx_std_20)
    return()
  endif()
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<BOOL:${TENON_WARNINGS_AS_ERRORS}>:-Werror>)
  if(TENON_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${TENON_SANITIZE} -fno-omit-frame-pointer -g1
      $<$<CONTAINS:${TENON_SANITIZE},undefined>:-fno-sanitize-recover=undefined>)
    target_link_options(${target} PRIVATE -fsanitize=${TENON_SANITIZE})
  endif()
endfunction()
