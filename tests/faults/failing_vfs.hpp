#pragma once
// FailingVfs: SQLite's access to files, failing on request: the Nth read, the Nth sync and all that follow. The default
// of the whole process while it exists, so also of a plugin that is linked to the same library.
// Threads: one; nothing else may use SQLite's files meanwhile.

#include <cstddef>
#include <string_view>

namespace tenon::faults {

enum class FileCall { open, read, write, sync, truncate, size, remove, lock, map, count_of };

[[nodiscard]] std::string_view name_of(FileCall call) noexcept;

struct FileFault {
  FileCall call = FileCall::write;
  int nth = 1;            ///< counts from 1
  int code = 0;           ///< what SQLite is told
  bool and_after = false; ///< all calls of this kind fail from then on
};

class FailingVfs {
public:
  /// Errors: std::runtime_error if SQLite does not take it.
  FailingVfs();
  ~FailingVfs();
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  /// Counts anew.
  void arm(const FileFault& fault) noexcept;
  void disarm() noexcept;
  /// Whether the armed fault has happened.
  [[nodiscard]] bool reached() const noexcept;
};

} // namespace tenon::faults
