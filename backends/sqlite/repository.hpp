#pragma once
// Repository: one described table of a session behind IRepository, with its prepared statements. Made by the session.
// Threads: as its session.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/repository.hpp>
#include <tenon/sql/compiler.hpp>
#include <tenon/sql/readers.hpp>
#include <tenon/sql/statement_cache.hpp>

#include "errors.hpp"
#include "foreign_keys.hpp"
#include "key_module.hpp"
#include "narrow_updates.hpp"
#include "rows_module.hpp"
#include "session.hpp"
#include "statements.hpp"

namespace tenon::sqlite {

/// SQLite has no schemas. Errors: NotSupported for a table that names one, but for "main", which is the database
/// itself.
void check_schema(const TableDesc& table);

class Repository final : public IRepository {
public:
  /// Errors: NotSupported as check_schema; ProgrammingError for a description that contradicts itself.
  Repository(Session& session, const TableDesc& table);

  [[nodiscard]] const TableDesc& table() const noexcept override { return table_; }
  RowBatch insert(const WriteRows& rows) override;
  RowBatch upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) override;
  RowBatch find(std::uint32_t key, std::span<const Cell> values) override;
  std::unique_ptr<ICursor> select(const Query& query) override;
  std::uint64_t update(const Update& update) override;
  std::uint64_t remove(const Filter& filter) override;
  std::uint64_t count(const Filter& filter) override;
  bool exists(const Filter& filter) override;
  [[nodiscard]] RowBatch explain(const Query& query) override;

  /// How many of these writes of a batch, from the first on, update_all() can do: updates of one row each, found by
  /// the rowid in rising order, that differ in their values alone.
  [[nodiscard]] std::size_t updates_alike(std::span<const BatchItem> items);
  /// These updates by one statement, each of one row. Returns false, with nothing done, if only running them one by one
  /// will tell: which of them hit no row or failed, or where a trigger wrote too.
  [[nodiscard]] bool update_all(std::span<const BatchItem> items);

  /// The table may have been created meanwhile: look at its declared types again.
  void forget_storage() noexcept {
    storage_known_ = false;
    narrow_.forget();
  }
  /// The columns as they are stored, looked up if they are not known yet.
  [[nodiscard]] std::span<const StoredColumn> stored_columns() {
    learn_storage();
    return columns_;
  }

private:
  /// What finds a row by one key.
  struct Finder {
    StatementPtr once;
    StatementPtr next;      ///< in use while it waits for the next key
    KeySource wanted;       ///< which it reads then
    std::uint64_t turn = 0; ///< Session::turn() at the last find
  };
  enum Action : std::size_t { selecting, inserting, upserting, updating, removing, counting };

  void learn_storage();
  RowBatch find_once(Finder& finder, std::uint32_t key, std::span<const Cell> values);
  RowBatch find_next(Finder& finder, std::uint32_t key, std::span<const Cell> values);
  [[nodiscard]] std::string find_next_sql(std::uint32_t key) const;
  [[nodiscard]] Stored key_value(std::uint32_t column, const Cell& value, sql::Arena& scratch);
  bool generated_is_rowid();
  /// The stored columns of call_'s tables.
  StoredTables stored_tables();
  /// The columns of call_'s rows.
  [[nodiscard]] std::vector<StoredColumn> described_rows() const;
  void check_forms(const Update& update) const;
  [[nodiscard]] bool calls_once_a_row(const Query& query) const noexcept;
  StatementPtr select_statement(const Query& query, const Context& context);
  /// The statement of call_'s shape, prepared from compile() if it is not known yet. `columns`: of its result.
  template <class Compile>
  StatementPtr statement(const Context& context, std::span<const std::uint32_t> columns, Compile&& compile,
                         Prepared use = Prepared::again) {
    StatementPtr* const known = statements_.find(call_.shape);
    if (known != nullptr && !(*known)->in_use) return *known;
    StatementPtr made = session_.prepare(compile(), context, use);
    for (const std::uint32_t column : columns)
      made->columns.push_back(columns_[column]);
    if (known == nullptr) statements_.insert(call_.shape, made);
    return made;
  }
  RowBatch write(const WriteRows& rows, Statement& statement, bool by_rowid, const Context& context);
  void write_row(const WriteRows& rows, std::size_t row, Statement& statement, bool by_rowid, const Context& context);
  [[nodiscard]] bool fits_one_statement(const WriteRows& rows) const noexcept;
  [[nodiscard]] const Update* narrow_form(const Update& update);
  [[nodiscard]] bool writes_whole_row(const Update& update) const noexcept;
  [[nodiscard]] bool update_narrow(const Update& narrow, const Context& context);
  [[nodiscard]] bool may_prepare_narrow(const Context& context);
  void forget_narrow();
  [[nodiscard]] bool update_all(std::span<const BatchItem> items, const Update* narrow);
  [[nodiscard]] std::optional<std::size_t> rowid_in(const Filter& filter) const noexcept;
  [[nodiscard]] bool insert_all(const WriteRows& rows, const Context& context);
  std::int64_t run(Statement& statement, bool wants_row, const Context& context);
  [[nodiscard]] bool returns_rowid(std::span<const std::uint32_t> returning) const noexcept;

  Session& session_;
  const TableDesc& table_;
  sql::Compiler compiler_;
  std::array<std::string, 6> summaries_; // "insert into users", by Action
  std::array<Context, 6> contexts_;
  WrittenRow row_; ///< that insert, upsert or update is writing; stale between them

  bool storage_known_ = false;
  bool has_rowid_key_ = false; ///< the generated column is the rowid, which SQLite reports after an insert
  bool counts_up_ = false;     ///< and AUTOINCREMENT: the rows of one statement get one number after the other
  std::vector<StoredColumn> columns_;
  std::vector<std::uint32_t> all_columns_;
  std::vector<std::span<const StoredColumn>> tables_; ///< of the running call

  std::vector<RowsSource::Column> given_; ///< columns of tenon_rows, and the cells of a batch's updates
  std::vector<Cell> given_cells_;

  sql::Call call_;
  std::vector<Finder> finders_; // by key; their places do not change
  NarrowUpdates narrow_;
  sql::StatementCache<StatementPtr> statements_;
};

} // namespace tenon::sqlite
