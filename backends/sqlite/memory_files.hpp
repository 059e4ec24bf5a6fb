#pragma once
// The file system of databases in memory: SQLite's own "memdb", but for rollback journals, which are ours. Used by the
// backend for the names of its databases. Threads: any.
//
// Why: memdb has SQLite keep its journals in chunks of 1 KiB, a call of malloc() and free() and two of a mutex for
// each. A row that is created fills twelve of them, a quarter of the time that it takes. Ours are one piece of memory
// that the next transaction uses again. And as on a disk, a journal that is closed in the middle of a commit, because
// there was no room for all its pages, is there for the next connection, which rolls back.

namespace tenon::sqlite {

/// What a database's URI calls it: file:/name?vfs=… . Registered for good at the first call, since a plugin is never
/// unloaded.
[[nodiscard]] const char* memory_vfs();

} // namespace tenon::sqlite
