#include <tenon/core/stream.hpp>

#include "session_state.hpp"

namespace tenon::detail {

RowStream::RowStream(Session& session, const TableDesc& table, const Query& query) : state_(session.state_.get()) {
  session.with(table, [&](IRepository& repository) { state_->stream = repository.select(query); });
  number_ = ++state_->streams;
}

RowStream::RowStream(RowStream&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)), number_(other.number_), batch_(other.batch_), at_(other.at_) {}

RowStream::~RowStream() {
  if (state_ != nullptr && state_->streams == number_) state_->stream.reset();
}

const Cell* RowStream::next() {
  if (state_ == nullptr) return nullptr; // it was at its end
  if (state_->streams != number_ || state_->stream == nullptr) {
    throw_error(ErrorCode::programming, "a stream of rows has ended with its transaction",
                "read it before commit or rollback");
  }
  if (at_ < batch_.rows) return batch_.row(at_++);
  state_->check_usable();
  batch_ = {}; // a call that fails leaves none behind
  at_ = 0;
  bool more = false;
  do { // a batch may be empty
    try {
      more = state_->stream->next(batch_);
    } catch (const Error& error) {
      SessionState& session = *std::exchange(state_, nullptr);
      session.fail(error);
      session.stream.reset(); // with autocommit the session goes on
      throw;
    }
  } while (more && batch_.empty());
  if (more) return batch_.row(at_++);
  batch_ = {};
  std::exchange(state_, nullptr)->stream.reset();
  return nullptr;
}

} // namespace tenon::detail
