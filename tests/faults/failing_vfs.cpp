#include "failing_vfs.hpp"

#include <array>
#include <new>
#include <stdexcept>

#include <sqlite3.h>

namespace tenon::faults {
namespace {

struct State {
  FileFault fault;
  bool armed = false;
  bool reached = false;
  int seen = 0;
};
State state;

sqlite3_vfs* real = nullptr; // the one that does the work

/// What SQLite is to be told instead of making the call, or SQLITE_OK.
int fate(FileCall call) noexcept {
  if (!state.armed || state.fault.call != call) return SQLITE_OK;
  ++state.seen;
  if (state.seen < state.fault.nth || (state.seen > state.fault.nth && !state.fault.and_after)) return SQLITE_OK;
  state.reached = true;
  return state.fault.code;
}

/// Ours first, then the real one's, in one piece of memory that SQLite gives.
struct File {
  sqlite3_file base;
  [[nodiscard]] sqlite3_file* inner() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File& ours(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file); }
sqlite3_file* inner(sqlite3_file* file) noexcept { return ours(file).inner(); }
const sqlite3_io_methods& methods(sqlite3_file* file) noexcept { return *inner(file)->pMethods; }

int close(sqlite3_file* file) {
  const int code = methods(file).xClose(inner(file));
  file->pMethods = nullptr;
  return code;
}
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  if (const int code = fate(FileCall::read); code != SQLITE_OK) return code;
  return methods(file).xRead(inner(file), to, size, at);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (const int code = fate(FileCall::write); code != SQLITE_OK) {
    // As a full disk does it: a part arrives.
    if (size > 1) static_cast<void>(methods(file).xWrite(inner(file), from, size / 2, at));
    return code;
  }
  return methods(file).xWrite(inner(file), from, size, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = fate(FileCall::truncate); code != SQLITE_OK) return code;
  return methods(file).xTruncate(inner(file), size);
}
/// Nothing here is about power cuts, and waiting for the disk a thousand times would take its time.
int sync(sqlite3_file*, int) { return fate(FileCall::sync); }
int size(sqlite3_file* file, sqlite3_int64* result) {
  if (const int code = fate(FileCall::size); code != SQLITE_OK) return code;
  return methods(file).xFileSize(inner(file), result);
}
int lock(sqlite3_file* file, int level) {
  if (const int code = fate(FileCall::lock); code != SQLITE_OK) return code;
  return methods(file).xLock(inner(file), level);
}
int unlock(sqlite3_file* file, int level) { return methods(file).xUnlock(inner(file), level); }
int check_lock(sqlite3_file* file, int* result) { return methods(file).xCheckReservedLock(inner(file), result); }
int control(sqlite3_file* file, int what, void* argument) {
  return methods(file).xFileControl(inner(file), what, argument);
}
int sector_size(sqlite3_file* file) { return methods(file).xSectorSize(inner(file)); }
int characteristics(sqlite3_file* file) { return methods(file).xDeviceCharacteristics(inner(file)); }
int shm_map(sqlite3_file* file, int page, int page_size, int extend, void volatile** memory) {
  if (const int code = fate(FileCall::map); code != SQLITE_OK) return code;
  return methods(file).xShmMap(inner(file), page, page_size, extend, memory);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return methods(file).xShmLock(inner(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { methods(file).xShmBarrier(inner(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return methods(file).xShmUnmap(inner(file), remove); }

const sqlite3_io_methods kMethods{
    2,         close,      read,    write,       truncate,        sync,    size,     lock,
    unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock, shm_barrier,
    shm_unmap, nullptr,    nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (const int code = fate(FileCall::open); code != SQLITE_OK) return code;
  File* const made = new (file) File{};
  const int code = real->xOpen(real, name, made->inner(), flags, out_flags);
  if (code == SQLITE_OK) made->base.pMethods = &kMethods;
  return code;
}
int remove(sqlite3_vfs*, const char* name, int sync_folder) {
  if (const int code = fate(FileCall::remove); code != SQLITE_OK) return code;
  static_cast<void>(sync_folder);
  return real->xDelete(real, name, 0);
}

sqlite3_vfs shim;

} // namespace

std::string_view name_of(FileCall call) noexcept {
  constexpr std::array<std::string_view, 9> kNames{"open", "read",   "write", "sync", "truncate",
                                                   "size", "remove", "lock",  "map"};
  return kNames[static_cast<std::size_t>(call)];
}

FailingVfs::FailingVfs() {
  real = sqlite3_vfs_find(nullptr);
  if (real == nullptr) throw std::runtime_error("SQLite has no access to files");
  state = {};
  shim = *real; // what is not ours goes straight to the real one, which does not look at itself
  shim.pNext = nullptr;
  shim.zName = "tenon-failing";
  shim.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
  shim.xOpen = open;
  shim.xDelete = remove;
  if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK) throw std::runtime_error("SQLite refuses another access to files");
}

FailingVfs::~FailingVfs() {
  state = {};
  sqlite3_vfs_unregister(&shim);
  sqlite3_vfs_register(real, 1);
}

void FailingVfs::arm(const FileFault& fault) noexcept { state = {fault, true, false, 0}; }
void FailingVfs::disarm() noexcept { state.armed = false; }
bool FailingVfs::reached() const noexcept { return state.reached; }

} // namespace tenon::faults
