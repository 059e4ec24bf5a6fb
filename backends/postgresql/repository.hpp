#pragma once
// Repository: IRepository over one table of a session. A call that was made before in the same shape finds its prepared
// statement without building any SQL. Threads: as its session.

#include <optional>
#include <string>
#include <vector>

#include <tenon/interface/repository.hpp>
#include <tenon/sql/compiler.hpp>
#include <tenon/sql/readers.hpp>
#include <tenon/sql/statement_cache.hpp>

#include "connection.hpp"
#include "copy_plan.hpp"
#include "results.hpp"

namespace tenon::postgresql {

class Session;

class Repository final : public IRepository {
public:
  Repository(Session& session, const TableDesc& table);

  [[nodiscard]] const TableDesc& table() const noexcept override { return table_; }
  RowBatch insert(const WriteRows& rows) override;
  RowBatch upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) override;
  RowBatch find(std::uint32_t key, std::span<const Cell> values) override;
  [[nodiscard]] std::unique_ptr<ICursor> select(const Query& query) override;
  std::uint64_t update(const Update& update) override;
  std::uint64_t remove(const Filter& filter) override;
  [[nodiscard]] std::uint64_t count(const Filter& filter) override;
  [[nodiscard]] bool exists(const Filter& filter) override;
  [[nodiscard]] RowBatch explain(const Query& query) override;

  /// Binds one write of a batch to the session's parameters. Requires at most one row.
  [[nodiscard]] Connection::Queued queue(const BatchItem& item);

private:
  [[nodiscard]] bool copies(const WriteRows& rows);
  /// Draws the keys that a COPY of the rows is asked to return, to the session's cells. Returns false if another table
  /// than the one that was looked at has the name now.
  [[nodiscard]] bool draws(const WriteRows& rows, const Work& work);
  RowBatch copy(const WriteRows& rows, const Work& work);
  /// The statement of the shape in call_; `compile` writes its SQL if it is new.
  template <class Compile> Statement& statement(Compile&& compile);
  /// Binds call_'s parameters.
  Parameters& bind();
  /// Rows in as few statements as parameters allow, all of them or none. `statement_for` gives the statement that
  /// writes a number of rows.
  template <class StatementFor> RowBatch write(const WriteRows& rows, const Work& work, StatementFor&& statement_for);
  template <class StatementFor>
  void write_chunks(const WriteRows& rows, const Work& work, StatementFor&& statement_for);
  RowBatch returned(const WriteRows& rows, const Work& work);

  Session& session_;
  const TableDesc& table_;
  sql::Compiler compiler_;
  sql::Call call_;
  sql::StatementCache<Statement> statements_;
  CopyPlan copy_plan_;
  std::optional<Statement> draw_keys_;
  std::string copied_;                                     ///< the bytes of a COPY
  std::vector<std::optional<Statement>> finds_;            ///< by key
  std::vector<RowReader> find_readers_;                    ///< by key
  RowReader returned_reader_;                              ///< of what a write returns
  std::uint64_t returned_by_ = 0;                          ///< the preparation of the statement that returned it
  std::string insert_, upsert_, select_, update_, delete_; ///< summaries, for errors
};

} // namespace tenon::postgresql
