#pragma once
// The hosts of a connection: how they are written, in which order they are tried, which addresses a name has.
// Used by the settings and by Link. Threads: HostMemory any; the rest are values and functions.

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/fork_guard.hpp>

namespace tenon::postgresql {

struct Host {
  std::string name;    ///< a name, an address, a folder of sockets, or empty: libpq's own choice
  std::string address; ///< a numeric one that is connected to instead of the name's; empty: not known yet
  std::string port;    ///< empty: libpq's own choice
  [[nodiscard]] std::string label() const; ///< "db1:5432", "[::1]:5433", for messages
};

/// "db1", "db1:5433", "[::1]:5433", "/run/postgresql". Errors: ConfigError.
[[nodiscard]] Host read_host(std::string_view option, std::string_view text);

/// The hosts with each address that the name has, in the order of the name service. Blocks. Returns none, and why, if
/// the name is not known.
struct Addresses {
  std::vector<Host> hosts;
  std::string failure;
};
[[nodiscard]] Addresses addresses_of(const Host& host);
/// True if connecting needs no name service.
[[nodiscard]] bool has_one_address(const Host& host) noexcept;

/// Which hosts have failed lately, so that a dead one does not cost every connect its share of the time.
class HostMemory {
public:
  using Clock = std::chrono::steady_clock;
  /// For so long a host that failed is tried behind the others.
  static constexpr std::chrono::seconds kDistrust{30};

  /// The places 0 … count-1: shuffled if wanted, those that have failed lately last.
  [[nodiscard]] std::vector<std::size_t> order(std::size_t count, bool shuffle);
  void failed(std::size_t place);
  void worked(std::size_t place);

  /// Whether the last connect of that name was left without an answer.
  [[nodiscard]] bool is_silent(std::string_view name);
  void note_silence(const std::string& name, bool silent);

  /// A connect that its caller has given up and that is still under way, for the next who wants the same. Kept by
  /// whoever carries it out, not by us.
  void leave_late(std::string name, const std::shared_ptr<void>& connect);
  /// Returns the oldest of that name that is still under way, which nobody else is then given, or null.
  [[nodiscard]] std::shared_ptr<void> take_late(std::string_view name);

private:
  std::mutex mutex_;
  std::vector<Clock::time_point> distrusted_until_;
  std::minstd_rand random_{std::random_device{}()};
  std::vector<std::pair<std::string, std::weak_ptr<void>>> late_;
  std::set<std::string, std::less<>> silent_;
  ForkGuard fork_; // the threads of late_ are the parent's
};

} // namespace tenon::postgresql
