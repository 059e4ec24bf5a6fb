#include <tenon/core/relations.hpp>

#include <algorithm>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <tenon/core/loading.hpp>

namespace tenon::detail {
namespace {

/// Opens `exists` over one step; returns the number of its source.
std::uint32_t open_exists(Tree& tree, std::uint32_t parent, const TableDesc& table, const JoinOn& on, bool narrowed) {
  const std::uint32_t source = tree.add_source({&table, parent, JoinKind::exists, {&on, 1}});
  tree.node({NodeKind::exists, 0, narrowed ? 1U : 0U, 0, source, Cell::null()});
  return source;
}

} // namespace

void throw_not_loaded() {
  throw_error(ErrorCode::not_loaded, "a relation was not loaded", "ask for it: query().with<&Type::relation>()");
}

void throw_no_related() {
  throw_error(ErrorCode::not_found, "there is no related row, or it is hidden", "use find() where it may be absent");
}

std::uint32_t join(Tree& tree, std::uint32_t parent, const RelationDesc& relation) {
  if (relation.link != nullptr) {
    const std::uint32_t link = tree.add_source({&relation.link(), parent, JoinKind::inner, {&relation.own, 1}});
    return tree.add_source({&relation.target(), link, JoinKind::inner, {&relation.far, 1}});
  }
  return tree.add_source({&relation.target(), parent, JoinKind::inner, {&relation.own, 1}});
}

Tree exists_tree(const RelationDesc& relation, const Tree& condition) {
  Tree tree;
  const bool narrowed = !condition.empty();
  std::uint32_t source = 0;
  if (relation.link != nullptr) {
    source = open_exists(tree, 0, relation.link(), relation.own, true);
    source = open_exists(tree, source, relation.target(), relation.far, narrowed);
  } else {
    source = open_exists(tree, 0, relation.target(), relation.own, narrowed);
  }
  if (narrowed) tree.append(condition, source);
  return tree;
}

Tree joined_tree(const RelationDesc& relation, const Tree& condition) {
  Tree tree;
  tree.append(condition, join(tree, 0, relation));
  return tree;
}

void fetch_related(Session& session, const Visibility& visibility, const RelationDesc& relation, KeyIndex& parents,
                   RelatedSink sink) {
  constexpr std::size_t kMostKeys = 32'768; // in one statement: bounds what it holds, and few ask for more
  const std::vector<Cell> keys = parents.distinct();
  const TableDesc& target = relation.target();
  const bool linked = relation.link != nullptr;
  boost::container::small_vector<Output, 16> outputs;
  boost::container::small_vector<OrderTerm, 2> order;
  for (const std::uint32_t column : target.keys.front().columns)
    order.push_back({column, 0, 0, NullOrder::largest});
  JoinOn back{}; // from the target to the link
  if (linked) {
    for (std::uint32_t c = 0; c < target.columns.size(); ++c)
      outputs.push_back({{0, c}, Aggregate::none, 0});
    outputs.push_back({{1, relation.own.column}, Aggregate::none, 0});
    back = {relation.far.column, relation.far.parent_column};
  }
  const std::size_t matched = linked ? target.columns.size() : relation.own.column; // the column that parents match
  const Filters filters = filters_of(session, visibility);
  for (std::size_t begin = 0; begin < keys.size(); begin += kMostKeys) {
    const auto some = std::span(keys).subspan(begin, std::min(kMostKeys, keys.size() - begin));
    Tree wanted;
    if (linked) {
      const std::uint32_t link = wanted.add_source({&relation.link(), 0, JoinKind::inner, {&back, 1}});
      wanted.append(Tree::in(relation.own.column, some), link);
    } else {
      wanted = Tree::in(relation.own.column, some);
    }
    const Tree where = filters.apply(target, wanted);
    auto take = [&](const Cell* row) { sink.take(sink.object, row, parents.find(row + matched)); };
    fetch(
        session, target,
        {.filter = where.filter(), .order = {order.data(), order.size()}, .outputs = {outputs.data(), outputs.size()}},
        row_sink(take));
  }
}

} // namespace tenon::detail
