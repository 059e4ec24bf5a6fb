#pragma once
// Batch: writes that are collected and sent together, in order and in as few round trips as the backend can.
//
//   tenon::Batch batch = session.batch();
//   for (const User& user : users) batch.update(user);
//   batch.create(login).remove<Session>(old_id);
//   const std::vector<std::uint64_t> affected = batch.run();
//
// It copies what it is given. The filters of the model and the session hold as in a Repository. Keys that the database
// makes do not come back: create_many gives them. Threads: as its session, which must outlive it.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <tenon/core/keys.hpp>
#include <tenon/core/set.hpp>

namespace tenon {

class TENON_VISIBLE Batch {
public:
  explicit Batch(Session& session);
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  ~Batch();

  /// Inserts a row; several of one model after another go together. Each counts as one item of the result.
  template <class T> Batch& create(T value) {
    const bool omit_key = described<T>().generated_column() && detail::has_no_key(value);
    detail::make_new(value, now());
    Scratch scratch;
    detail::RowCells<T> row;
    detail::write_row(value, row.data(), scratch);
    add_insert(described<T>(), row.data(), omit_key);
    return *this;
  }
  /// As Repository::update of a value.
  template <class T> Batch& update(T value) {
    if constexpr (IsModel<T>) value.updated_at = now();
    Scratch scratch;
    detail::RowCells<T> row;
    detail::write_row(value, row.data(), scratch);
    add_update(described<T>(), row.data());
    return *this;
  }
  template <class T> Batch& update(const Predicate<T>& where, std::initializer_list<Set<T>> values) {
    detail::Assignments assignments;
    for (const Set<T>& value : values) {
      check_column(described<T>(), value.column());
      value.add_to(assignments);
    }
    if constexpr (IsModel<T>) assignments.add(detail::kUpdatedAtColumn, TypeMap<Timestamp>::write(now()));
    assignments.raise_version(described<T>());
    add_update(described<T>(), where.tree(), assignments);
    return *this;
  }
  template <class T> Batch& remove(const Predicate<T>& where) {
    add_remove(described<T>(), where.tree());
    return *this;
  }
  /// The row with this key, for good.
  template <class T, class... Key> Batch& remove(const Key&... key) {
    Scratch scratch;
    add_remove_key(described<T>(), detail::key_cells(detail::primary_key_of<T>(), scratch, key...));
    return *this;
  }

  /// How many writes wait for run().
  [[nodiscard]] std::size_t size() const noexcept;
  /// Sends all and forgets them. Returns for each how many rows it wrote: of create and of an update of a value 1.
  /// Errors: the first one's, and nothing was written; NotFound and StaleData for an update of a value, as
  /// Repository::update. With autocommit nothing was written then either, where there are transactions; without it the
  /// others have been written: throw it on, so that the transaction is rolled back.
  std::vector<std::uint64_t> run();

private:
  class State;
  void add_insert(const TableDesc& table, const Cell* row, bool omit_key);
  void add_update(const TableDesc& table, const Cell* row);
  void add_update(const TableDesc& table, const detail::Tree& where, const detail::Assignments& assignments);
  void add_remove(const TableDesc& table, const detail::Tree& where);
  void add_remove_key(const TableDesc& table, std::span<const Cell> key);
  void check_column(const TableDesc& table, std::uint32_t column) const;

  std::unique_ptr<State> state_;
};

inline Batch Session::batch() { return Batch(*this); }

} // namespace tenon
