#pragma once
// What several files of contract cases share: small tables, the catching of errors, threads. Threads: as said.

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/interface/error.hpp>

#include "subject.hpp"
#include "values.hpp"

namespace tenon::contract {

inline ColumnDesc key_column(std::string name = "id") { return {std::move(name), CellType::int64, false, true, 0}; }
inline ColumnDesc column(std::string name, CellType type) { return {std::move(name), type, false, false, 0}; }
inline ColumnDesc nullable(std::string name, CellType type) { return {std::move(name), type, true, false, 0}; }

/// A table whose first column is its generated key.
inline TableDesc table(std::string name, std::vector<ColumnDesc> columns) {
  TableDesc made;
  made.columns = std::move(columns);
  made.columns.insert(made.columns.begin(), key_column());
  made.keys.push_back({name + "_pkey", {0}});
  made.name = std::move(name);
  return made;
}

/// id, n (int64), t (text, unique as notes_t_key).
inline const TableDesc& notes() {
  static const TableDesc made = [] {
    TableDesc described = table("notes", {column("n", CellType::int64), nullable("t", CellType::text)});
    described.keys.push_back({"notes_t_key", {2}});
    return described;
  }();
  return made;
}

inline Row note(std::int64_t n) { return {Value::int64(n), Value::text("note " + std::to_string(n))}; }
inline void add_notes(ISession& session, std::int64_t first, std::int64_t last) {
  Rows rows;
  for (std::int64_t n = first; n <= last; ++n)
    rows.push_back(note(n));
  insert(session.repository(notes()), {1, 2}, rows);
}
inline std::uint64_t count_notes(ISession& session) { return session.repository(notes()).count({}); }
inline Tree n_is(std::int64_t n) { return Tree::compare(NodeKind::eq, 1, Value::int64(n)); }

/// Runs `call`, which must throw E; returns what the error carries.
template <class E, class Call> ErrorInfo raised(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const E& error) {
    CHECK_FALSE(error.message().empty());
    return error.info();
  } catch (const Error& error) {
    FAIL("another error than expected: " << error_name(error.code()) << ": " << error.what());
  }
  FAIL("no error");
  return {};
}

/// Calls `action` at its end.
template <class Action> auto finally(Action action) {
  struct Finally {
    Action action;
    explicit Finally(Action given) : action(std::move(given)) {}
    Finally(const Finally&) = delete;
    Finally& operator=(const Finally&) = delete;
    ~Finally() { action(); }
  };
  return Finally(std::move(action));
}

/// Runs `work(i)` for i below `count`, each on a thread of its own; rethrows none, returns what they threw.
inline std::vector<std::string> in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::string> errors(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      try {
        work(i);
      } catch (const std::exception& error) {
        errors[static_cast<std::size_t>(i)] = error.what();
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::erase(errors, std::string());
  return errors;
}

} // namespace tenon::contract
