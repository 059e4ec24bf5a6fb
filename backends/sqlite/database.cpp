#include "database.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sqlite3.h>

#include "decimal.hpp"
#include "dialect.hpp"
#include "functions.hpp"
#include "key_module.hpp"
#include "list_module.hpp"
#include "rows_module.hpp"

namespace tenon::sqlite {
namespace {

/// Operations of SQLite's machine between two looks at the clock: some microseconds.
constexpr int kOperationsPerLook = 1000;

int on_progress(void* watch) { return static_cast<Watch*>(watch)->interrupts() ? 1 : 0; }
int on_busy(void* watch, int attempt) { return static_cast<Watch*>(watch)->wait(attempt) ? 1 : 0; }

int collate_decimals(void*, int left_size, const void* left, int right_size, const void* right) {
  return compare_decimals({static_cast<const char*>(left), static_cast<std::size_t>(left_size)},
                          {static_cast<const char*>(right), static_cast<std::size_t>(right_size)});
}

/// SQLite says only "unable to open database file"; the file system says why. Empty if it does not either.
std::string why_not(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path file(path);
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  if (std::filesystem::is_directory(file, ignored)) return "it is a directory";
  if (!std::filesystem::exists(folder, ignored)) return fmt::format("there is no directory {}", folder.string());
  if (!std::filesystem::is_directory(folder, ignored)) return fmt::format("{} is not a directory", folder.string());
  if (std::filesystem::exists(file, ignored)) {
    if (::euidaccess(path.c_str(), R_OK) != 0) return std::strerror(errno);
  } else if (::euidaccess(folder.c_str(), W_OK | X_OK) != 0) {
    return fmt::format("no file can be created in {}: {}", folder.string(), std::strerror(errno));
  }
  return {};
}

[[noreturn]] void raise_open_failure(const Settings& settings, int code, std::string_view message, Ended ended) {
  const std::string statement = fmt::format("cannot open the database {}", settings.database);
  ErrorInfo info = translate({.code = code, .message = message, .ended = ended}, {.statement = statement});
  info.statement = "open";
  if (info.code == ErrorCode::connection && !settings.in_memory()) {
    if (const std::string reason = why_not(settings.database); !reason.empty()) {
      info.message = fmt::format("{}: {}", statement, reason);
    }
  }
  throw_error(std::move(info));
}

[[noreturn]] void raise_inherited(const Settings& settings) {
  ErrorInfo info;
  info.code = ErrorCode::connection;
  info.backend = "sqlite";
  info.statement = "open";
  info.message = fmt::format("cannot open the database {}: this process was forked while it was open, and its locks "
                             "stayed with the parent",
                             settings.database);
  info.hint = "close the store before fork(), or run another program in the child";
  throw_error(std::move(info));
}

} // namespace

Database::Database(const Settings& settings, const std::string& name, Deadline deadline)
    : in_memory_(settings.in_memory()), watch_(settings.busy_timeout) {
  watch_.set_deadline(deadline);
  if (!watch_.start()) throw_error(deadline_passed({.statement = "open"}));
  if (!in_memory_ && OpenFile::inherited(name)) raise_inherited(settings);
  try {
    connection_ = std::make_unique<Connection>(name, in_memory_);
    if (!in_memory_) file_ = OpenFile(name);
    register_functions();
    set_up(settings);
  } catch (const OpenFailure& failure) {
    connection_.reset();
    raise_open_failure(settings, failure.code, failure.message, watch_.ended());
  }
  watch_.set_deadline(Deadline::max());
}

Database::~Database() {
  if (made_.forked() || !moved()) return;
  // The last connection that closes deletes the log by its path.
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

bool Database::moved() const noexcept {
  int moved = 0;
  // A failure means that the file system beneath does not know.
  return !in_memory_ && sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
         moved != 0;
}

int Database::on_commit(void* database) {
  auto& self = *static_cast<Database*>(database);
  self.watch_.commit_begins();
  self.refused_commit_ = self.moved();
  return self.refused_commit_ ? 1 : 0; // SQLite rolls back
}

void Database::run(const char* sql) {
  const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw OpenFailure{code, sqlite3_errmsg(handle())};
}

void Database::register_functions() {
  sqlite3* const db = handle();
  sqlite3_extended_result_codes(db, 1);
  sqlite3_progress_handler(db, kOperationsPerLook, on_progress, &watch_);
  sqlite3_busy_handler(db, on_busy, &watch_);
  sqlite3_commit_hook(db, on_commit, this);
  int code = sqlite3_create_collation_v2(db, kDecimalCollation, SQLITE_UTF8, nullptr, collate_decimals, nullptr);
  if (code == SQLITE_OK) code = register_list_module(db);
  if (code == SQLITE_OK) code = register_rows_module(db);
  if (code == SQLITE_OK) code = register_key_module(db);
  if (code == SQLITE_OK) code = register_row_function(db, receiver_);
  if (code == SQLITE_OK) code = register_arithmetic(db);
  if (code == SQLITE_OK) code = register_aggregates(db);
  if (code == SQLITE_OK) code = register_json_paths(db);
  if (code == SQLITE_OK) code = register_letters(db);
  // Without these a misspelt column in double quotes would be a string literal.
  if (code == SQLITE_OK) code = sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  if (code == SQLITE_OK) code = sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  if (code != SQLITE_OK) throw OpenFailure{code, sqlite3_errmsg(db)};
}

void Database::set_up(const Settings& settings) {
  run(settings.foreign_keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
  run("PRAGMA case_sensitive_like = ON");
  if (settings.in_memory()) {
    // Whole pages are copied to and from the shared database, so smaller ones make single writes a sixth faster than
    // the 4096 bytes that suit a disk, and finds a twentieth; below 2048 the tree grows deeper for nothing.
    run("PRAGMA page_size = 2048");
    // There is nothing to wait for. And SQLite leaves such a database out of the journal that makes a commit of several
    // one: it would lie in memory, and a file that was attached would miss it after a crash.
    run("PRAGMA synchronous = OFF");
    run("PRAGMA journal_mode = TRUNCATE"); // an empty one is as good as none, and quicker than one that is deleted
    return;
  }
  // Reads the file's header, so that a file that is no database, or cannot be read, is found out here.
  run("SELECT 1 FROM sqlite_schema LIMIT 1");
  if (sqlite3_db_readonly(handle(), "main") == 1) return;
  set_journal_mode(settings);
  run(fmt::format("PRAGMA synchronous = {}", word(settings.synchronous)).c_str());
}

void Database::set_journal_mode(const Settings& settings) {
  const std::string sql = fmt::format("PRAGMA journal_mode = {}", word(settings.journal_mode));
  std::string mode;
  const auto keep = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0];
    return 0;
  };
  // SQLite does not ask the busy handler here: two sessions that change a new file meet.
  for (int attempt = 0;; ++attempt) {
    const int code = sqlite3_exec(handle(), sql.c_str(), keep, &mode, nullptr);
    if (code == SQLITE_OK) break;
    if ((code & 0xff) != SQLITE_BUSY || !watch_.wait(attempt)) throw OpenFailure{code, sqlite3_errmsg(handle())};
  }
  if (mode == word(settings.journal_mode)) return;
  throw_error(
      ErrorCode::config, fmt::format("cannot open the database {}: journal_mode stays \"{}\"", settings.database, mode),
      fmt::format("the file system does not support \"{}\": set journal_mode: delete", word(settings.journal_mode)));
}

} // namespace tenon::sqlite
