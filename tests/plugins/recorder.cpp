// A backend made with the SDK that writes down every call, with all its arguments, and serves what it wrote as the rows
// of execute("journal"): so a test sees what arrives on the far side of the boundary.
// The option "without" names a capability that this database does not have; "more" makes it claim one beyond its
// plugin.

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <tenon/sdk/plugin.hpp>

namespace {

using tenon::Cell;
using tenon::CellType;

using Journal = std::vector<std::string>;

std::string text(const Cell& cell) {
  switch (cell.type) {
    case CellType::null: return "null";
    case CellType::boolean:
    case CellType::int64:
    case CellType::timestamp:
    case CellType::date: return std::string(tenon::cell_type_name(cell.type)) + ":" + std::to_string(cell.integer);
    case CellType::float64: return "double:" + std::to_string(cell.real);
    default: return std::string(tenon::cell_type_name(cell.type)) + ":" + std::string(cell.bytes());
  }
}

/// Collects the parts of a line, separated by blanks.
class Line {
public:
  explicit Line(std::string_view first) : text_(first) {}
  template <class T> Line& operator<<(const T& part) {
    std::ostringstream stream;
    stream << part;
    (text_ += ' ') += stream.str();
    return *this;
  }
  template <class Sequence> Line& list(const Sequence& parts) {
    text_ += " [";
    for (std::size_t i = 0; i < parts.size(); ++i)
      (text_ += i == 0 ? "" : " ") += std::to_string(parts[i]);
    text_ += "]";
    return *this;
  }
  Line& tree(const tenon::Filter& filter) {
    for (const tenon::Source& source : filter.sources) {
      *this << "source" << source.table->qualified_name() << source.parent << static_cast<int>(source.kind);
      for (const tenon::JoinOn& on : source.on)
        *this << std::to_string(on.parent_column) + "=" + std::to_string(on.column);
    }
    for (const tenon::Node& node : filter) {
      *this << static_cast<int>(node.kind);
      if (node.source != 0) *this << "@" + std::to_string(node.source);
      if (node.flags != 0) *this << "!" + std::to_string(node.flags);
      if (node.kind == tenon::NodeKind::column) *this << "#" + std::to_string(node.column);
      if (node.kind == tenon::NodeKind::value) *this << text(node.value);
      if (node.children > 0) *this << "/" + std::to_string(node.children);
    }
    return *this;
  }
  [[nodiscard]] const std::string& str() const noexcept { return text_; }

private:
  std::string text_;
};

class Rows final : public tenon::ICursor {
public:
  explicit Rows(Journal lines) : lines_(std::move(lines)) {}
  bool next(tenon::RowBatch& batch) override {
    cells_.clear();
    if (position_ == lines_.size()) return false;
    cells_.push_back(Cell::text(lines_[position_++]));
    batch = {cells_.data(), 1, 1};
    return true;
  }

private:
  Journal lines_;
  std::size_t position_ = 0;
  std::vector<Cell> cells_;
};

class Recording final : public tenon::IRepository {
public:
  Recording(const tenon::TableDesc& table, Journal& journal) : table_(table), journal_(journal) {
    Line line("table");
    line << table.qualified_name();
    for (const auto& column : table.columns) {
      line << column.name << tenon::cell_type_name(column.type) << column.nullable << column.generated
           << column.max_length;
    }
    for (const auto& key : table.keys)
      line << key.name, line.list(key.columns);
    for (const auto& key : table.foreign_keys) {
      line << key.name;
      line.list(key.columns) << key.target_schema + "." + key.target_table << key.target_columns.at(0)
                             << static_cast<int>(key.on_delete);
    }
    for (const auto& index : table.indexes)
      line << index.name, line.list(index.columns);
    write(line);
  }

  [[nodiscard]] const tenon::TableDesc& table() const noexcept override { return table_; }
  tenon::RowBatch insert(const tenon::WriteRows& rows) override { return written(Line("insert"), rows); }
  tenon::RowBatch upsert(const tenon::WriteRows& rows, std::uint32_t key,
                         std::span<const std::uint32_t> update) override {
    Line line("upsert");
    line << key;
    return written(line.list(update), rows);
  }
  tenon::RowBatch find(std::uint32_t key, std::span<const Cell> values) override {
    Line line("find");
    line << key;
    for (const Cell& value : values)
      line << text(value);
    write(line);
    if (values[0].integer < 0) return {};
    cells_.assign(table_.columns.size(), Cell::null());
    cells_[0] = values[0];
    return {cells_.data(), 1, cells_.size()};
  }
  [[nodiscard]] std::unique_ptr<tenon::ICursor> select(const tenon::Query& query) override {
    Line line("select");
    line.tree(query.filter);
    for (const auto& term : query.order)
      line << "order" << term.column << term.source << term.descending << static_cast<int>(term.nulls);
    for (const auto& output : query.outputs) {
      line << "output" << output.column.source << output.column.column << static_cast<int>(output.aggregate)
           << output.distinct;
    }
    for (const auto& column : query.group)
      line << "group" << column.source << column.column;
    if (!query.having.empty()) (line << "having").tree(query.having);
    if (query.distinct) line << "distinct";
    if (query.lock != tenon::RowLock::none) line << "lock" << static_cast<int>(query.lock);
    write(line << query.limit << query.offset);
    return std::make_unique<Rows>(Journal{"first", "second"});
  }
  std::uint64_t update(const tenon::Update& update) override {
    Line line("update");
    line.tree(update.filter);
    for (const auto& assignment : update.assignments) {
      line << assignment.column;
      if (assignment.nodes > 0)
        line.tree(update.expressions.subspan(assignment.first, assignment.nodes));
      else
        line << text(assignment.value);
    }
    write(line);
    return 3;
  }
  std::uint64_t remove(const tenon::Filter& filter) override {
    write(Line("remove").tree(filter));
    return 4;
  }
  [[nodiscard]] std::uint64_t count(const tenon::Filter& filter) override {
    write(Line("count").tree(filter));
    return 5;
  }
  [[nodiscard]] bool exists(const tenon::Filter& filter) override {
    write(Line("exists").tree(filter));
    return true;
  }
  [[nodiscard]] tenon::RowBatch explain(const tenon::Query& query) override {
    write(Line("explain").tree(query.filter));
    cells_.assign(1, Cell::text("a plan"));
    return {cells_.data(), 1, 1};
  }

private:
  void write(const Line& line) { journal_.push_back(line.str()); }
  tenon::RowBatch written(Line line, const tenon::WriteRows& rows) {
    line.list(rows.columns);
    for (std::size_t i = 0; i < rows.rows * rows.columns.size(); ++i)
      line << text(rows.cells[i]);
    write(line.list(rows.returning));
    cells_.clear();
    for (std::size_t i = 0; i < rows.rows * rows.returning.size(); ++i)
      cells_.push_back(Cell::int64(static_cast<std::int64_t>(100 + i)));
    return {cells_.data(), rows.rows, rows.returning.size()};
  }

  const tenon::TableDesc& table_;
  Journal& journal_;
  std::vector<Cell> cells_;
};

class Session final : public tenon::ISession {
public:
  explicit Session(tenon::Deadline deadline) { write(Line("connect") << deadline.time_since_epoch().count()); }

  tenon::IRepository& repository(const tenon::TableDesc& table) override {
    return *repositories_.emplace_back(std::make_unique<Recording>(table, journal_));
  }
  void begin(const tenon::TransactionOptions& options) override {
    write(Line("begin") << static_cast<int>(options.isolation) << options.read_only << options.write_intent);
  }
  void commit() override { write(Line("commit")); }
  void rollback() override { write(Line("rollback")); }
  void savepoint(tenon::SavepointAction action, std::uint32_t number) override {
    write(Line("savepoint") << static_cast<int>(action) << number);
  }
  void create_tables(std::span<const tenon::TableDesc* const> tables) override {
    Line line("create_tables");
    for (const tenon::TableDesc* table : tables)
      line << table->qualified_name();
    write(line);
  }
  [[nodiscard]] std::unique_ptr<tenon::ICursor> execute(std::string_view sql,
                                                        std::span<const Cell> parameters) override {
    if (sql == "journal") return std::make_unique<Rows>(std::exchange(journal_, {}));
    if (sql == "foreign exception") throw std::logic_error("with a value in it");
    if (sql == "no exception class") throw 7;
    if (sql == "commit unknown") {
      tenon::ErrorInfo info;
      info.code = tenon::ErrorCode::commit_unknown;
      info.message = "lost";
      info.transaction = "pg:123";
      tenon::throw_error(std::move(info));
    }
    if (sql == "unique violation") {
      tenon::ErrorInfo info;
      info.code = tenon::ErrorCode::unique_violation;
      info.message = "taken";
      info.constraint = "users_email_key";
      info.columns = {"first", "second"};
      info.retryable = true;
      tenon::throw_error(std::move(info));
    }
    Line line("execute");
    line << sql;
    for (const Cell& parameter : parameters)
      line << text(parameter);
    write(line);
    return std::make_unique<Rows>(Journal{});
  }
  [[nodiscard]] bool alive() noexcept override { return !cancelled_; }
  void ping() override { write(Line("ping")); }
  void batch(std::span<const tenon::BatchItem> items, std::span<std::uint64_t> affected) override {
    Line line("batch");
    for (std::size_t i = 0; i < items.size(); ++i) {
      const tenon::BatchItem& item = items[i];
      line << static_cast<int>(item.kind) << item.table->qualified_name() << item.rows.rows << item.key;
      line.list(item.rows.columns).list(item.update_columns).tree(item.update.filter) << item.update.assignments.size();
      affected[i] = 10 + i;
    }
    write(line);
  }
  void set_deadline(tenon::Deadline deadline) override {
    write(Line("deadline") << (deadline == tenon::Deadline::max()
                                   ? "none"
                                   : std::to_string(deadline.time_since_epoch().count())));
  }
  void cancel() noexcept override { cancelled_ = true; }

private:
  void write(const Line& line) { journal_.push_back(line.str()); }

  Journal journal_;
  std::vector<std::unique_ptr<Recording>> repositories_;
  bool cancelled_ = false;
};

constexpr auto kUnclaimed = tenon::Capability::persistence;
constexpr tenon::Capabilities kAlmostEverything(((std::uint64_t{1} << tenon::kCapabilityNames.size()) - 1) &
                                                ~static_cast<std::uint64_t>(kUnclaimed));

class Recorder final : public tenon::IBackend {
public:
  static tenon::BackendInfo plugin_info() {
    return {"recorder", "1.2", "Tenon's tests", "MIT", "https://example.org", "x"};
  }
  static tenon::Capabilities plugin_capabilities() { return kAlmostEverything; }
  static std::unique_ptr<tenon::IBackend> open(tenon::Options options) {
    std::uint64_t capabilities = kAlmostEverything.bits();
    if (tenon::find_option(options, "more")) capabilities |= static_cast<std::uint64_t>(kUnclaimed);
    for (const auto& [capability, name] : tenon::kCapabilityNames) {
      if (tenon::find_option(options, "without") == name) capabilities &= ~static_cast<std::uint64_t>(capability);
    }
    return std::make_unique<Recorder>(tenon::Capabilities(capabilities));
  }

  explicit Recorder(tenon::Capabilities capabilities) : info_(plugin_info()), capabilities_(capabilities) {}
  [[nodiscard]] const tenon::BackendInfo& info() const noexcept override { return info_; }
  [[nodiscard]] tenon::Capabilities capabilities() const noexcept override { return capabilities_; }
  [[nodiscard]] std::string endpoint() const override { return "a notebook"; }
  [[nodiscard]] std::unique_ptr<tenon::ISession> connect(tenon::Deadline deadline) override {
    return std::make_unique<Session>(deadline);
  }
  [[nodiscard]] tenon::Outcome resolve(std::string_view transaction, tenon::Deadline deadline) override {
    if (transaction == "lost") tenon::throw_error(tenon::ErrorCode::not_ready, "starting up");
    if (transaction == "nonsense") return static_cast<tenon::Outcome>(77);
    return transaction == "pg:123" && deadline.time_since_epoch().count() == 4 ? tenon::Outcome::rolled_back
                                                                               : tenon::Outcome::unknown;
  }

private:
  tenon::BackendInfo info_;
  tenon::Capabilities capabilities_;
};

} // namespace

TENON_EXPORT_BACKEND(Recorder)
