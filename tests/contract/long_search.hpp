#pragma once
// A call that takes long without SQL, for the cases about deadlines and cancellation. Threads: const members from any.

#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {

/// Seconds of work in one call: many parts looked for in much text, each nearly found everywhere, and none found.
struct LongSearch {
  TableDesc described = table("texts", {column("t", CellType::text)});
  std::vector<Tree> parts;
  Tree filter;

  LongSearch() {
    for (int i = 0; i < 200; ++i) {
      parts.push_back(Tree::compare(NodeKind::contains, 1, Value::text("ab" + std::to_string(i))));
    }
    filter = Tree::of(NodeKind::any_of, parts);
  }
  void fill(ISession& session) const {
    const Rows rows(1000, Row{Value::text(std::string(4000, 'a'))});
    for (int i = 0; i < 4; ++i)
      insert(session.repository(described), {1}, rows);
  }
  void run(ISession& session) const { static_cast<void>(session.repository(described).count(filter.filter())); }
};

} // namespace tenon::contract
