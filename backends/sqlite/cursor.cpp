#include "cursor.hpp"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "session.hpp"

namespace tenon::sqlite {
namespace {

// The first batch is small, for queries that want a few rows; the others are large enough to make a batch's fixed cost
// vanish and small enough to stay in the processor's first cache.
constexpr std::size_t kFirstRows = 16;
constexpr std::size_t kMostRows = 64;
constexpr std::size_t kMostBytes = 1U << 20U;

} // namespace

Cursor::Cursor(Session& session, StatementPtr statement, const Context& context)
    : session_(&session), statement_(std::move(statement)), context_(context), buffers_(session.take_buffers()),
      columns_(statement_->columns.empty() ? static_cast<std::size_t>(sqlite3_column_count(statement_->handle.get()))
                                           : statement_->columns.size()) {
  session_->attach(*this);
  statement_->in_use = true;
}

Cursor::~Cursor() {
  release();
  if (session_ == nullptr) return;
  session_->detach(*this);
  buffers_->bound.clear();
  session_->give_back(std::move(buffers_));
}

void Cursor::bind(std::span<const sql::Parameter> parameters, StoredTables tables) {
  session_->check(bind_all(statement_->handle.get(), parameters, tables, buffers_->bound, true), context_);
}

void Cursor::bind_plain(int index, const Cell& cell) {
  Stored value = to_compare(cell, nullptr, buffers_->bound.bytes);
  if (!value.bytes.empty()) value.bytes = buffers_->bound.bytes.copy(value.bytes.data(), value.bytes.size());
  session_->check(sqlite::bind(statement_->handle.get(), index, value), context_);
}

bool Cursor::read_row() {
  if (statement_ == nullptr) return false;
  try {
    if (columns_ > 0 ? session_->fetch(*statement_, buffers_->rows, context_) : session_->step(*statement_, context_)) {
      return true;
    }
  } catch (...) {
    release();
    throw;
  }
  release(); // at once: a statement that is not reset keeps its lock
  return false;
}

void Cursor::run_to_end() {
  buffers_->rows.start(columns_);
  while (read_row()) {}
  kept_ = buffers_->rows.rows() > 0;
}

bool Cursor::next(RowBatch& batch) {
  batch = {};
  if (session_ == nullptr) {
    throw_error(ErrorCode::programming, "the transaction that the cursor belongs to has ended",
                "read the rows before commit or rollback");
  }
  if (std::exchange(kept_, false)) {
    batch = buffers_->rows.batch();
    return true;
  }
  buffers_->rows.start(columns_);
  if (statement_ == nullptr) return false;
  if (context_.foreign_sql) session_->end_finders(); // who knows what it does
  try {
    session_->resume(context_);
  } catch (...) {
    release();
    throw;
  }
  batch_rows_ = batch_rows_ == 0 ? kFirstRows : std::min(batch_rows_ * 4, kMostRows);
  while (buffers_->rows.rows() < batch_rows_ && buffers_->rows.bytes() < kMostBytes && read_row()) {}
  batch = buffers_->rows.batch();
  return !batch.empty();
}

void Cursor::release() noexcept {
  if (statement_ == nullptr) return;
  if (!statement_->made.forked()) {
    sqlite3_reset(statement_->handle.get());
    sqlite3_clear_bindings(statement_->handle.get()); // they point into this cursor
  }
  statement_->in_use = false;
  statement_.reset();
}

void Cursor::end() noexcept {
  release();
  session_ = nullptr;
}

} // namespace tenon::sqlite
