#pragma once
// What the contract suite runs against: a subject is a loaded plugin with the options of a database; cases name none
// and ask capabilities only. Used by every case through Database. Threads: const members from any thread.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/core/store.hpp>
#include <tenon/interface/backend.hpp>

namespace tenon::contract {

using OwnedOptions = std::vector<std::pair<std::string, std::string>>;

/// Names of all subjects that this build can load.
[[nodiscard]] std::vector<std::string> subject_names();
/// Chooses the subject of this process. Returns false for an unknown name.
[[nodiscard]] bool choose_subject(std::string_view name);

/// An empty database of the subject, gone with the object. Everything made from it must be gone before.
class Database {
public:
  Database(); ///< of the chosen subject
  /// Of another one. Requires a known name.
  explicit Database(std::string_view subject);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] IBackend& backend() noexcept { return *backend_; }
  [[nodiscard]] bool can(Capability capability) const { return backend_->capabilities().has(capability); }
  [[nodiscard]] std::unique_ptr<ISession> connect();
  /// A session with these tables created. Lifetime: the tables must outlive it.
  [[nodiscard]] std::unique_ptr<ISession> connect_with(const std::vector<const TableDesc*>& tables);
  [[nodiscard]] Store store(const StoreSettings& settings = {});
  /// Opens the same options a second time, with more of them.
  [[nodiscard]] std::shared_ptr<IBackend> open_again(const OwnedOptions& more = {}) const;
  /// Ends the backend, so that only what is stored remains, and opens it anew.
  void restart();

private:
  std::string subject_;
  OwnedOptions options_;
  std::function<void()> drop_;
  std::shared_ptr<IBackend> backend_;
};

/// If the capability is claimed, returns true. If it is not, checks that `probe` answers NotSupported.
[[nodiscard]] bool claimed(const Database& database, Capability capability, const std::function<void()>& probe);

} // namespace tenon::contract
