#include "query.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

namespace tenon::properties {
namespace {

/// What a thing is joined by, and a part back to its thing.
constexpr std::array<JoinOn, 1> kParts{{{0, World::kThingId}}};
constexpr std::array<JoinOn, 1> kThing{{{World::kThingId, 0}}};

bool is_number(CellType type) { return type == CellType::int64 || type == CellType::float64; }

class Maker {
public:
  Maker(Choices& choices, const World& world) : choices_(choices), world_(world) {}

  Asked query() {
    Asked asked;
    joins(asked, false);
    if (choices_.below(5) != 0) asked.where = condition(3);
    switch (choices_.below(5)) {
      case 1: plain_outputs(asked); break;
      case 2: distinct_outputs(asked); break;
      case 3:
      case 4: groups(asked); break;
      default: break;
    }
    order(asked);
    if (choices_.one_in(2)) asked.limit = choices_.below(12);
    if (choices_.one_in(3)) asked.offset = choices_.below(6);
    return asked;
  }

  Asked write_condition() {
    Asked asked;
    joins(asked, true);
    asked.where = condition(2);
    return asked;
  }

private:
  /// A table that conditions may speak of.
  struct Visible {
    std::uint32_t source;
    const TableDesc* table;
  };

  void joins(Asked& asked, bool exists_only) {
    visible_ = {{0, &world_.things}};
    closed_.clear();
    const std::uint32_t count = choices_.below(3);
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool back = i == 1 && choices_.one_in(2); // a part's thing, which is one of the queried table again
      Source source;
      source.table = back ? &world_.things : &world_.parts;
      source.parent = back ? 1 : 0;
      source.on = back ? std::span<const JoinOn>(kThing) : std::span<const JoinOn>(kParts);
      source.kind = exists_only ? JoinKind::exists : static_cast<JoinKind>(choices_.below(3));
      if (back && asked.sources.front().kind == JoinKind::exists) source.kind = JoinKind::exists;
      asked.sources.push_back(source);
      const Visible made{i + 1, source.table};
      if (source.kind == JoinKind::exists) {
        closed_.emplace_back(made, source.parent);
      } else {
        visible_.push_back(made);
      }
    }
  }

  // Conditions ---------------------------------------------------------------------------------------------------

  Tree condition(int depth) { // NOLINT(misc-no-recursion): a tree
    if (depth == 0 || choices_.below(3) == 0) return leaf(depth);
    switch (choices_.below(4)) {
      case 3: return Tree::of(NodeKind::negation, {condition(depth - 1)});
      default: {
        std::vector<Tree> children;
        for (std::uint32_t i = choices_.below(4); i > 0; --i)
          children.push_back(condition(depth - 1));
        return Tree::of(choices_.one_in(2) ? NodeKind::any_of : NodeKind::all_of, children);
      }
    }
  }

  Tree leaf(int depth) { // NOLINT(misc-no-recursion): a tree
    switch (choices_.below(8)) {
      case 1: return null_test();
      case 2: return membership();
      case 3: return text_test();
      case 4: return json_test();
      case 5: return related(depth);
      case 6: return number_test();
      default: return comparison();
    }
  }

  static NodeKind random_comparison(Choices& choices) {
    static const NodeKind kinds[] = {NodeKind::eq, NodeKind::ne, NodeKind::lt,
                                     NodeKind::le, NodeKind::gt, NodeKind::ge};
    return choices.one_of(kinds);
  }

  struct Place {
    std::uint32_t source;
    std::uint32_t column;
    CellType type;
    [[nodiscard]] Tree tree() const { return Tree::column(column, source); }
  };
  Place any_column() {
    const Visible& where = choices_.one_of(visible_);
    const std::uint32_t column = choices_.below(static_cast<std::uint32_t>(where.table->columns.size()));
    return {where.source, column, where.table->columns[column].type};
  }
  /// A column of this type, where one is visible.
  std::optional<Place> column_of(CellType type) {
    std::vector<Place> all;
    for (const Visible& where : visible_) {
      for (std::uint32_t c = 0; c < where.table->columns.size(); ++c) {
        if (where.table->columns[c].type == type) all.push_back({where.source, c, type});
      }
    }
    if (all.empty()) return std::nullopt;
    return choices_.one_of(all);
  }
  Tree value(CellType type) { return Tree::value(choices_.one_in(12) ? Value::null() : random_value(choices_, type)); }

  Tree null_test() {
    return Tree::of(choices_.one_in(2) ? NodeKind::is_not_null : NodeKind::is_null, {any_column().tree()});
  }
  Tree comparison() {
    const Place left = any_column();
    NodeKind kind = random_comparison(choices_);
    if (left.type == CellType::json) return Tree::of(NodeKind::is_null, {left.tree()});
    if (choices_.one_in(3)) {
      if (const auto right = column_of(left.type)) return Tree::of(kind, {left.tree(), right->tree()});
    }
    return Tree::of(kind, {left.tree(), value(left.type)});
  }
  Tree membership() {
    const Place left = any_column();
    if (left.type == CellType::json) return Tree::of(NodeKind::is_null, {left.tree()});
    std::vector<Tree> children{left.tree()};
    for (std::uint32_t i = choices_.below(4); i > 0; --i)
      children.push_back(value(left.type));
    return Tree::of(NodeKind::in, children);
  }

  Tree text() {
    const auto column = column_of(CellType::text);
    Tree made = column ? column->tree() : value(CellType::text);
    switch (choices_.below(6)) {
      case 2: return Tree::folded(made, Fold::ascii);
      case 5: return Tree::folded(made, Fold::unicode);
      default: return made;
    }
  }
  Tree text_test() {
    const Tree left = text();
    // With letters of all scripts the backend folds both sides, as the typed front asks it to.
    const auto beside = [&left](const Tree& right) {
      const bool both = left.nodes().front().flags == static_cast<std::uint16_t>(Fold::unicode);
      return both ? Tree::folded(right, Fold::unicode) : right;
    };
    switch (choices_.below(5)) {
      case 1: return Tree::of(NodeKind::starts_with, {left, beside(value(CellType::text))});
      case 2: return Tree::of(NodeKind::ends_with, {left, beside(value(CellType::text))});
      case 3: return Tree::of(NodeKind::like, {left, beside(Tree::value(pattern()))});
      case 4: return Tree::of(random_comparison(choices_), {left, beside(text())});
      default: return Tree::of(NodeKind::contains, {left, beside(value(CellType::text))});
    }
  }
  /// One that does not end in a lone escape.
  Value pattern() {
    const Value word = random_value(choices_, CellType::text);
    std::string text(word.cell().bytes());
    text += choices_.one_in(2) ? "%" : "_";
    bool escaped = false;
    for (const char c : text)
      escaped = c == '\\' && !escaped;
    return Value::text(escaped ? text + "%" : text);
  }

  /// Small numbers and few levels: nothing here overflows, and nothing is divided by what may be zero.
  Tree number(CellType type, int depth) { // NOLINT(misc-no-recursion): a tree
    if (depth == 0 || choices_.below(2) == 0) {
      const auto column = choices_.one_in(3) ? std::nullopt : column_of(type);
      return column ? column->tree() : Tree::value(random_value(choices_, type));
    }
    static const NodeKind kinds[] = {NodeKind::add, NodeKind::subtract, NodeKind::multiply, NodeKind::divide};
    const NodeKind kind = choices_.one_of(kinds);
    const Tree left = number(type, depth - 1);
    if (kind != NodeKind::divide) {
      const CellType other = choices_.one_in(4) ? CellType::float64 : type;
      return Tree::of(kind, {left, number(other, depth - 1)});
    }
    const std::int64_t divisor = std::int64_t{1} + choices_.below(3);
    return Tree::of(kind, {left, Tree::value(type == CellType::int64 ? Value::int64(divisor) : Value::float64(-2.5))});
  }
  Tree number_test() {
    const CellType type = choices_.one_in(3) ? CellType::float64 : CellType::int64;
    return Tree::of(random_comparison(choices_), {number(type, 2), number(type, 1)});
  }

  std::vector<Value> path() {
    static const char* const names[] = {"a", "b", "c", "d", "A", "a.b", "0"};
    std::vector<Value> steps;
    for (std::uint32_t i = 1 + choices_.below(3); i > 0; --i) {
      steps.push_back(choices_.one_in(3) ? Value::int64(choices_.below(3)) : Value::text(choices_.one_of(names)));
    }
    return steps;
  }
  Tree json_test() {
    const auto column = column_of(CellType::json);
    if (!column) return comparison();
    const auto steps = path();
    static const CellType types[] = {CellType::text, CellType::int64, CellType::float64, CellType::boolean};
    const CellType type = choices_.one_of(types);
    switch (choices_.below(3)) {
      case 1: return Tree::of(NodeKind::is_null, {Tree::json_value(type, column->tree(), steps)});
      case 2: return Tree::json_exists(column->tree(), steps);
      default:
        return Tree::of(random_comparison(choices_), {Tree::json_value(type, column->tree(), steps), value(type)});
    }
  }

  /// Looks into a source of the kind exists whose parent is visible here.
  Tree related(int depth) { // NOLINT(misc-no-recursion): a tree
    for (const auto& [made, parent] : closed_) {
      const auto is = [&](std::uint32_t source) {
        return [source](const Visible& one) { return one.source == source; };
      };
      if (std::none_of(visible_.begin(), visible_.end(), is(parent))) continue;
      if (std::any_of(visible_.begin(), visible_.end(), is(made.source))) continue;
      if (choices_.below(3) == 0) return Tree::exists(made.source);
      visible_.push_back(made);
      const Tree inside = condition(std::max(depth - 1, 0));
      visible_.pop_back();
      return Tree::exists(made.source, {inside});
    }
    return comparison();
  }

  // Outputs and order ----------------------------------------------------------------------------------------------

  /// Of a type that rows can be told apart by.
  std::optional<Place> comparable_column() {
    for (int i = 0; i < 4; ++i) {
      const Place found = any_column();
      if (found.type != CellType::json) return found;
    }
    return Place{0, 0, CellType::int64};
  }
  static Output plain(const Place& place) { return {{place.source, place.column}, Aggregate::none, 0}; }

  void plain_outputs(Asked& asked) {
    for (std::uint32_t i = 1 + choices_.below(4); i > 0; --i)
      asked.outputs.push_back(plain(any_column()));
  }
  void distinct_outputs(Asked& asked) {
    asked.distinct = true;
    for (std::uint32_t i = 1 + choices_.below(2); i > 0; --i)
      asked.outputs.push_back(plain(*comparable_column()));
  }
  void groups(Asked& asked) {
    for (std::uint32_t i = choices_.below(3); i > 0; --i) {
      const Place key = *comparable_column();
      const ColumnRef column{key.source, key.column};
      if (std::find(asked.group.begin(), asked.group.end(), column) != asked.group.end()) continue;
      asked.group.push_back(column);
      asked.outputs.push_back(plain(key));
    }
    for (std::uint32_t i = 1 + choices_.below(3); i > 0; --i)
      asked.outputs.push_back(aggregate());
    if (!asked.group.empty() && choices_.one_in(3)) {
      const auto last = static_cast<std::uint32_t>(asked.outputs.size());
      asked.outputs.push_back({{0, 0}, Aggregate::count_rows, 0});
      asked.having =
          Tree::of(random_comparison(choices_), {Tree::output(last), Tree::value(Value::int64(choices_.below(4)))});
    }
  }
  Output aggregate() {
    const Place place = any_column();
    const auto distinct = static_cast<std::uint16_t>(choices_.one_in(4) ? 1 : 0);
    const ColumnRef column{place.source, place.column};
    const bool adds = is_number(place.type) || place.type == CellType::decimal;
    const bool ordered =
        adds || place.type == CellType::text || place.type == CellType::timestamp || place.type == CellType::date;
    switch (choices_.below(6)) {
      case 1:
        return {column, Aggregate::count, static_cast<std::uint16_t>(place.type == CellType::json ? 0 : distinct)};
      case 2:
        if (adds) return {column, Aggregate::sum, distinct};
        break;
      case 3:
        if (adds) return {column, Aggregate::avg, distinct};
        break;
      case 4:
        if (ordered) return {column, Aggregate::min, 0};
        break;
      case 5:
        if (ordered) return {column, Aggregate::max, 0};
        break;
      default: break;
    }
    return {{0, 0}, Aggregate::count_rows, 0};
  }

  OrderTerm term(std::uint32_t column, std::uint32_t source) {
    return {column, source, static_cast<std::uint16_t>(choices_.below(2)), static_cast<NullOrder>(choices_.below(3))};
  }
  void order(Asked& asked) {
    const bool aggregates = std::any_of(asked.outputs.begin(), asked.outputs.end(),
                                        [](const Output& output) { return output.aggregate != Aggregate::none; });
    if (asked.distinct) {
      for (std::uint32_t i = 0; i < asked.outputs.size(); ++i)
        asked.order.push_back(term(i, kOutputSource));
      return;
    }
    if (aggregates || !asked.group.empty()) {
      if (aggregates && choices_.one_in(3)) { // a count first: exact on every backend
        for (std::uint32_t i = 0; i < asked.outputs.size(); ++i) {
          if (asked.outputs[i].aggregate == Aggregate::count_rows) asked.order.push_back(term(i, kOutputSource));
        }
      }
      for (const ColumnRef key : asked.group)
        asked.order.push_back(term(key.column, key.source));
      return;
    }
    for (std::uint32_t i = choices_.below(3); i > 0; --i) {
      const Place place = *comparable_column();
      asked.order.push_back(term(place.column, place.source));
    }
    for (const Visible& one : visible_) // their keys tell all rows apart
      asked.order.push_back(term(0, one.source));
  }

  Choices& choices_;
  const World& world_;
  std::vector<Visible> visible_;
  std::vector<std::pair<Visible, std::uint32_t>> closed_; ///< sources of the kind exists, with their parents
};

} // namespace

Asked random_query(Choices& choices, const World& world) { return Maker(choices, world).query(); }
Asked random_condition(Choices& choices, const World& world) { return Maker(choices, world).write_condition(); }

Tree random_calculation(Choices& choices, const TableDesc& table) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].type == CellType::int64) numbers.push_back(c);
  }
  static const NodeKind kinds[] = {NodeKind::add, NodeKind::subtract, NodeKind::multiply, NodeKind::divide};
  static const std::int64_t values[] = {1, 0, -1, 2, 7, 4'611'686'018'427'387'904, INT64_MAX, INT64_MIN};
  const auto side = [&] {
    return choices.one_in(3) ? Tree::value(Value::int64(choices.one_of(values)))
                             : Tree::column(choices.one_of(numbers));
  };
  const NodeKind kind = choices.one_of(kinds);
  const Tree left = side();
  const Tree right = choices.one_in(3) ? Tree::of(choices.one_of(kinds), {side(), side()}) : side();
  return Tree::of(kind, {left, right});
}

std::string text_of(const World& world) {
  std::ostringstream out;
  for (const TableDesc* table : {&world.things, &world.parts}) {
    out << table->name << " (";
    for (const ColumnDesc& column : table->columns)
      out << column.name << ' ' << cell_type_name(column.type) << (column.nullable ? " null, " : ", ");
    out << ")\n";
    for (const Row& row : world.contents.at(table)) {
      out << "  ";
      for (const Value& value : row)
        out << value << ", ";
      out << '\n';
    }
  }
  return out.str();
}

std::string text_of(const Asked& asked) {
  std::ostringstream out;
  for (const Source& source : asked.sources) {
    out << "source " << source.table->name << " of " << source.parent << " kind "
        << static_cast<std::uint32_t>(source.kind) << '\n';
  }
  out << "where " << asked.where << "\noutputs";
  for (const Output& output : asked.outputs) {
    out << ' ' << static_cast<int>(output.aggregate) << (output.distinct != 0 ? "d" : "") << ":c"
        << output.column.source << '.' << output.column.column;
  }
  out << (asked.distinct ? " distinct" : "") << "\ngroup";
  for (const ColumnRef key : asked.group)
    out << " c" << key.source << '.' << key.column;
  out << "\nhaving " << asked.having << "\norder";
  for (const OrderTerm& term : asked.order) {
    out << " c" << (term.source == kOutputSource ? std::string("out") : std::to_string(term.source)) << '.'
        << term.column << (term.descending != 0 ? " desc" : "") << " nulls " << static_cast<int>(term.nulls);
  }
  if (asked.limit != kNoLimit) out << "\nlimit " << asked.limit;
  out << "\noffset " << asked.offset;
  return out.str();
}

} // namespace tenon::properties
