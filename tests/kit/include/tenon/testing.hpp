#pragma once
// For tests of applications that use Tenon: a store of its own for each test, in memory, with its tables.
//
//   TEST_CASE("a project is found by its name") {
//     auto store = tenon::testing::memory_store<Project, User>();
//     …
//   }
//
// The store is a real one, served by the sqlite plugin, which is looked for as tenon::open does. One writer at a time:
// a second session that writes waits until the first has committed. Link tenon::testing.
// Threads: every function from any thread; stores share nothing but the loaded plugin.

#include <string>
#include <vector>

#include <tenon/core/settings.hpp>
#include <tenon/core/store.hpp>

namespace tenon::testing {

struct MemoryStoreOptions {
  StoreSettings settings = {};
  std::vector<std::string> plugin_directories = {}; ///< absolute; searched before the usual places
};

/// An empty store without tables. Its data are gone with it and its last session.
/// Errors: PluginError if the sqlite plugin is not found.
[[nodiscard]] Store open_memory_store(const MemoryStoreOptions& options = {});

/// The same with the models' tables, referenced ones first.
template <class... Models> [[nodiscard]] Store memory_store(const MemoryStoreOptions& options = {}) {
  Store store = open_memory_store(options);
  store.create_tables<Models...>();
  return store;
}

} // namespace tenon::testing
