// Loaded into PostgreSQL's processes by LD_PRELOAD: while the file exists that TENON_FULL_DISK_SWITCH names, a write
// that would let a file below base/ grow fails with ENOSPC, as on a full disk. Others, the log's among them, go
// through.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int is_full(int fd, off64_t end) {
  const char* const wanted = getenv("TENON_FULL_DISK_SWITCH");
  char link[64], name[4096];
  struct stat status;
  const int kept = errno;
  int full = 0;
  if (wanted != NULL && access(wanted, F_OK) == 0 && fstat(fd, &status) == 0 && end > status.st_size) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, name, sizeof name - 1);
    if (length > 0) {
      name[length] = '\0';
      full = strstr(name, "/base/") != NULL;
    }
  }
  errno = full ? ENOSPC : kept;
  return full;
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  static ssize_t (*next)(int, const void*, size_t, off64_t);
  if (is_full(fd, offset + (off64_t)count)) return -1;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "pwrite64");
  return next(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) { return pwrite64(fd, bytes, count, offset); }

// PostgreSQL 16 and later grow files with it.
int posix_fallocate64(int fd, off64_t offset, off64_t count) {
  static int (*next)(int, off64_t, off64_t);
  if (is_full(fd, offset + count)) return ENOSPC;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "posix_fallocate64");
  return next(fd, offset, count);
}

int posix_fallocate(int fd, off_t offset, off_t count) { return posix_fallocate64(fd, offset, count); }
