#pragma once
// A database of its own for each case of the adpa tests, opened through the loaded plugin; reached besides Tenon by the
// plain driver, as another application would. Used by adpa_*.cpp. Threads: one at a time.

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tenon/tenon.hpp>

namespace adpa_test {

class PlainDriver;

enum class Place { sqlite_memory, sqlite_file, postgresql };

[[nodiscard]] const char* name(Place place) noexcept;

class Database {
public:
  /// Errors: std::runtime_error without POSTGRES_HOST where a server is needed, so that the case fails and says why.
  explicit Database(Place place);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// `settings` as in storage.yaml: {"pool.size", "1"}.
  [[nodiscard]] tenon::Store open(const std::vector<std::pair<std::string, std::string>>& settings = {}) const;

  /// Runs a script of statements by the driver. Not for a database in memory, which nobody else reaches.
  void script(const std::string& sql);
  /// Rows of one statement by the driver: every value as the text in which the database gives it.
  [[nodiscard]] std::vector<std::vector<std::optional<std::string>>> rows(const std::string& sql);
  /// The first value of the first row.
  [[nodiscard]] std::string value(const std::string& sql);

private:
  Place place_;
  std::string target_; ///< a folder, or the name of a database on the server
  std::unique_ptr<PlainDriver> driver_;
};

/// What `call` throws, which has to be an E; the test fails if it throws nothing.
template <class E, class F> E error_of(F&& call) {
  try {
    std::forward<F>(call)();
  } catch (const E& error) {
    return error;
  }
  throw std::runtime_error("no error was thrown");
}

} // namespace adpa_test
