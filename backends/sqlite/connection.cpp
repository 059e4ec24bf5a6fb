#include "connection.hpp"

// SOCI's header puts sqlite3.h into a namespace of its own, so this file must not include it directly.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace tenon::sqlite {
namespace {

/// The place of SOCI's handle. The type is known from the factory; SOCI hides its type information, so neither a
/// dynamic_cast nor the sanitizer's check of the cast would link.
__attribute__((no_sanitize("vptr"))) sqlite_api::sqlite3*& handle_of(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

} // namespace

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
  sqlite_api::sqlite3*& handle = handle_of(soci_->session);
  sqlite_api::sqlite3_close(handle);
  handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | (uri ? SQLITE_OPEN_URI : 0);
  // A library built with SQLITE_USE_URI takes every name that begins so for a URI.
  const std::string path = !uri && name.starts_with("file:") ? "./" + name : name;
  const int code = sqlite_api::sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    if (handle == nullptr) throw OpenFailure{code, sqlite_api::sqlite3_errstr(code)};
    throw OpenFailure{sqlite_api::sqlite3_extended_errcode(handle), sqlite_api::sqlite3_errmsg(handle)};
  }
  handle_ = reinterpret_cast<sqlite3*>(handle); // the same type, outside of SOCI's namespace
}

Connection::~Connection() {
  if (made_.forked()) static_cast<void>(soci_.release());
}

} // namespace tenon::sqlite
