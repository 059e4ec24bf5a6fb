#pragma once
// The databases that properties compare, each through its loaded plugin, and the tables of one case in them.
// Threads: one at a time.

#include <memory>
#include <string>
#include <vector>

#include "../contract/subject.hpp"
#include "world.hpp"

namespace tenon::properties {

/// The tables of a world in one database, with its rows; dropped at the end.
class Tables {
public:
  Tables(contract::Database& database, const World& world);
  ~Tables();
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  [[nodiscard]] IRepository& things() { return session_->repository(world_.things); }

private:
  const World& world_;
  std::unique_ptr<ISession> session_;
};

struct NamedDatabase {
  std::string name;
  std::unique_ptr<contract::Database> database;
};

/// Opened at the first call, closed at the end of the process.
[[nodiscard]] std::vector<NamedDatabase>& databases();

} // namespace tenon::properties
