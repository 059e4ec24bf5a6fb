#pragma once
// OpenFile: remembers in this process that a database file is open. After a fork the child finds out by it which files
// it must not open again.
//
// Why: SQLite keeps a list of the locks that the process holds on each file. A child inherits the list, but not the
// locks, which are the parent's: a connection that the child opens to such a file believes it is protected, and is not.
// Seen: the parent's last connection closes, takes the child for absent, and deletes the write-ahead log in which the
// child's commits stand. What is harmless to the parent: that the child, when it ends, closes its copies of the
// descriptors; POSIX locks go only with a descriptor that their own process closes.
//
// Threads: every function from any thread.

#include <string>

#include <sys/types.h>

namespace tenon::sqlite {

class OpenFile {
public:
  OpenFile() noexcept = default;
  /// Requires that the file exists; one that does not is not remembered.
  explicit OpenFile(const std::string& path);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  /// Forgets it, but not in a child: the descriptor that it inherited stays open.
  ~OpenFile();

  /// True if an ancestor of this process had the file open when it forked.
  [[nodiscard]] static bool inherited(const std::string& path);

private:
  void forget() noexcept;
  dev_t device_ = 0;
  ino_t file_ = 0; ///< 0: nothing is remembered
};

} // namespace tenon::sqlite
