#include "link.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include "errors.hpp"

namespace tenon::postgresql {
namespace {

/// What the connecting thread and its caller share; whoever lets go of it last closes what it holds.
struct Attempt {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  std::unique_ptr<soci::session> session;
  std::optional<ErrorInfo> error;
};

std::string conninfo_with_timeout(const Settings& settings, Deadline deadline) {
  Clock::duration limit = settings.connect_timeout;
  if (deadline != Deadline::max()) limit = std::min<Clock::duration>(limit, deadline - Clock::now());
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
  return fmt::format("{}&connect_timeout={}", settings.conninfo, std::max<std::int64_t>(2, seconds));
}

struct Reason {
  std::string_view text; ///< part of libpq's message in the C locale
  std::string_view message;
  std::string_view hint;
};

constexpr std::string_view kReachHint = "is the server running and listening there?";
constexpr Reason kReasons[]{
    {"Connection refused", "connection refused", kReachHint},
    {"No such file or directory", "there is no socket of a server", kReachHint},
    {"could not translate host name", "the host's name is unknown", "check connection.host and the name service"},
    {"timeout expired", "no answer in time", "is the host reachable, and does a firewall drop the packets?"},
    {"No route to host", "no route to the host", "check connection.host and the network"},
    {"Network is unreachable", "the network is unreachable", "check connection.host and the network"},
    {"server does not support SSL", "the server does not offer TLS", "turn it on at the server, or set tls.mode"},
    {"certificate verify failed", "the server's certificate is not trusted", "check connection.tls.ca"},
    {"does not match host name", "the server's certificate is for another host", "check connection.host and tls.mode"},
    {"root certificate file", "the file of tls.ca cannot be used", "check connection.tls.ca"},
    {"no password supplied", "the server asks for a password", "set connection.password or password_file"},
    {"session is not read-write", "no host accepts writes", "check connection.hosts and target_session_attrs"},
    {"session is read-only", "no host accepts writes", "check connection.hosts and target_session_attrs"},
    {"server is in hot standby mode", "no host is a primary", "check connection.hosts and target_session_attrs"},
    {"server is not in hot standby mode", "no host is a standby", "check connection.hosts and target_session_attrs"},
};

/// Connects once more by hand, because SOCI's exception carries no SQLSTATE, and reads why it fails. Returns nothing if
/// it works now.
std::optional<ErrorInfo> diagnose(const Settings& settings, const std::string& conninfo, Deadline deadline) {
  const Deadline limit = std::min(deadline, Clock::now() + settings.connect_timeout);
  const std::unique_ptr<PGconn, decltype(&PQfinish)> conn(PQconnectStart(conninfo.c_str()), &PQfinish);
  if (conn == nullptr) throw std::bad_alloc();
  PQsetErrorVerbosity(conn.get(), PQERRORS_VERBOSE);
  PostgresPollingStatusType state =
      PQstatus(conn.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  bool late = false;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED && !late) {
    pollfd socket{PQsocket(conn.get()), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now()).count();
    const int ready = left <= 0 ? 0 : poll(&socket, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    late = ready == 0;
    if (!late) state = PQconnectPoll(conn.get());
  }
  if (state == PGRES_POLLING_OK) return std::nullopt;

  const std::string_view text = late ? "timeout expired" : PQerrorMessage(conn.get());
  Failure failure;
  failure.sqlstate = sqlstate_of_connect(text);
  failure.message = text;
  failure.lost = true;
  Circumstances now;
  now.phase = Phase::connect;
  now.endpoint = settings.endpoint;
  ErrorInfo info = translate(failure, now);
  if (PQconnectionNeedsPassword(conn.get()) != 0) info.code = ErrorCode::auth;
  if (info.sqlstate.empty() || info.code == ErrorCode::connection) {
    const auto reason = std::find_if(std::begin(kReasons), std::end(kReasons), [&](const Reason& known) {
      return text.find(known.text) != std::string_view::npos;
    });
    if (reason != std::end(kReasons)) {
      info.message = fmt::format("cannot connect to {}: {}", settings.endpoint, reason->message);
      info.hint = reason->hint;
    }
  }
  if (info.code == ErrorCode::auth) info.retryable = false;
  return info;
}

/// Two rounds, because a server that has just started may refuse SOCI and accept the diagnosis.
void connect(const Settings& settings, Deadline deadline, std::unique_ptr<soci::session>& session,
             std::optional<ErrorInfo>& error) {
  for (int round = 0; round < 2; ++round) {
    const std::string conninfo = conninfo_with_timeout(settings, deadline);
    try {
      session = std::make_unique<soci::session>(soci::postgresql, conninfo);
      return;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception&) { // its text repeats the connection string on some failures
      error = diagnose(settings, conninfo, deadline);
    }
    if (error) return;
  }
  Circumstances now;
  now.phase = Phase::connect;
  now.endpoint = settings.endpoint;
  Failure failure;
  failure.lost = true;
  error = translate(failure, now);
}

/// The type is known from the factory. SOCI hides its type information, so neither a dynamic_cast nor the sanitizer's
/// check of the cast would link.
__attribute__((no_sanitize("vptr"))) PGconn* connection_of(soci::session& session) {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}

} // namespace

Link Link::open(const Settings& settings, Deadline deadline) {
  deadline = std::min(deadline, Clock::now() + settings.connect_timeout);
  const auto attempt = std::make_shared<Attempt>();
  std::thread([attempt, settings, deadline] {
    std::unique_ptr<soci::session> session;
    std::optional<ErrorInfo> error;
    try {
      connect(settings, deadline, session, error);
    } catch (const std::exception&) {
      error.emplace();
      error->code = ErrorCode::resource_exhausted;
      error->message = "out of memory while connecting";
    }
    const std::lock_guard lock(attempt->mutex);
    attempt->session = std::move(session);
    attempt->error = std::move(error);
    attempt->finished = true;
    attempt->done.notify_all();
  }).detach();

  std::unique_lock lock(attempt->mutex);
  const bool in_time = attempt->done.wait_until(lock, deadline, [&] { return attempt->finished; });
  if (!in_time) {
    ErrorInfo info;
    info.code = ErrorCode::timeout;
    info.backend = "postgresql";
    info.message = fmt::format("cannot connect to {}: no answer in time", settings.endpoint);
    info.hint = "is the host reachable, and is the server overloaded?";
    info.retryable = true;
    throw_error(std::move(info));
  }
  if (attempt->error) throw_error(*attempt->error);
  return Link(std::move(attempt->session));
}

Link::Link(std::unique_ptr<soci::session> session) noexcept : session_(std::move(session)) {
  handle_ = connection_of(*session_);
}
Link::Link(Link&&) noexcept = default;
Link& Link::operator=(Link&&) noexcept = default;
Link::~Link() = default;

} // namespace tenon::postgresql
