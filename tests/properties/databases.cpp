#include "databases.hpp"

#include <numeric>

#include "../contract/values.hpp"

namespace tenon::properties {
namespace {

void fill(IRepository& repository, const Rows& rows) {
  if (rows.empty()) return;
  contract::Columns all(rows.front().size());
  std::iota(all.begin(), all.end(), 0U);
  contract::insert(repository, all, rows);
}

} // namespace

Tables::Tables(contract::Database& database, const World& world)
    : world_(world), session_(database.connect_with({&world.things, &world.parts})) {
  fill(session_->repository(world.things), world.contents.at(&world.things));
  fill(session_->repository(world.parts), world.contents.at(&world.parts));
}

Tables::~Tables() {
  try {
    for (const char* sql : {"DROP TABLE things", "DROP TABLE parts"}) {
      RowBatch none;
      session_->execute(sql, {})->next(none);
    }
  } catch (const std::exception&) { // the next case's create_tables finds old tables, and says so by failing
  }
}

std::vector<NamedDatabase>& databases() {
  static std::vector<NamedDatabase> opened = [] {
    std::vector<NamedDatabase> made;
    for (const char* name : {"sqlite_memory", "postgresql"})
      made.push_back({name, std::make_unique<contract::Database>(name)});
    return made;
  }();
  return opened;
}

} // namespace tenon::properties
