#pragma once
// CollationOrder: which text columns of existing tables have a collation that is not by code point; asked of the
// catalogue once per table. Used by the compiler through sql::TextOrder. Threads: as its session.

#include <unordered_map>
#include <vector>

#include <tenon/interface/table.hpp>
#include <tenon/sql/names.hpp>

#include "connection.hpp"

namespace tenon::postgresql {

class CollationOrder final : public sql::TextOrder {
public:
  explicit CollationOrder(Connection& connection) : connection_(connection) {}

  /// Errors: as any statement; it runs within the call that asks.
  [[nodiscard]] bool is_foreign(const TableDesc& table, std::uint32_t column) const override;
  /// Asks now, so that is_foreign needs not: nothing can be asked within a pipeline.
  void learn(const TableDesc& table) const;

private:
  Connection& connection_;
  mutable std::unordered_map<const TableDesc*, std::vector<bool>> known_;
};

} // namespace tenon::postgresql
