#pragma once
// Backstop: the server's own limit behind our deadlines, for statements that neither a cancel nor the end of the
// connection reaches. Set within the transaction (SET LOCAL), so that it works behind a pooler and is gone with it.
// Used by Connection, which sends what this says. Threads: a value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tenon/interface/session.hpp>

namespace tenon::postgresql {

class Backstop {
public:
  /// Off: never says anything.
  Backstop() = default;
  /// `server_limit` as the server shows its statement_timeout ("0", "30s", "5min"): it is only ever lowered.
  explicit Backstop(std::string_view server_limit);

  /// What to send behind BEGIN ("; SET LOCAL …"), or nothing.
  [[nodiscard]] std::string at_begin(Deadline deadline);
  /// What to send before a statement whose deadline the limit in force would cut short; usually nothing.
  [[nodiscard]] std::optional<std::string> before(Deadline deadline);
  /// The same before rows that are read bit by bit: each fetch has a deadline of its own, and the server counts from
  /// the first to the last.
  [[nodiscard]] std::optional<std::string> before_rows();
  /// ROLLBACK TO undoes a SET LOCAL as well.
  void savepoint_undone() noexcept { current_ = at_begin_; }
  void transaction_ended() noexcept { current_ = at_begin_ = 0; }

private:
  [[nodiscard]] std::int64_t limit_for(Deadline deadline) const;

  bool on_ = false;
  std::int64_t server_limit_ = 0; ///< in milliseconds, as the following; 0: none
  std::int64_t at_begin_ = 0;     ///< set with BEGIN; 0: not by us
  std::int64_t current_ = 0;      ///< in force
};

} // namespace tenon::postgresql
