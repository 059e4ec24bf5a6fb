#include "report.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace catalogue {
namespace {

[[noreturn]] void fail(const std::string& path) {
  const int error = errno;
  throw std::system_error(error, std::generic_category(), fmt::format("cannot write {}", path));
}

/// The permissions that a file made by open() would get; mkstemp gives less.
mode_t usual_permissions() noexcept {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

} // namespace

ReportFile::ReportFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".XXXXXX") {
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    temporary_.clear();
    fail(path_);
  }
}

ReportFile::~ReportFile() {
  close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void ReportFile::commit(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fchmod(descriptor_, usual_permissions()) != 0 || fsync(descriptor_) != 0) fail(path_);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_);
  temporary_.clear();
}

} // namespace catalogue
