#pragma once
// NarrowUpdates: updates of whole rows without the columns of indexes. SQLite takes the entry out of every index over a
// column that a statement assigns and puts it in again, also where the value is the same: two thirds of the time of an
// update of a row with two indexes. An update that an application writes from a struct assigns everything and
// changes few of them. The narrow form of it assigns the other columns, and asks as a condition that those of indexes
// hold the new values already; where they do not, it finds no row, and the whole update runs. Used by repositories.
// Threads: as its session.
//
// Where both forms are the same: the row is found by its rowid, values are compared as they are stored (BINARY), and
// nothing watches for assignments: a trigger may be for the update of one column, so tables with triggers have no
// narrow form. Statements in it are prepared to fail once the schema has changed (Prepared::until_altered).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tenon/interface/query.hpp>

#include "errors.hpp"
#include "values.hpp"

namespace tenon::sqlite {

class Session;

class NarrowUpdates {
public:
  /// Whether learn() is to be called before of().
  [[nodiscard]] bool known() const noexcept { return known_; }
  /// Looks which columns have indexes; to be called again before a narrow form is prepared, whose statement will notice
  /// only what changes from then on. Returns whether what it knew was right. Errors: as those of a statement. Lifetime:
  /// `columns` must outlive this.
  bool learn(Session& session, std::span<const StoredColumn> columns, const Context& context);
  /// The schema has changed.
  void forget() noexcept { known_ = false; }

  /// The narrow form; null if there is none, or it has been in vain lately. Requires equalities alone in the filter.
  /// Lifetime: until the next call.
  [[nodiscard]] const Update* of(const Update& update);
  /// The same for another one of a batch; null where it would be another statement than `first`.
  [[nodiscard]] const Update* like_first(const Update& update);

  /// What became of it: the more often in vain, the longer it is left out, up to 63 times.
  void hit() noexcept { missed_ = 0; }
  void missed() noexcept;

private:
  [[nodiscard]] bool narrow(const Update& update);
  void condition(std::uint32_t column, const Cell& value);

  bool known_ = false;
  bool any_ = false;
  std::span<const StoredColumn> columns_;
  std::vector<bool> indexed_;     ///< by column: the others are always assigned
  std::uint32_t missed_ = 0;      ///< in a row
  std::uint32_t left_out_ = 0;    ///< for so many more
  std::uint64_t nulls_ = 0;       ///< which of the conditions are for NULL
  std::uint64_t first_nulls_ = 0; ///< of of()
  std::vector<Assignment> assignments_;
  std::vector<Node> nodes_;
  Update made_;
};

} // namespace tenon::sqlite
