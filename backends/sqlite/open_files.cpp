#include "open_files.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sys/stat.h>

#include <tenon/interface/fork_guard.hpp>

namespace tenon::sqlite {
namespace {

struct Entry {
  dev_t device;
  ino_t file;
  ForkGuard made;
};

struct List {
  std::mutex mutex;
  std::vector<Entry> entries;
};

List& list() {
  static List& all = []() -> List& {
    static List* const made = new List; // never destroyed: a fork may come while the process ends
    // A fork waits for whoever holds the list, so that the child does not find it locked by a thread that it lacks.
    (void)::pthread_atfork([] { list().mutex.lock(); }, [] { list().mutex.unlock(); }, [] { list().mutex.unlock(); });
    return *made;
  }();
  return all;
}

struct Identity {
  dev_t device;
  ino_t file;
};

std::optional<Identity> identity(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Identity{found.st_dev, found.st_ino};
}

} // namespace

OpenFile::OpenFile(const std::string& path) {
  const auto found = identity(path);
  if (!found) return;
  List& all = list();
  const std::lock_guard lock(all.mutex);
  all.entries.push_back({found->device, found->file, {}});
  device_ = found->device;
  file_ = found->file;
}

OpenFile::OpenFile(OpenFile&& other) noexcept : device_(other.device_), file_(std::exchange(other.file_, 0)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  if (this != &other) {
    forget();
    device_ = other.device_;
    file_ = std::exchange(other.file_, 0);
  }
  return *this;
}

OpenFile::~OpenFile() { forget(); }

void OpenFile::forget() noexcept {
  if (file_ == 0) return;
  List& all = list();
  const std::lock_guard lock(all.mutex);
  const auto ours = std::find_if(all.entries.begin(), all.entries.end(), [this](const Entry& entry) {
    return entry.device == device_ && entry.file == file_ && !entry.made.forked();
  });
  if (ours != all.entries.end()) all.entries.erase(ours);
  file_ = 0;
}

bool OpenFile::inherited(const std::string& path) {
  const auto found = identity(path);
  if (!found) return false;
  List& all = list();
  const std::lock_guard lock(all.mutex);
  return std::any_of(all.entries.begin(), all.entries.end(), [&](const Entry& entry) {
    return entry.device == found->device && entry.file == found->file && entry.made.forked();
  });
}

} // namespace tenon::sqlite
