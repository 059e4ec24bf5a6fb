#include "copy_plan.hpp"

#include <algorithm>

#include <libpq-fe.h>

#include <tenon/sql/names.hpp>

#include "dialect.hpp"
#include "session.hpp"

namespace tenon::postgresql {
namespace {

// One row per column. A default that is another sequence than the column's own, or more than nextval, is none of ours.
constexpr const char* kQuestion = R"(
SELECT c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relhasrules AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND (t.tgtype & 4) <> 0),
       a.attname::text, a.atttypid::bigint, a.attgenerated = '',
       CASE WHEN s.name IS NOT NULL AND (a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) =
                 pg_catalog.format('nextval(%L::regclass)', s.name::regclass::text)) THEN s.name ELSE '' END,
       c.oid::bigint
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_serial_sequence($1, a.attname) AS name) s
 WHERE c.oid = pg_catalog.to_regclass($1))";

std::string_view text_at(const pg_result* result, int row, int column) noexcept {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

std::int64_t integer_at(const pg_result* result, int row, int column) noexcept {
  std::uint64_t value = 0;
  for (const char byte : text_at(result, row, column))
    value = value << 8U | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

/// Whether the bytes that Parameters makes of a value are the binary form of the column's own type.
bool is_same_form(CellType described, Oid type) noexcept {
  switch (described) {
    case CellType::boolean: return type == oid::kBool;
    case CellType::int64: return type == oid::kInt8;
    case CellType::float64: return type == oid::kFloat8;
    case CellType::text: return type == oid::kText || type == oid::kVarchar || type == oid::kBpchar;
    case CellType::blob: return type == oid::kBytea;
    case CellType::uuid: return type == oid::kUuid;
    case CellType::timestamp: return type == oid::kTimestamptz || type == oid::kTimestamp;
    case CellType::date: return type == oid::kDate;
    case CellType::json: return type == oid::kJson || type == oid::kJsonb;
    default: return false;
  }
}

template <class Integer> void append_big_endian(std::string& bytes, Integer value) {
  char form[sizeof value];
  for (std::size_t i = sizeof value; i-- > 0; value = static_cast<Integer>(value >> 8U))
    form[i] = static_cast<char>(value & 0xFFU);
  bytes.append(form, sizeof form);
}

} // namespace

void CopyPlan::learn(Session& session, const TableDesc& table) {
  plain_ = false;
  sequence_.clear();
  writable_.assign(table.columns.size(), false);
  jsonb_.assign(table.columns.size(), false);
  Connection& connection = session.connection();
  learned_ = !connection.has_binary_copy();
  if (learned_) return;
  const std::string name = sql::table_name(kDialect, table);
  Parameters parameters;
  parameters.add_free(Cell::text(name));
  const Result result = connection.run(std::string(kQuestion), parameters, {"look at a table", &table, false});
  learned_ = PQntuples(result.get()) > 0; // else the table may come yet
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    plain_ = *PQgetvalue(result.get(), row, 0) != 0;
    table_ = integer_at(result.get(), row, 5);
    const auto column = table.column_index(text_at(result.get(), row, 1));
    if (!column) continue;
    const auto type = static_cast<Oid>(integer_at(result.get(), row, 2));
    writable_[*column] = *PQgetvalue(result.get(), row, 3) != 0 && is_same_form(table.columns[*column].type, type);
    jsonb_[*column] = type == oid::kJsonb;
    if (table.columns[*column].generated) sequence_ = text_at(result.get(), row, 4);
  }
}

bool CopyPlan::fits(const WriteRows& rows, const TableDesc& table) const noexcept {
  if (!plain_ || rows.columns.empty() || rows.columns.size() >= 32'000) return false;
  const auto writable = [&](std::uint32_t column) { return column < writable_.size() && writable_[column]; };
  if (!std::all_of(rows.columns.begin(), rows.columns.end(), writable)) return false;
  if (rows.returning.empty()) return true;
  const auto generated = table.generated_column();
  return rows.returning.size() == 1 && generated == rows.returning.front() && writable(*generated) &&
         !sequence_.empty() && std::find(rows.columns.begin(), rows.columns.end(), *generated) == rows.columns.end();
}

void CopyWriter::begin() {
  bytes_.assign("PGCOPY\n\377\r\n\0", 11);
  append_big_endian(bytes_, std::uint32_t{0}); // flags
  append_big_endian(bytes_, std::uint32_t{0}); // length of what else the header holds
}

void CopyWriter::row(std::size_t columns) { append_big_endian(bytes_, static_cast<std::uint16_t>(columns)); }

void CopyWriter::key(std::int64_t value) {
  append_big_endian(bytes_, std::uint32_t{sizeof value});
  append_big_endian(bytes_, static_cast<std::uint64_t>(value));
}

void CopyWriter::value(const char* data, int size, std::string_view prefix) {
  if (data == nullptr) return append_big_endian(bytes_, std::uint32_t{0xFFFF'FFFF});
  append_big_endian(bytes_, static_cast<std::uint32_t>(size) + static_cast<std::uint32_t>(prefix.size()));
  bytes_.append(prefix).append(data, static_cast<std::size_t>(size));
}

void CopyWriter::end() { append_big_endian(bytes_, std::uint16_t{0xFFFF}); }

} // namespace tenon::postgresql
