#include "link.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include "errors.hpp"

namespace tenon::postgresql {
namespace {

/// What the threads that connect or ask the name service do at exit: those that are on their way get a moment, because
/// the exit also ends the TLS library below them. Never destroyed, as those threads may outlive everything; a child
/// process, which has none of them, starts anew.
class Errands {
public:
  static Errands& instance() {
    static std::atomic<Errands*> current{new Errands};
    Errands* there = current.load();
    if (!there->fork_.forked()) return *there;
    auto* const made = new Errands;
    if (current.compare_exchange_strong(there, made)) return *made;
    delete made;
    return *there;
  }

  void begin() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(registered_, true)) std::atexit(&Errands::wait_at_exit);
    ++running_;
  }
  /// The first time it registers once more: the TLS library has registered its own end by now, and ours comes before.
  void end() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(registered_again_, true)) std::atexit(&Errands::wait_at_exit);
    --running_;
    ended_.notify_all();
  }

private:
  static void wait_at_exit() {
    Errands& all = instance();
    std::unique_lock lock(all.mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return;
    all.ended_.wait_for(lock, kMoment, [&] { return all.running_ == 0; });
  }

  static constexpr std::chrono::milliseconds kMoment{100};
  std::mutex mutex_;
  std::condition_variable ended_;
  int running_ = 0;
  bool registered_ = false;
  bool registered_again_ = false;
  ForkGuard fork_;
};

/// What a thread that may block and its caller share. A result that nobody awaits is destroyed before the errand ends,
/// so that who is told of its end opens no connection beside one that is still to be closed.
template <class Result> struct Errand {
  std::mutex mutex;
  std::condition_variable done;
  bool ended = false;  ///< guarded by the mutex, as the next two are
  bool awaited = true; ///< its result is wanted; otherwise its thread destroys it
  bool failed = false; ///< for want of memory
  std::optional<Result> result;
};

/// Runs `work`, which may block beyond every limit, on a thread of its own.
template <class Result, class Work> std::shared_ptr<Errand<Result>> send_out(Work work) {
  auto errand = std::make_shared<Errand<Result>>();
  Errands::instance().begin();
  try {
    std::thread([errand = std::shared_ptr(errand), work = std::move(work)]() mutable {
      std::optional<Result> result;
      try {
        result.emplace(work());
      } catch (...) { // the caller says so
      }
      {
        std::unique_lock lock(errand->mutex);
        errand->failed = !result.has_value();
        if (errand->awaited) {
          errand->result = std::move(result);
        } else {
          lock.unlock();
          result.reset(); // which may close a connection
          lock.lock();
        }
        errand->ended = true;
        errand->done.notify_all();
      }
      errand.reset();
      Errands::instance().end();
    }).detach();
  } catch (const std::system_error&) {
    Errands::instance().end();
    throw_error(ErrorCode::resource_exhausted, "no thread to connect with");
  }
  return errand;
}

/// Returns nothing if it is not done by `deadline`; its result is then destroyed by its thread, or wanted() again. One
/// that was not awaited when it came is a Result{}.
template <class Result> std::optional<Result> await(Errand<Result>& errand, Deadline deadline) {
  std::unique_lock lock(errand.mutex);
  errand.done.wait_until(lock, deadline, [&] { return errand.ended; });
  errand.awaited = errand.ended;
  if (!errand.ended) return std::nullopt;
  if (errand.failed) throw_error(ErrorCode::resource_exhausted, "out of memory while connecting");
  return errand.result ? std::exchange(errand.result, std::nullopt) : Result{};
}

/// To be asked before one is awaited again. Returns false if it has ended meanwhile.
template <class Result> bool wanted(Errand<Result>& errand) {
  const std::lock_guard lock(errand.mutex);
  errand.awaited = !errand.ended;
  return errand.awaited;
}

template <class Result, class Work> std::optional<Result> in_time(Deadline deadline, Work work) {
  if (Clock::now() >= deadline) return std::nullopt;
  return await(*send_out<Result>(std::move(work)), deadline);
}

/// What became of one address: a session, or why there is none.
struct Attempt {
  std::unique_ptr<soci::session> session;
  ErrorInfo error;
  bool unsuitable = false; ///< it answered, and is not what target_session_attrs wants
  std::string attrs;       ///< which it was asked for
};

/// One address of one host, on its way.
struct Target {
  Settings settings;
  Host host;
  std::string attrs;
  Deadline deadline;
  bool silent; ///< it did not answer the last time
};

std::string conninfo_of(const Target& target) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(target.deadline - Clock::now());
  return conninfo_for(target.settings, target.host, target.attrs, current_password(target.settings),
                      std::max(left, std::chrono::seconds(2)));
}

ErrorInfo no_answer() {
  ErrorInfo info;
  info.code = ErrorCode::timeout;
  info.backend = "postgresql";
  info.message = "no answer in time";
  info.hint = "is the host reachable, and is the server overloaded?";
  info.retryable = true;
  return info;
}

/// unsuitable: the server answered, and is not what target_session_attrs wants; lasting: until somebody changes
/// settings.
struct Reason {
  std::string_view text; ///< part of libpq's message in the C locale
  std::string_view message;
  std::string_view hint;
  enum class Kind { passing, unsuitable, lasting } kind = Kind::passing;
};

constexpr std::string_view kReachHint = "is the server running and listening there?";
constexpr std::string_view kAttrsHint = "check connection.hosts and target_session_attrs";
constexpr Reason kReasons[]{
    {"Connection refused", "connection refused", kReachHint},
    {"No such file or directory", "there is no socket of a server", kReachHint},
    {"could not translate host name", "the host's name is unknown", "check connection.host and the name service"},
    {"timeout expired", "no answer in time", "is the host reachable, and does a firewall drop the packets?"},
    {"No route to host", "no route to the host", "check connection.host and the network"},
    {"Network is unreachable", "the network is unreachable", "check connection.host and the network"},
    {"server does not support SSL", "the server does not offer TLS", "turn it on at the server, or set tls.mode",
     Reason::Kind::lasting},
    {"certificate verify failed", "the server's certificate is not trusted", "check connection.tls.ca",
     Reason::Kind::lasting},
    {"does not match host name", "the server's certificate is for another host", "check connection.host and tls.mode",
     Reason::Kind::lasting},
    {"root certificate file", "the file of tls.ca cannot be used", "check connection.tls.ca", Reason::Kind::lasting},
    {"no password supplied", "the server asks for a password", "set connection.password or password_file"},
    {"session is read-only", "it accepts only reads", kAttrsHint, Reason::Kind::unsuitable},
    {"session is not read-only", "it accepts writes", kAttrsHint, Reason::Kind::unsuitable},
    {"server is in hot standby mode", "it is a standby", kAttrsHint, Reason::Kind::unsuitable},
    {"server is not in hot standby mode", "it is no standby", kAttrsHint, Reason::Kind::unsuitable},
};

const Reason* reason_in(std::string_view text) {
  const auto found = std::find_if(std::begin(kReasons), std::end(kReasons),
                                  [&](const Reason& known) { return text.find(known.text) != std::string_view::npos; });
  return found == std::end(kReasons) ? nullptr : found;
}

/// Connects once more by hand, because SOCI's exception carries no SQLSTATE, and reads why it fails. Returns nothing if
/// it works now.
std::optional<Attempt> diagnose(const Target& target) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> conn(PQconnectStart(conninfo_of(target).c_str()), &PQfinish);
  if (conn == nullptr) throw std::bad_alloc();
  PQsetErrorVerbosity(conn.get(), PQERRORS_VERBOSE);
  PostgresPollingStatusType state =
      PQstatus(conn.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  bool late = false;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED && !late) {
    pollfd socket{PQsocket(conn.get()), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(target.deadline - Clock::now()).count();
    const int ready = left <= 0 ? 0 : poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, 86'400'000)));
    if (ready < 0 && errno == EINTR) continue;
    late = ready == 0;
    if (!late) state = PQconnectPoll(conn.get());
  }
  if (state == PGRES_POLLING_OK) return std::nullopt;

  Attempt attempt;
  if (late) {
    attempt.error = no_answer();
    return attempt;
  }
  const std::string_view text = PQerrorMessage(conn.get());
  Failure failure;
  failure.sqlstate = sqlstate_of_connect(text);
  failure.message = text;
  failure.lost = true;
  Circumstances now;
  now.phase = Phase::connect;
  ErrorInfo& info = attempt.error = translate(failure, now);
  if (PQconnectionNeedsPassword(conn.get()) != 0) info.code = ErrorCode::auth;
  if (const Reason* const reason = reason_in(text);
      reason != nullptr && (info.sqlstate.empty() || info.code == ErrorCode::connection)) {
    info.message = reason->message;
    info.hint = reason->hint;
    attempt.unsuitable = reason->kind == Reason::Kind::unsuitable;
    if (reason->kind == Reason::Kind::lasting) info.retryable = false;
  }
  if (info.code == ErrorCode::auth) {
    info.retryable = false;
    if (!target.settings.password_file.empty()) info.hint += "; connection.password_file is read anew by every connect";
  }
  return attempt;
}

/// Two rounds, because a server that has just started may refuse SOCI and accept the diagnosis.
/// SOCI's connect cannot be given up before libpq's own limit, which is two seconds at least. So a host that did not
/// answer has to answer the diagnosis first, which ends with the deadline: who waits for the host to come back does not
/// wait for a connect that it will never answer.
Attempt connect(const Target& target) {
  Attempt attempt;
  try {
    if (target.silent) {
      if (auto diagnosed = diagnose(target)) return std::move(*diagnosed);
    }
    for (int round = 0; round < 2; ++round) {
      try {
        attempt.session = std::make_unique<soci::session>(soci::postgresql, conninfo_of(target));
        return attempt;
      } catch (const std::bad_alloc&) {
        throw;
      } catch (const std::exception&) { // its text repeats the connection string on some failures
        if (auto diagnosed = diagnose(target)) return std::move(*diagnosed);
      }
    }
    Circumstances now;
    now.phase = Phase::connect;
    Failure failure;
    failure.lost = true;
    attempt.error = translate(failure, now);
  } catch (const std::exception&) {
    attempt.error.code = ErrorCode::resource_exhausted;
    attempt.error.message = "out of memory while connecting";
  }
  return attempt;
}

int open_nowhere() noexcept { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }

/// The type is known from the factory. SOCI hides its type information, so neither a dynamic_cast nor the sanitizer's
/// check of the cast would link.
__attribute__((no_sanitize("vptr"))) PGconn* connection_of(soci::session& session) {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}

/// How good a reason is for being the class of the whole error: what a server said counts more than silence.
int weight(const ErrorInfo& info) noexcept {
  switch (info.code) {
    case ErrorCode::not_ready: return 6;
    case ErrorCode::resource_exhausted: return 5;
    case ErrorCode::auth: return 4;
    case ErrorCode::permission: return 3;
    case ErrorCode::connection: return 2;
    default: return 1;
  }
}

/// The hosts one after the other, and what each answered.
class Round {
public:
  Round(const Settings& settings, HostMemory& memory, Deadline deadline)
      : settings_(settings), memory_(memory), deadline_(deadline), unsuitable_(settings.hosts.size(), false) {}

  [[nodiscard]] Link open() {
    const bool prefers = settings_.target_session_attrs == "prefer-standby";
    std::vector<std::size_t> places = memory_.order(settings_.hosts.size(), settings_.shuffle_hosts);
    if (auto link = try_hosts(places, prefers ? "standby" : settings_.target_session_attrs)) return std::move(*link);
    if (prefers) { // any of those that answered
      std::erase_if(places, [&](std::size_t place) { return !unsuitable_[place]; });
      refusals_.clear();
      if (auto link = try_hosts(places, "any")) return std::move(*link);
    }
    give_up();
  }

private:
  struct Refusal {
    std::size_t place;
    std::string label; ///< with the address, if the name has several
    ErrorInfo error;
  };

  [[nodiscard]] std::optional<Link> try_hosts(const std::vector<std::size_t>& places, const std::string& attrs) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t behind = places.size() - i - 1;
      const Host& host = settings_.hosts[places[i]];
      Addresses addresses;
      if (has_one_address(host)) {
        addresses.hosts.push_back(host);
      } else if (auto found = in_time<Addresses>(share(behind), [host] { return addresses_of(host); })) {
        addresses = std::move(*found);
      } else {
        addresses.failure = "the name service does not answer in time";
      }
      if (addresses.hosts.empty()) {
        ErrorInfo info;
        info.code = ErrorCode::connection;
        info.backend = "postgresql";
        info.retryable = true;
        info.message = addresses.failure;
        info.hint = "check connection.host and the name service";
        refuse(places[i], host.label(), std::move(info), false);
      }
      for (std::size_t j = 0; j < addresses.hosts.size(); ++j) {
        const Host& one = addresses.hosts[j];
        if (auto session = try_address(one, attrs, share(behind + addresses.hosts.size() - j - 1))) {
          memory_.worked(places[i]);
          return Link(std::move(session), one);
        }
        const std::string label =
            addresses.hosts.size() == 1 ? one.label() : fmt::format("{} ({})", one.label(), one.address);
        refuse(places[i], label, std::move(last_.error), last_.unsuitable);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::unique_ptr<soci::session> try_address(const Host& host, const std::string& attrs, Deadline limit) {
    const std::string name = fmt::format("{} {}", host.label(), host.address);
    // One that was given up and is still under way comes first, whatever it was for: beside it a second one would be a
    // connection more than the pool has asked for.
    while (const auto late = std::static_pointer_cast<Errand<Attempt>>(memory_.take_late(name))) {
      if (!wanted(*late)) continue;
      if (!finish(late, name, limit)) return nullptr;
      if (last_.session != nullptr && (attrs.empty() || attrs == "any" || attrs == last_.attrs))
        return std::move(last_.session);
      last_.session.reset();
    }
    if (Clock::now() >= limit) {
      last_ = Attempt{nullptr, no_answer(), false, {}};
      return nullptr;
    }
    const Target target{settings_, host, attrs, limit, memory_.is_silent(name)};
    const auto errand = send_out<Attempt>([target] {
      Attempt attempt = connect(target);
      attempt.attrs = target.attrs;
      return attempt;
    });
    static_cast<void>(finish(errand, name, limit));
    return std::move(last_.session);
  }

  /// Fills last_. Returns false if it is still under way at the limit, and left to the next who wants the same.
  [[nodiscard]] bool finish(const std::shared_ptr<Errand<Attempt>>& errand, const std::string& name, Deadline limit) {
    auto attempt = await(*errand, limit);
    const bool ended = attempt.has_value();
    memory_.note_silence(name, !ended || attempt->error.code == ErrorCode::timeout);
    if (!ended) memory_.leave_late(name, errand);
    last_ = ended ? std::move(*attempt) : Attempt{nullptr, no_answer(), false, {}};
    return ended;
  }

  /// Its part of what is left, if `behind` more are to come.
  [[nodiscard]] Deadline share(std::size_t behind) const {
    const auto now = Clock::now();
    if (deadline_ == Deadline::max()) return now + settings_.connect_timeout;
    const auto part = std::max(Clock::duration::zero(), deadline_ - now) / static_cast<std::int64_t>(behind + 1);
    return now + std::min<Clock::duration>(settings_.connect_timeout, part);
  }

  void refuse(std::size_t place, std::string label, ErrorInfo error, bool unsuitable) {
    memory_.failed(place);
    unsuitable_[place] = unsuitable;
    refusals_.push_back({place, std::move(label), std::move(error)});
  }

  [[noreturn]] void give_up() {
    const auto heaviest = std::max_element(refusals_.begin(), refusals_.end(), [](const Refusal& a, const Refusal& b) {
      return weight(a.error) < weight(b.error);
    });
    ErrorInfo info = heaviest->error;
    info.retryable = info.code != ErrorCode::auth && std::any_of(refusals_.begin(), refusals_.end(),
                                                                 [](const auto& one) { return one.error.retryable; });
    const bool same = std::all_of(refusals_.begin(), refusals_.end(), [&](const Refusal& refusal) {
      return refusal.place == heaviest->place && refusal.error.message == info.message;
    });
    if (!same) { // each in the order of the settings
      std::stable_sort(refusals_.begin(), refusals_.end(),
                       [](const Refusal& a, const Refusal& b) { return a.place < b.place; });
      info.message.clear();
      for (const Refusal& refusal : refusals_)
        info.message += fmt::format("{}{}: {}", info.message.empty() ? "" : "; ", refusal.label, refusal.error.message);
    }
    info.message = fmt::format("cannot connect to {}: {}", settings_.endpoint, info.message);
    throw_error(std::move(info));
  }

  const Settings& settings_;
  HostMemory& memory_;
  const Deadline deadline_;
  Attempt last_;
  std::vector<Refusal> refusals_;
  std::vector<bool> unsuitable_;
};

} // namespace

Link Link::open(const Settings& settings, HostMemory& memory, Deadline deadline) {
  return Round(settings, memory, deadline).open();
}

Link::Link(std::unique_ptr<soci::session> session, Host host) noexcept
    : session_(std::move(session)), handle_(connection_of(*session_)), host_(std::move(host)) {}
Link::Link(Link&&) noexcept = default;

Link::~Link() {
  if (session_ == nullptr || !fork_.forked()) return;
  // Whatever closing writes, a Terminate or a TLS close_notify, must not reach the parent's server.
  const int nowhere = open_nowhere();
  if (nowhere < 0) {
    static_cast<void>(session_.release()); // a leak is better than a goodbye
    return;
  }
  dup2(nowhere, PQsocket(handle_));
  close(nowhere);
}

} // namespace tenon::postgresql
