#include "connection.hpp"

// SOCI's header puts sqlite3.h into a namespace of its own, so this file must not include it directly.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace tenon::sqlite {

struct Connection::Soci {
  soci::session session{soci::sqlite3, "db=:memory:"};
};

Connection::Connection(const std::string& name, bool uri) {
  try {
    soci_ = std::make_unique<Soci>();
  } catch (const soci::soci_error& e) {
    throw OpenFailure{SQLITE_ERROR, e.what()};
  }
  // SOCI opens in serialized mode, which makes each call take a mutex that nobody else holds. The session gets a handle
  // without one; it closes that handle as its own.
  auto* const backend = static_cast<soci::sqlite3_session_backend*>(soci_->session.get_backend());
  sqlite_api::sqlite3_close(backend->conn_);
  backend->conn_ = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | (uri ? SQLITE_OPEN_URI : 0);
  // A library built with SQLITE_USE_URI takes every name that begins so for a URI.
  const std::string path = !uri && name.starts_with("file:") ? "./" + name : name;
  const int code = sqlite_api::sqlite3_open_v2(path.c_str(), &backend->conn_, flags, nullptr);
  if (code != SQLITE_OK) {
    sqlite_api::sqlite3* const failed = backend->conn_;
    if (failed == nullptr) throw OpenFailure{code, sqlite_api::sqlite3_errstr(code)};
    throw OpenFailure{sqlite_api::sqlite3_extended_errcode(failed), sqlite_api::sqlite3_errmsg(failed)};
  }
  handle_ = reinterpret_cast<sqlite3*>(backend->conn_); // the same type, outside of SOCI's namespace
}

Connection::~Connection() = default;

} // namespace tenon::sqlite
