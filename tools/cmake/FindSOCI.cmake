# FindSOCI: SOCI 4 with the components Core (always), PostgreSQL, SQLite3 and MySQL.
#
#   find_package(SOCI 4.0 REQUIRED COMPONENTS PostgreSQL)
#   target_link_libraries(x PRIVATE SOCI::Core SOCI::PostgreSQL)
#
# SOCI's own CMake configuration is used where it is installed. Debian's libsoci-dev 4.0.3 has neither that nor a
# pkg-config file, so headers and libraries are looked up here; a component's target brings its driver's headers with
# it, because SOCI's public headers include them.
# Defines SOCI::<component>, SOCI_FOUND, SOCI_VERSION and SOCI_<component>_FOUND.

set(_soci_component_PostgreSQL_lib soci_postgresql)
set(_soci_component_PostgreSQL_header soci/postgresql/soci-postgresql.h)
set(_soci_component_PostgreSQL_driver_header libpq-fe.h)
set(_soci_component_PostgreSQL_driver_suffixes postgresql)
set(_soci_component_PostgreSQL_driver_package libpq-dev)
set(_soci_component_SQLite3_lib soci_sqlite3)
set(_soci_component_SQLite3_header soci/sqlite3/soci-sqlite3.h)
set(_soci_component_SQLite3_driver_header sqlite3.h)
set(_soci_component_SQLite3_driver_suffixes "")
set(_soci_component_SQLite3_driver_package libsqlite3-dev)
set(_soci_component_MySQL_lib soci_mysql)
set(_soci_component_MySQL_header soci/mysql/soci-mysql.h)
set(_soci_component_MySQL_driver_header mysql.h)
set(_soci_component_MySQL_driver_suffixes mariadb mysql)
set(_soci_component_MySQL_driver_package libmariadb-dev)

set(_soci_components ${SOCI_FIND_COMPONENTS})
list(REMOVE_ITEM _soci_components Core)
foreach(component IN LISTS _soci_components)
  if(NOT DEFINED _soci_component_${component}_lib)
    message(FATAL_ERROR "FindSOCI: unknown component '${component}' (known: Core, PostgreSQL, SQLite3, MySQL)")
  endif()
endforeach()

set(_soci_missing "")

find_package(SOCI CONFIG QUIET)
if(SOCI_FOUND)
  # SOCI 4.1 names its targets SOCI::Core; a 4.0 built by hand names them SOCI::soci_core.
  if(NOT TARGET SOCI::Core AND TARGET SOCI::soci_core)
    add_library(SOCI::Core INTERFACE IMPORTED)
    target_link_libraries(SOCI::Core INTERFACE SOCI::soci_core)
  endif()
  foreach(component IN LISTS _soci_components)
    set(_soci_target SOCI::${_soci_component_${component}_lib})
    if(NOT TARGET SOCI::${component} AND TARGET ${_soci_target})
      add_library(SOCI::${component} INTERFACE IMPORTED)
      target_link_libraries(SOCI::${component} INTERFACE ${_soci_target})
    endif()
    if(TARGET SOCI::${component})
      set(SOCI_${component}_FOUND TRUE)
    else()
      list(APPEND _soci_missing "the SOCI in ${SOCI_DIR} was built without ${component}")
    endif()
  endforeach()
  set(SOCI_INCLUDE_DIR ${SOCI_DIR}) # what the package check below needs: the place it was found in
else()
  find_path(SOCI_INCLUDE_DIR soci/soci.h)
  find_library(SOCI_Core_LIBRARY soci_core)
  mark_as_advanced(SOCI_INCLUDE_DIR SOCI_Core_LIBRARY)
  if(NOT SOCI_INCLUDE_DIR OR NOT SOCI_Core_LIBRARY)
    list(APPEND _soci_missing "SOCI itself (Debian: apt-get install libsoci-dev)")
  else()
    if(EXISTS ${SOCI_INCLUDE_DIR}/soci/version.h)
      file(STRINGS ${SOCI_INCLUDE_DIR}/soci/version.h _soci_line REGEX "^#define SOCI_LIB_VERSION \"")
      string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+)(_([0-9]+))?.*" "\\1.\\2.\\4" SOCI_VERSION "${_soci_line}")
      string(REGEX REPLACE "\\.$" "" SOCI_VERSION "${SOCI_VERSION}")
    endif()
    if(NOT TARGET SOCI::Core)
      add_library(SOCI::Core UNKNOWN IMPORTED)
      set_target_properties(SOCI::Core PROPERTIES
        IMPORTED_LOCATION ${SOCI_Core_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${SOCI_INCLUDE_DIR}
        INTERFACE_LINK_LIBRARIES "${CMAKE_DL_LIBS}")
    endif()
    foreach(component IN LISTS _soci_components)
      set(_soci_prefix _soci_component_${component})
      find_path(SOCI_${component}_INCLUDE_DIR ${${_soci_prefix}_header} HINTS ${SOCI_INCLUDE_DIR})
      find_library(SOCI_${component}_LIBRARY ${${_soci_prefix}_lib})
      find_path(SOCI_${component}_DRIVER_INCLUDE_DIR ${${_soci_prefix}_driver_header}
        PATH_SUFFIXES ${${_soci_prefix}_driver_suffixes})
      mark_as_advanced(SOCI_${component}_INCLUDE_DIR SOCI_${component}_LIBRARY SOCI_${component}_DRIVER_INCLUDE_DIR)
      if(NOT SOCI_${component}_INCLUDE_DIR OR NOT SOCI_${component}_LIBRARY)
        list(APPEND _soci_missing "SOCI's ${component} backend (Debian: apt-get install libsoci-dev)")
      elseif(NOT SOCI_${component}_DRIVER_INCLUDE_DIR)
        list(APPEND _soci_missing "${${_soci_prefix}_driver_header}, which SOCI's ${component} header includes \
(Debian: apt-get install ${${_soci_prefix}_driver_package})")
      else()
        set(SOCI_${component}_FOUND TRUE)
        if(NOT TARGET SOCI::${component})
          add_library(SOCI::${component} UNKNOWN IMPORTED)
          set_target_properties(SOCI::${component} PROPERTIES
            IMPORTED_LOCATION ${SOCI_${component}_LIBRARY}
            INTERFACE_INCLUDE_DIRECTORIES "${SOCI_${component}_INCLUDE_DIR};${SOCI_${component}_DRIVER_INCLUDE_DIR}"
            INTERFACE_LINK_LIBRARIES SOCI::Core)
        endif()
      endif()
    endforeach()
  endif()
endif()
if(TARGET SOCI::Core)
  set(SOCI_Core_FOUND TRUE)
endif()

set(_soci_reason "")
if(_soci_missing)
  list(JOIN _soci_missing "; " _soci_reason)
  set(_soci_reason "missing: ${_soci_reason}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SOCI REQUIRED_VARS SOCI_INCLUDE_DIR VERSION_VAR SOCI_VERSION HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "${_soci_reason}")
