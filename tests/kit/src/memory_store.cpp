#include <tenon/testing.hpp>

#include <array>

#include <tenon/host/registry.hpp>

namespace tenon::testing {

Store open_memory_store(const MemoryStoreOptions& options) {
  host::PluginRequest request;
  request.backend = "sqlite";
  request.directories = options.plugin_directories;
  const std::array connection{Option{"database", ":memory:"}};
  return Store(host::open_backend(host::load_plugin(request), connection), options.settings);
}

} // namespace tenon::testing
