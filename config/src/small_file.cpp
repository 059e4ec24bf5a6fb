#include "small_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "text.hpp"

namespace tenon::config {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::string reason() { return lower(std::generic_category().message(errno)); }

} // namespace

std::optional<std::string> read_small_file(const std::string& path, std::size_t limit, std::string& content) {
  content.clear();
  if (path.find('\0') != std::string::npos) return "its name holds a NUL byte";
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (file.fd < 0) return reason();
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) return reason();
  if (S_ISDIR(status.st_mode)) return "it is a folder";
  if (!S_ISREG(status.st_mode)) return "it is not a regular file";
  char buffer[8192];
  for (;;) {
    const ssize_t got = ::read(file.fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return reason();
    if (got == 0) return std::nullopt;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > limit) return fmt::format("it is larger than {} bytes", limit);
  }
}

} // namespace tenon::config
