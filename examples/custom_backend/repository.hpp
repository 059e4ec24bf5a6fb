#pragma once
// Repository: the calls on one described table. Made by the session. Threads: as its session.

#include <memory>
#include <vector>

#include <tenon/interface/repository.hpp>

#include "session.hpp"

namespace memory_map {

class Repository final : public tenon::IRepository {
public:
  Repository(Session& session, const tenon::TableDesc& table) : session_(session), table_(table) {}

  const tenon::TableDesc& table() const noexcept override { return table_; }
  tenon::RowBatch insert(const tenon::WriteRows& rows) override;
  tenon::RowBatch upsert(const tenon::WriteRows& rows, std::uint32_t key,
                         std::span<const std::uint32_t> update) override;
  tenon::RowBatch find(std::uint32_t key, std::span<const tenon::Cell> values) override;
  std::unique_ptr<tenon::ICursor> select(const tenon::Query& query) override;
  std::uint64_t update(const tenon::Update& update) override;
  std::uint64_t remove(const tenon::Filter& filter) override;
  std::uint64_t count(const tenon::Filter& filter) override;
  bool exists(const tenon::Filter& filter) override;
  tenon::RowBatch explain(const tenon::Query& query) override;

private:
  /// Calls use(row) for each row that matches, by primary key, until it returns false.
  template <class Use> void scan(const Transaction& transaction, tenon::Filter filter, Use&& use) const;
  [[nodiscard]] std::vector<RowPtr> matching(const Transaction& transaction, tenon::Filter filter) const;
  /// The columns that a query of plain rows gives. Errors: NotSupported for what is more than that.
  [[nodiscard]] std::vector<std::uint32_t> columns_of(const tenon::Query& query) const;
  [[nodiscard]] tenon::RowBatch give(std::vector<RowPtr> rows, std::span<const std::uint32_t> columns);

  Session& session_;
  const tenon::TableDesc& table_;
  std::vector<RowPtr> given_; // what cells_ points into
  std::vector<tenon::Cell> cells_;
};

} // namespace memory_map
