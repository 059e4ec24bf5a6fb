#pragma once
// Cells to PostgreSQL's parameters: binary where the type is sure to fit, text of an inferred type where an existing
// table may have another one (enum, varchar, json, …). Used by the repositories. Threads: as their session.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/arena.hpp>
#include <tenon/sql/call.hpp>

namespace tenon::postgresql {

using Oid = unsigned int;

/// The types' numbers in the system catalogue, which never change.
namespace oid {
inline constexpr Oid kInferred = 0, kBool = 16, kBytea = 17, kChar = 18, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23,
                     kText = 25, kOid = 26, kJson = 114, kXml = 142, kFloat4 = 700, kFloat8 = 701, kUnknown = 705,
                     kBoolArray = 1000, kByteaArray = 1001, kInt2Array = 1005, kInt4Array = 1007, kTextArray = 1009,
                     kBpcharArray = 1014, kVarcharArray = 1015, kInt8Array = 1016, kFloat4Array = 1021,
                     kFloat8Array = 1022, kBpchar = 1042, kVarchar = 1043, kDate = 1082, kTimestamp = 1114,
                     kDateArray = 1182, kTimestamptz = 1184, kTimestamptzArray = 1185, kNumericArray = 1231,
                     kNumeric = 1700, kVoid = 2278, kUuid = 2950, kUuidArray = 2951, kJsonb = 3802, kFirstUser = 16384;
} // namespace oid

inline constexpr std::int64_t kEpochMicroseconds = 946'684'800'000'000; ///< 2000-01-01, PostgreSQL's zero, in ours
inline constexpr std::int64_t kEpochDays = 10'957;

struct Place; // what a value is for, in words when it is refused

/// The parameters of one execution, in libpq's form. Lifetime: owns all bytes, so the cells may go.
class Parameters {
public:
  void clear() noexcept;

  /// A value for a column that is written. Errors: DataError for a value that the column cannot hold.
  void add_written(const Cell& cell, const TableDesc& table, std::uint32_t column);
  /// A value of a filter, a limit or an offset. `table` is that of the parameter's source.
  void add(const sql::Parameter& parameter, const TableDesc& table);
  /// A parameter of the caller's own SQL.
  void add_free(const Cell& cell);

  [[nodiscard]] int count() const noexcept { return static_cast<int>(count_); }
  [[nodiscard]] const Oid* types() const noexcept { return types_.data(); }
  [[nodiscard]] const char* const* values() const noexcept { return values_.data(); }
  [[nodiscard]] const int* lengths() const noexcept { return lengths_.data(); }
  [[nodiscard]] const int* formats() const noexcept { return formats_.data(); }

private:
  void push(Oid type, const char* value, std::size_t length, bool binary, const Place& place);
  void push_text(Oid type, std::string_view text, const Place& place, std::uint32_t max_length = 0);
  template <class Integer> void push_integer(Oid type, Integer value);
  void push_value(const Cell& cell, Oid text_type, Oid decimal_type, Oid json_type, Oid timestamp_type,
                  const Place& place);
  void push_list(const sql::Parameter& list, bool has_column, const Place& place);
  void push_binary_array(std::span<const Cell* const> elements, CellType type, const Place& place);
  /// `described` is the element of the column that it is for; null if there is none.
  void push_array(const Cell& array, CellType described, bool has_column, const Place& place);

  void grow();

  std::size_t count_ = 0; ///< of the places that there are in each of these
  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  sql::Arena arena_;
};

} // namespace tenon::postgresql
