#pragma once
// Everything a backend in C++ needs: derive from IBackend, ISession and IRepository, then write, once and at global
// scope
//
//   TENON_EXPORT_BACKEND(my::Backend)
//
// which defines the plugin's two exports. Link tenon::plugin_sdk and nothing else of Tenon; build with
// tenon_add_backend_plugin(), which hides all other names.
// Errors: throw the classes of tenon/interface/error.hpp; anything else reaches the application as tenon::Internal.

#include <tenon/sdk/thunks.hpp>

#define TENON_EXPORT_BACKEND(BackendClass)                                                                             \
  TENON_ABI_TAG                                                                                                        \
  TENON_ABI_EXPORT const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host* host, tenon_error* error);          \
  const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host*, tenon_error* error) {                               \
    static_assert(::tenon::sdk::Backend<BackendClass>,                                                                 \
                  "an exported backend derives from tenon::IBackend and has static plugin_info(), "                    \
                  "plugin_capabilities() and open(Options)");                                                          \
    const tenon_backend_v1* made = nullptr;                                                                            \
    ::tenon::sdk::detail::guard(error, [&] {                                                                           \
      static const ::tenon::BackendInfo info = BackendClass::plugin_info();                                            \
      static const tenon_backend_v1 table = ::tenon::sdk::make_table<BackendClass>(info);                              \
      made = &table;                                                                                                   \
    });                                                                                                                \
    return made;                                                                                                       \
  }
