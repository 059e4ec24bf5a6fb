#pragma once
// What a backend can do, as data: asked once, compared by bits, never found out by dynamic_cast.
// An operation behind an unclaimed capability answers NotSupported.

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tenon {

/// Each is one bit and the same number as TENON_CAP_* in tenon_abi.h.
enum class Capability : std::uint64_t {
  transactions = 1U << 0,            ///< begin, commit, rollback; without it every call is its own transaction
  savepoints = 1U << 1,              ///< Session::nested
  concurrent_transactions = 1U << 2, ///< a session reads the last committed state while another one writes
  sql = 1U << 3,                     ///< ISession::execute
  upsert = 1U << 4,
  foreign_keys = 1U << 5, ///< described foreign keys are enforced
  create_tables = 1U << 6,
  schemas = 1U << 7,         ///< tables may live in a named schema
  deadlines = 1U << 8,       ///< calls end when the session's deadline passes
  cancel = 1U << 9,          ///< ISession::cancel
  bulk_load = 1U << 10,      ///< inserts of many rows take a faster way than row by row
  persistence = 1U << 11,    ///< data outlive the store
  resolve_commit = 1U << 12, ///< IBackend::resolve: a lost answer to COMMIT can be found out
  json = 1U << 13,           ///< paths into JSON documents
  joins = 1U << 14,          ///< sources: joins and NodeKind::exists
  aggregates = 1U << 15,     ///< outputs with aggregates, group and having
  row_locks = 1U << 16,      ///< Query::lock
  batch = 1U << 17,          ///< ISession::batch in few round trips
  arrays = 1U << 18,         ///< columns of CellType::array
  unicode_case = 1U << 19,   ///< Fold::unicode
};

class Capabilities {
public:
  constexpr Capabilities() noexcept = default;
  constexpr explicit Capabilities(std::uint64_t bits) noexcept : bits_(bits) {}
  template <class... C> [[nodiscard]] static constexpr Capabilities of(C... claimed) noexcept {
    return Capabilities((std::uint64_t{0} | ... | static_cast<std::uint64_t>(claimed)));
  }
  [[nodiscard]] constexpr bool has(Capability wanted) const noexcept {
    return (bits_ & static_cast<std::uint64_t>(wanted)) != 0;
  }
  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  friend constexpr bool operator==(Capabilities, Capabilities) noexcept = default;

private:
  std::uint64_t bits_ = 0;
};

/// Names for `tenon plugin info` and messages, in the order of the bits.
inline constexpr std::array<std::pair<Capability, std::string_view>, 20> kCapabilityNames{{
    {Capability::transactions, "transactions"},
    {Capability::savepoints, "savepoints"},
    {Capability::concurrent_transactions, "concurrent_transactions"},
    {Capability::sql, "sql"},
    {Capability::upsert, "upsert"},
    {Capability::foreign_keys, "foreign_keys"},
    {Capability::create_tables, "create_tables"},
    {Capability::schemas, "schemas"},
    {Capability::deadlines, "deadlines"},
    {Capability::cancel, "cancel"},
    {Capability::bulk_load, "bulk_load"},
    {Capability::persistence, "persistence"},
    {Capability::resolve_commit, "resolve_commit"},
    {Capability::json, "json"},
    {Capability::joins, "joins"},
    {Capability::aggregates, "aggregates"},
    {Capability::row_locks, "row_locks"},
    {Capability::batch, "batch"},
    {Capability::arrays, "arrays"},
    {Capability::unicode_case, "unicode_case"},
}};

/// The views end in NUL, because they view literals. Empty for a capability of a later version.
[[nodiscard]] constexpr std::string_view capability_name(Capability capability) noexcept {
  for (const auto& [known, name] : kCapabilityNames) {
    if (known == capability) return name;
  }
  return {};
}

} // namespace tenon
