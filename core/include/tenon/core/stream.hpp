#pragma once
// Stream<T>: rows one after another in bounded memory, as an input range: for (User& user : users.query().stream()).
// While it lives its session takes no other call but rollback (ProgrammingError); destroying it, or reading it to its
// end, frees the session. It ends with its transaction. Threads: as its session, which must outlive it.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include <tenon/core/session.hpp>
#include <tenon/interface/query.hpp>

namespace tenon {
namespace detail {

/// A cursor that its session owns, so that it never outlives its transaction.
class TENON_VISIBLE RowStream {
public:
  RowStream(Session& session, const TableDesc& table, const Query& query);
  RowStream(RowStream&& other) noexcept;
  RowStream& operator=(RowStream&&) = delete;
  ~RowStream();
  /// The next row, or null behind the last one. Lifetime: until the next call.
  /// Errors: those of the select; ProgrammingError if the transaction has ended.
  [[nodiscard]] const Cell* next();

private:
  SessionState* state_;
  std::uint64_t number_ = 0;
  RowBatch batch_;
  std::size_t at_ = 0;
};

} // namespace detail

template <class Row> class Stream {
public:
  using Decode = void (*)(const Cell* row, Row& value);

  Stream(detail::RowStream rows, Decode decode) : rows_(std::move(rows)), decode_(decode) {}

  /// Single pass: a second begin() goes on where the first one is.
  class Iterator {
  public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Row;

    Iterator() = default;
    explicit Iterator(Stream* stream) : stream_(stream) {}
    /// May be moved from.
    Row& operator*() const noexcept { return stream_->row_; }
    Row* operator->() const noexcept { return &stream_->row_; }
    Iterator& operator++() {
      stream_->advance();
      return *this;
    }
    void operator++(int) { stream_->advance(); }
    friend bool operator==(const Iterator& at, std::default_sentinel_t) noexcept { return at.ended(); }

  private:
    [[nodiscard]] bool ended() const noexcept { return stream_->ended_; }
    Stream* stream_ = nullptr;
  };

  [[nodiscard]] Iterator begin() {
    if (!std::exchange(begun_, true)) advance();
    return Iterator(this);
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return std::default_sentinel; }

private:
  void advance() {
    const Cell* const row = rows_.next();
    ended_ = row == nullptr;
    if (!ended_) decode_(row, row_);
  }

  detail::RowStream rows_;
  Decode decode_;
  Row row_{};
  bool begun_ = false;
  bool ended_ = false;
};

} // namespace tenon
