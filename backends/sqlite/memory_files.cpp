#include "memory_files.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace tenon::sqlite {
namespace {

constexpr const char* kBase = "memdb";

/// Bytes that grow. Threads: one at a time, but for the count of those that hold them.
class Bytes {
public:
  std::atomic<std::uint32_t> holders{1};

  Bytes() noexcept = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { std::free(data_); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t room() const noexcept { return room_; }
  [[nodiscard]] const char* at(std::size_t offset) const noexcept { return data_ + offset; }
  void cut(std::size_t size) noexcept { size_ = std::min(size_, size); }
  /// Returns false without memory. What was never written before `offset` is zero.
  [[nodiscard]] bool write(const void* from, std::size_t amount, std::size_t offset) noexcept {
    const std::size_t end = offset + amount;
    if (end > room_ && !grow(end)) return false;
    if (offset > size_) std::memset(data_ + size_, 0, offset - size_);
    std::memcpy(data_ + offset, from, amount);
    size_ = std::max(size_, end);
    return true;
  }

private:
  bool grow(std::size_t wanted) noexcept {
    constexpr std::size_t kLeast = std::size_t{1} << 16U; // thirty pages
    const std::size_t room = std::max({kLeast, 2 * room_, wanted});
    auto* const larger = static_cast<char*>(std::realloc(data_, room));
    if (larger == nullptr) return false;
    data_ = larger;
    room_ = room;
    return true;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

void release(Bytes* bytes) noexcept {
  if (bytes->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete bytes;
}

/// The memory of the last journal that was closed, for the next that is opened: two exchanges of a pointer, where a
/// call of malloc() for as much is no quicker.
std::atomic<Bytes*> spare{nullptr};

constexpr std::size_t kMostKept = std::size_t{1} << 20U;

/// Journals that were closed with something in them, by name: of transactions that an error stopped half-way. Who comes
/// to the database next finds such a journal and rolls back, as on a disk; it is gone when it is empty or deleted.
class Kept {
public:
  /// Whether there are any: there hardly ever are.
  [[nodiscard]] bool any() const noexcept { return count_.load(std::memory_order_acquire) != 0; }
  /// Takes over a holder's part. Returns false without memory.
  [[nodiscard]] bool keep(std::string_view name, Bytes* bytes) noexcept {
    const std::lock_guard lock(mutex_);
    try {
      Bytes*& place = journals_[std::string(name)];
      if (place != nullptr) release(place);
      place = bytes;
    } catch (const std::bad_alloc&) {
      return false;
    }
    count_.store(journals_.size(), std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool has(std::string_view name) noexcept {
    if (!any()) return false;
    const std::lock_guard lock(mutex_);
    return journals_.find(name) != journals_.end();
  }
  /// The caller holds it too; null if there is none.
  [[nodiscard]] Bytes* find(std::string_view name) noexcept {
    if (!any()) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto found = journals_.find(name);
    if (found == journals_.end()) return nullptr;
    found->second->holders.fetch_add(1, std::memory_order_relaxed);
    return found->second;
  }
  void forget(std::string_view name) noexcept {
    if (!any()) return;
    const std::lock_guard lock(mutex_);
    const auto found = journals_.find(name);
    if (found == journals_.end()) return;
    release(found->second);
    journals_.erase(found);
    count_.store(journals_.size(), std::memory_order_release);
  }

private:
  std::mutex mutex_;
  std::map<std::string, Bytes*, std::less<>> journals_;
  std::atomic<std::size_t> count_{0};
};

/// Never destroyed: connections may be closed at the very end.
Kept& kept() {
  static Kept& all = *new Kept();
  return all;
}

struct Journal : sqlite3_file {
  Bytes* bytes;
  const char* name; ///< SQLite's, as long as the file is open
  bool is_kept;     ///< found among those, not made
};

Bytes& bytes_of(sqlite3_file* file) noexcept { return *static_cast<Journal*>(file)->bytes; }

int close(sqlite3_file* file) {
  const Journal& journal = *static_cast<Journal*>(file);
  Bytes* const bytes = journal.bytes;
  if (journal.is_kept) {
    if (bytes->size() == 0) kept().forget(journal.name);
    release(bytes);
  } else if (bytes->size() != 0) {
    if (!kept().keep(journal.name, bytes)) { // what it would have undone stays done: better than to say nothing
      release(bytes);
      return SQLITE_IOERR_NOMEM;
    }
  } else if (bytes->room() > kMostKept) {
    release(bytes);
  } else if (Bytes* const other = spare.exchange(bytes, std::memory_order_acq_rel)) {
    release(other);
  }
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* to, int amount, sqlite3_int64 offset) {
  const Bytes& bytes = bytes_of(file);
  const auto wanted = static_cast<std::size_t>(amount);
  const std::size_t begin = std::min(static_cast<std::size_t>(offset), bytes.size());
  const std::size_t there = std::min(wanted, bytes.size() - begin);
  if (there > 0) std::memcpy(to, bytes.at(begin), there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  const bool written = bytes_of(file).write(from, static_cast<std::size_t>(amount), static_cast<std::size_t>(offset));
  return written ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  bytes_of(file).cut(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(bytes_of(file).size());
  return SQLITE_OK;
}

int sync(sqlite3_file*, int) { return SQLITE_OK; }
int lock(sqlite3_file*, int) { return SQLITE_OK; }
int is_reserved(sqlite3_file*, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}
int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 0; }
int characteristics(sqlite3_file*) { return 0; }

constexpr sqlite3_io_methods make_methods() {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;
  methods.xClose = close;
  methods.xRead = read;
  methods.xWrite = write;
  methods.xTruncate = truncate;
  methods.xSync = sync;
  methods.xFileSize = file_size;
  methods.xLock = lock;
  methods.xUnlock = lock;
  methods.xCheckReservedLock = is_reserved;
  methods.xFileControl = control;
  methods.xSectorSize = sector_size;
  methods.xDeviceCharacteristics = characteristics;
  return methods;
}

int open_journal(const char* name, sqlite3_file* file, int flags, int* given) {
  static constexpr sqlite3_io_methods kMethods = make_methods();
  file->pMethods = nullptr; // nothing to close
  Bytes* bytes = kept().find(name);
  const bool is_kept = bytes != nullptr;
  if (!is_kept) {
    bytes = spare.exchange(nullptr, std::memory_order_acq_rel);
    if (bytes == nullptr) bytes = new (std::nothrow) Bytes();
    if (bytes == nullptr) return SQLITE_NOMEM;
    bytes->cut(0);
  }
  auto& journal = *static_cast<Journal*>(file);
  journal.bytes = bytes;
  journal.name = name;
  journal.is_kept = is_kept;
  journal.pMethods = &kMethods;
  if (given != nullptr) *given = flags;
  return SQLITE_OK;
}

/// memdb cannot tell whether another one may write, which it need not without journals to be found. Requires that the
/// file is locked for reading.
int may_another_write(sqlite3_file* file, int* locked) {
  const int code = file->pMethods->xLock(file, SQLITE_LOCK_RESERVED);
  *locked = code == SQLITE_OK ? 0 : 1;
  return code == SQLITE_OK ? file->pMethods->xUnlock(file, SQLITE_LOCK_SHARED) : SQLITE_OK;
}

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* given) {
  constexpr int kJournals =
      SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL; // super: of several databases together
  if ((flags & kJournals) != 0) return open_journal(name, file, flags, given);
  static sqlite3_vfs* const base = sqlite3_vfs_find(kBase);
  const int code = base->xOpen(base, name, file, flags, given);
  if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return code;
  static const sqlite3_io_methods methods = [file] {
    sqlite3_io_methods theirs = *file->pMethods;
    theirs.xCheckReservedLock = may_another_write;
    return theirs;
  }();
  file->pMethods = &methods;
  if (given != nullptr) *given &= ~SQLITE_OPEN_MEMORY; // or SQLite would open no journal for it
  return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* name, int) {
  kept().forget(name);
  return SQLITE_OK;
}

int is_there(sqlite3_vfs*, const char* name, int, int* there) {
  *there = kept().has(name) ? 1 : 0;
  return SQLITE_OK;
}

} // namespace

const char* memory_vfs() {
  static std::array<char, 48> name{}; // of this copy of the plugin: another one may register its own
  static sqlite3_vfs ours{};
  static const char* const registered = []() -> const char* {
    const sqlite3_vfs* const base = sqlite3_vfs_find(kBase);
    if (base == nullptr) return kBase; // which the open will miss
    static_cast<void>(kept());         // here, where it may fail
    std::snprintf(name.data(), name.size(), "tenon-memory-%p", static_cast<const void*>(&ours));
    ours = *base; // what is not ours knows its file system by its data
    ours.pNext = nullptr;
    ours.zName = name.data();
    ours.szOsFile = std::max(base->szOsFile, static_cast<int>(sizeof(Journal)));
    ours.xOpen = open;
    ours.xDelete = remove;
    ours.xAccess = is_there;
    return sqlite3_vfs_register(&ours, 0) == SQLITE_OK ? ours.zName : kBase;
  }();
  return registered;
}

} // namespace tenon::sqlite
