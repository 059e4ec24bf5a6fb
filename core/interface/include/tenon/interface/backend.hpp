#pragma once
// IBackend: one configured database, opened by a store; makes sessions. Implemented by backends (through the SDK) and
// by the host's adapter to the plugin boundary. Threads: every method from any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tenon/interface/capabilities.hpp>
#include <tenon/interface/error.hpp>
#include <tenon/interface/session.hpp>

namespace tenon {

/// One setting of the profile's `connection`, nested keys joined by dots ("tls.mode"); lists become "hosts.0",
/// "hosts.1".
struct Option {
  std::string_view key;
  std::string_view value;
};
using Options = std::span<const Option>;

[[nodiscard]] inline std::optional<std::string_view> find_option(Options options, std::string_view key) noexcept {
  for (const Option& option : options) {
    if (option.key == key) return option.value;
  }
  return std::nullopt;
}

/// Who made a backend. Shown by `tenon plugin info`.
struct BackendInfo {
  std::string id; ///< the name in `backend:`; lower case
  std::string version;
  std::string vendor;
  std::string license;
  std::string url;
  std::string build; ///< compiler, driver versions
};

/// What became of a transaction whose COMMIT was not answered. The same numbers as TENON_OUTCOME_* in tenon_abi.h.
enum class Outcome : std::uint32_t {
  unknown = 0,     ///< the database cannot tell (any more)
  committed = 1,   ///< its work is there
  rolled_back = 2, ///< nothing of it is there, nor will be
  in_progress = 3, ///< not ended yet: ask again
};

class IBackend {
public:
  /// Requires that all its sessions are destroyed.
  virtual ~IBackend() = default;

  [[nodiscard]] virtual const BackendInfo& info() const noexcept = 0;
  /// What this database can do: a subset of what the plugin claims.
  [[nodiscard]] virtual Capabilities capabilities() const noexcept = 0;
  /// Where it connects to, for messages ("localhost:5432/analytics as app"); never a secret.
  [[nodiscard]] virtual std::string endpoint() const = 0;
  /// Opens a connection, at the latest by `deadline`.
  /// Errors: ConnectionError and its kin; a failed connect leaves nothing behind.
  [[nodiscard]] virtual std::unique_ptr<ISession> connect(Deadline deadline) = 0;
  /// What became of the transaction that Error::transaction() names, asked anew of the database, at the latest by
  /// `deadline`. Needs no session and leaves none behind. Errors: those of connect; NotSupported without the
  /// capability. Capability: resolve_commit.
  [[nodiscard]] virtual Outcome resolve([[maybe_unused]] std::string_view transaction,
                                        [[maybe_unused]] Deadline deadline) {
    throw_error(ErrorCode::not_supported, "backend " + info().id + " cannot tell what became of a transaction");
  }
};

} // namespace tenon
