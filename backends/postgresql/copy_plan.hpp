#pragma once
// CopyPlan: whether rows of a described table may go through COPY in binary, which neither converts nor asks anybody,
// and the bytes of such a COPY. Used by repositories. Threads: as their session.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

#include "values.hpp"

namespace tenon::postgresql {

class Session;

class CopyPlan {
public:
  /// Asks the server what the table is like that has the name now. Errors: as any statement.
  void learn(Session& session, const TableDesc& table);
  [[nodiscard]] bool learned() const noexcept { return learned_; }

  /// A plain table without rules, row security or triggers on insert; columns whose binary form we write; and a key
  /// that is drawn from a sequence where `returning` asks for it and nothing else.
  [[nodiscard]] bool fits(const WriteRows& rows, const TableDesc& table) const noexcept;
  /// The server's number of the table; another one may have its name later, as in another search_path.
  [[nodiscard]] std::int64_t table() const noexcept { return table_; }
  /// Of the generated column; empty if there is none.
  [[nodiscard]] const std::string& sequence() const noexcept { return sequence_; }
  /// Of a column's values. jsonb needs a version before its text.
  [[nodiscard]] bool is_jsonb(std::uint32_t column) const noexcept { return jsonb_[column]; }

private:
  bool learned_ = false;
  bool plain_ = false;
  std::int64_t table_ = 0;
  std::string sequence_;
  std::vector<bool> writable_; ///< by column
  std::vector<bool> jsonb_;
};

/// Writes the binary form of COPY into a text that is used again.
class CopyWriter {
public:
  explicit CopyWriter(std::string& bytes) : bytes_(bytes) {}
  void begin();
  void row(std::size_t columns);
  void key(std::int64_t value);
  /// One parameter; null for NULL. `prefix` stands before it, inside of its length.
  void value(const char* data, int size, std::string_view prefix = {});
  void end();

private:
  std::string& bytes_;
};

} // namespace tenon::postgresql
