#include "function_table.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <tenon/sdk/bridge.hpp>

#include "plugin_names.hpp"
#include "refusal.hpp"

namespace tenon::host {

namespace {

/// Marks an error as a stub's; there is nothing to free.
void release_stub(tenon_error* error) { error->release = nullptr; }

template <Capability C> std::int32_t refuse(tenon_error* error) noexcept {
  error->code = TENON_E_NOT_SUPPORTED;
  error->message = bridge::string(capability_name(C));
  error->release = &release_stub;
  return TENON_E_NOT_SUPPORTED;
}

/// A function of the same signature that only refuses; its last argument is the error.
template <Capability C, class Function> struct Stub;
template <Capability C, class... Arguments> struct Stub<C, std::int32_t (*)(Arguments...)> {
  static std::int32_t call(Arguments... arguments) noexcept {
    return refuse<C>(std::get<sizeof...(Arguments) - 1>(std::tuple{arguments...}));
  }
};

template <Capability C, class Function> void stub(Function& function, Capabilities claimed) noexcept {
  if (!claimed.has(C)) function = &Stub<C, Function>::call;
}

struct Need {
  const char* name;
  bool present;
};

[[noreturn]] void broken(std::string reason) {
  throw Refusal{LoadCode::broken_contract, std::move(reason), "report this to the plugin's author"};
}

void check_required(const tenon_backend_v1& t) {
  const std::array needs{Need{"database_open", t.database_open != nullptr},
                         Need{"database_close", t.database_close != nullptr},
                         Need{"session_open", t.session_open != nullptr},
                         Need{"session_close", t.session_close != nullptr},
                         Need{"repository_open", t.repository_open != nullptr},
                         Need{"repository_insert", t.repository_insert != nullptr},
                         Need{"repository_find", t.repository_find != nullptr},
                         Need{"repository_select", t.repository_select != nullptr},
                         Need{"repository_update", t.repository_update != nullptr},
                         Need{"repository_remove", t.repository_remove != nullptr},
                         Need{"cursor_next", t.cursor_next != nullptr},
                         Need{"cursor_close", t.cursor_close != nullptr}};
  for (const Need& need : needs) {
    if (!need.present) broken(fmt::format("the table lacks the required function {}", need.name));
  }
}

void check_claims(const tenon_backend_v1& t) {
  const std::array needs{
      std::pair{Capability::transactions, Need{"session_begin", t.session_begin != nullptr}},
      std::pair{Capability::transactions, Need{"session_commit", t.session_commit != nullptr}},
      std::pair{Capability::transactions, Need{"session_rollback", t.session_rollback != nullptr}},
      std::pair{Capability::savepoints, Need{"session_savepoint", t.session_savepoint != nullptr}},
      std::pair{Capability::create_tables, Need{"session_create_tables", t.session_create_tables != nullptr}},
      std::pair{Capability::sql, Need{"session_execute", t.session_execute != nullptr}},
      std::pair{Capability::deadlines, Need{"session_set_deadline", t.session_set_deadline != nullptr}},
      std::pair{Capability::cancel, Need{"session_cancel", t.session_cancel != nullptr}},
      std::pair{Capability::resolve_commit, Need{"database_resolve", t.database_resolve != nullptr}},
      std::pair{Capability::upsert, Need{"repository_upsert", t.repository_upsert != nullptr}},
      std::pair{Capability::sql, Need{"repository_explain", t.repository_explain != nullptr}},
      std::pair{Capability::batch, Need{"session_batch", t.session_batch != nullptr}},
  };
  const Capabilities claimed(t.capabilities);
  for (const auto& [capability, need] : needs) {
    if (claimed.has(capability) && !need.present) {
      broken(fmt::format("claims the capability {} without the function {}", capability_name(capability), need.name));
    }
  }
}

} // namespace

Capabilities known_capabilities(std::uint64_t bits) noexcept {
  std::uint64_t known = 0;
  for (const auto& [capability, name] : kCapabilityNames)
    known |= static_cast<std::uint64_t>(capability);
  return Capabilities(bits & known);
}

void set_stubs(tenon_backend_v1& table, Capabilities claimed) noexcept {
  stub<Capability::transactions>(table.session_begin, claimed);
  stub<Capability::transactions>(table.session_commit, claimed);
  stub<Capability::transactions>(table.session_rollback, claimed);
  stub<Capability::savepoints>(table.session_savepoint, claimed);
  stub<Capability::create_tables>(table.session_create_tables, claimed);
  stub<Capability::sql>(table.session_execute, claimed);
  stub<Capability::deadlines>(table.session_set_deadline, claimed);
  stub<Capability::resolve_commit>(table.database_resolve, claimed);
  stub<Capability::upsert>(table.repository_upsert, claimed);
  stub<Capability::sql>(table.repository_explain, claimed);
  if (!claimed.has(Capability::cancel)) table.session_cancel = [](tenon_session*) {};
}

const char* stubbed_capability(const tenon_error& error) noexcept {
  return error.release == &release_stub ? error.message.data : nullptr;
}

std::unique_ptr<tenon_backend_v1> check_table(const tenon_backend_v1& given, const AbiTag& tag,
                                              const std::string& backend) {
  if (given.magic != TENON_ABI_MAGIC) broken("the table does not begin with Tenon's magic number");
  constexpr std::size_t kIdentityEnd = offsetof(tenon_backend_v1, database_open);
  if (given.struct_size < kIdentityEnd) {
    broken(fmt::format("the table says that it has {} bytes; its fixed part alone has {}", given.struct_size,
                       kIdentityEnd));
  }
  if (given.struct_size % alignof(tenon_backend_v1) != 0) { // would cut a pointer in two
    broken(fmt::format("the table's size of {} bytes ends within a field", given.struct_size));
  }
  auto table = std::make_unique<tenon_backend_v1>(bridge::read_struct(&given));
  const AbiVersion version{table->abi_major, table->abi_minor};
  if (version != tag.version) {
    broken(fmt::format("the table says ABI {}, the tag says {}", to_string(version), to_string(tag.version)));
  }
  check_version(version, table->min_host_minor, std::string(bridge::view(table->version)));
  check_required(*table);
  table->capabilities = known_capabilities(table->capabilities).bits();
  check_claims(*table);
  const std::string_view id = bridge::view(table->id);
  if (!is_backend_id(id)) broken("the table's id is not of the form [a-z][a-z0-9_]*");
  if (id != backend) {
    throw Refusal{LoadCode::id_mismatch, fmt::format("the plugin is backend \"{}\"", id),
                  fmt::format("write \"backend: {}\", or install the plugin for \"{}\"", id, backend)};
  }
  set_stubs(*table, Capabilities(table->capabilities));
  return table;
}

} // namespace tenon::host
