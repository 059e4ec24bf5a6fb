#include "cursor.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "session.hpp"

namespace tenon::postgresql {
namespace {

/// The first batch is small, so that the first rows come soon; the later ones are what a batch is for.
constexpr std::size_t kFirstBatch = 32;
constexpr std::size_t kBatch = 256;
/// Memory of one FETCH: enough to make its round trip vanish, little enough for the second caches of both sides.
constexpr std::size_t kChunkBytes = std::size_t{256} << 10U;
constexpr int kMostRows = 4096;
/// Larger than what malloc keeps in its caches, so that it lies where the heap ends.
constexpr std::size_t kLidBytes = 4096;
constexpr int kGrowth = 16; ///< at most, from one FETCH to the next: rows behind may be larger
/// Rows of one batch of what is here already, whose cells the first cache holds.
constexpr int kGiven = 64;

[[noreturn]] void refuse(const char* message) {
  ErrorInfo info;
  info.code = ErrorCode::programming;
  info.backend = "postgresql";
  info.message = message;
  throw_error(std::move(info));
}

/// The next rows of a result that is here, from `position` on.
RowBatch give(const pg_result* result, int& position, const RowReader& reader, std::vector<Cell>& cells,
              sql::Arena& arena) {
  const int count = std::min(PQntuples(result) - position, kGiven);
  if (count == 0) return {};
  const auto rows = static_cast<std::size_t>(count);
  reader.read(result, position, count, room_for(cells, rows * reader.columns()), arena);
  position += count;
  return {cells.data(), rows, reader.columns()};
}

void check_era(std::uint64_t made, const Session& session) {
  if (made != session.era()) refuse("next: the cursor's transaction has ended");
}

} // namespace

WholeCursor::WholeCursor(Session& session, Result result, RowReader reader)
    : session_(session), era_(session.era()), result_(std::move(result)), reader_(std::move(reader)) {}

bool WholeCursor::next(RowBatch& batch) {
  check_era(era_, session_);
  batch = {};
  arena_.clear();
  batch = give(result_.get(), position_, reader_, cells_, arena_);
  return !batch.empty();
}

RowsCursor::RowsCursor(Session& session, Result first, const Work& work)
    : session_(session), era_(session.era()), work_(work), batch_rows_(kFirstBatch) {
  take(std::move(first));
  if (PQnfields(pending_.get()) > 0) reader_.describe(pending_.get());
  if (number_ == 0) pending_.reset();
}

RowsCursor::RowsCursor(Session& session, Result first, const Work& work, const TableDesc& table,
                       std::span<const sql::RowColumn> columns)
    : session_(session), era_(session.era()), work_(work), batch_rows_(kFirstBatch) {
  take(std::move(first));
  reader_.describe_outputs(pending_.get(), table, columns);
  if (number_ == 0) pending_.reset();
}

void RowsCursor::take(Result first) {
  if (PQresultStatus(first.get()) == PGRES_SINGLE_TUPLE) number_ = session_.own_rows();
  pending_ = std::move(first);
}

RowsCursor::~RowsCursor() {
  if (number_ != 0) session_.end_rows(number_);
}

void RowsCursor::fill(std::size_t rows) {
  const Session::Running running(session_.connection().canceller());
  try {
    Cell* to = room_for(cells_, rows * reader_.columns());
    for (; rows_.size() < rows && pending_ != nullptr; to += reader_.columns()) {
      rows_.push_back(std::move(pending_));
      reader_.read(rows_.back().get(), 0, 1, to, arena_);
      pending_ = session_.connection().next_row(work_);
    }
  } catch (const Error& error) {
    ended_ = true;
    session_.note(error.info());
    throw;
  }
  if (pending_ == nullptr) session_.end_rows(std::exchange(number_, 0));
}

bool RowsCursor::next(RowBatch& batch) {
  check_era(era_, session_);
  batch = {};
  if (number_ != 0 && !session_.owns_rows(number_)) {
    number_ = 0;
    ended_ = true;
  }
  if (ended_) refuse("next: an error or a later call of the session has ended the cursor");
  rows_.clear();
  arena_.clear();
  if (pending_ == nullptr) return false;
  if (session_.connection().is_late()) {
    ended_ = true;
    ErrorInfo info;
    info.code = ErrorCode::timeout;
    info.backend = "postgresql";
    info.statement = work_.summary;
    info.message = std::string(work_.summary) + ": the deadline passed before all rows were read";
    throw_error(std::move(info));
  }
  fill(std::exchange(batch_rows_, kBatch));
  batch = {cells_.data(), rows_.size(), reader_.columns()};
  return true;
}

std::string ChunkCursor::fetch_text(int rows, std::string_view name) {
  return fmt::format("FETCH {} FROM {}", rows, name);
}

ChunkCursor::ChunkCursor(Session& session, std::string name, Result first, const Work& work, const TableDesc& table,
                         std::span<const sql::RowColumn> columns)
    : session_(session), era_(session.era()), undone_(session.undone()), name_(std::move(name)), work_(work),
      result_(std::move(first)) {
  try {
    reader_.describe_outputs(result_.get(), table, columns);
  } catch (...) {
    close();
    throw;
  }
  if (PQntuples(result_.get()) < asked_) close();
}

ChunkCursor::~ChunkCursor() {
  if (open_) close();
}

bool ChunkCursor::is_undone() const noexcept { return era_ != session_.era() || undone_ != session_.undone(); }

// Not as a call of the session: what the last one handed out stays valid.
void ChunkCursor::close() noexcept {
  open_ = false;
  if (is_undone() || session_.connection().transaction() != TransactionState::open) return; // it is gone by itself
  try {
    session_.read_on(work_, [&] { session_.connection().command("CLOSE " + name_, work_); });
  } catch (...) { // the end of the transaction closes it; what failed is noted
  }
}

void ChunkCursor::fetch() {
  const std::size_t bytes = std::max<std::size_t>(PQresultMemorySize(result_.get()), 1);
  const auto fitting = static_cast<std::size_t>(asked_) * kChunkBytes / bytes;
  asked_ = static_cast<int>(
      std::clamp<std::size_t>(fitting, 1, static_cast<std::size_t>(std::min(asked_ * kGrowth, kMostRows))));
  position_ = 0;
  result_.reset();
  result_ = session_.read_on(work_,
                             [&] { return session_.connection().run(fetch_text(asked_, name_), Parameters(), work_); });
  if (const std::size_t size = PQresultMemorySize(result_.get()); size > covered_) {
    covered_ = size;
    lid_.reset(new char[kLidBytes]);
  }
  if (PQntuples(result_.get()) < asked_) close();
}

bool ChunkCursor::next(RowBatch& batch) {
  check_era(era_, session_);
  batch = {};
  if (open_ && is_undone()) refuse("next: the cursor has ended with the savepoint that was undone");
  arena_.clear();
  if (position_ == PQntuples(result_.get()) && open_) fetch();
  batch = give(result_.get(), position_, reader_, cells_, arena_);
  return !batch.empty();
}

} // namespace tenon::postgresql
