#pragma once
// Cursor: the rows of one running statement behind ICursor. Made by repositories and Session::execute.
// Threads: as its session. Lifetime: the session ends it at commit, rollback and its own end; it only answers then.

#include <cstddef>
#include <memory>
#include <span>

#include <tenon/interface/repository.hpp>

#include "errors.hpp"
#include "statements.hpp"

namespace tenon::sqlite {

class Session;

class Cursor final : public ICursor {
public:
  /// Requires that nobody else uses the statement, and that the context's text lives as long as the session.
  Cursor(Session& session, StatementPtr statement, const Context& context);
  ~Cursor() override;
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  bool next(RowBatch& batch) override;

  /// Binds copies of the parameters, which outlive the call that gave them.
  void bind(std::span<const sql::Parameter> parameters, StoredTables tables);
  void bind_plain(int index, const Cell& cell);
  /// Runs the statement to its end and keeps all its rows for next().
  void run_to_end();
  /// Gives the statement back; from now on next() fails.
  void end() noexcept;

private:
  bool read_row();
  void release() noexcept;

  Session* session_; // null once it has ended this cursor
  StatementPtr statement_;
  Context context_;
  std::unique_ptr<Buffers> buffers_;
  std::size_t columns_;
  std::size_t batch_rows_ = 0;
  bool kept_ = false; ///< the buffers hold a result that next() has not given out yet
};

} // namespace tenon::sqlite
