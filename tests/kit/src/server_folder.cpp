#include "server_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <tenon/interface/error.hpp>

namespace fs = std::filesystem;

namespace tenon::testing {
namespace {

constexpr std::string_view kPrefix = "tenon-pg-";
constexpr std::string_view kNewPrefix = ".tenon-pg-new-"; // not locked yet, so not judged by its lock
constexpr auto kAbandonedAfter = std::chrono::hours(1);
constexpr std::uintmax_t kMemoryNeeded = std::uintmax_t{2} << 30; // several servers at once, each with a real import
constexpr std::size_t kSocketAddressLimit = 107;                  // sun_path of unix(7), without the final NUL

// $1 is the folder. Reads until the owner's end of the pipe is closed. A process is only signalled while its working
// directory proves that it is the postmaster of this folder: its id may have been given to another one.
constexpr const char* kWatchdog = R"sh(
cat >/dev/null
here() { [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$1/data" ]; }
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if here "$1"; then
  kill -QUIT "$pid"; kill -CONT "$pid"
  turns=0
  while here "$1" && [ "$turns" -lt 100 ]; do sleep 0.1; turns=$((turns + 1)); done
  if here "$1"; then kill -KILL "$pid"; fi
fi
rm -rf -- "$1"
)sh";

std::vector<fs::path> candidate_bases() {
  std::vector<fs::path> bases;
  std::error_code error;
  const auto space = fs::space("/dev/shm", error);
  if (!error && space.available >= kMemoryNeeded) bases.emplace_back("/dev/shm");
  bases.push_back(temporary_base());
  if (bases.back() != "/tmp") bases.emplace_back("/tmp");
  for (auto& base : bases) { // /proc shows real paths
    if (auto real = fs::canonical(base, error); !error) base = real;
  }
  return bases;
}

void end_leftover_server(const fs::path& data) {
  const pid_t pid = postmaster_of(data);
  if (pid == 0 || !works_in(pid, data)) return;
  for (const pid_t child : children_of(pid))
    ::kill(child, SIGKILL);
  ::kill(pid, SIGKILL);
  const auto deadline = Clock::now() + std::chrono::seconds(5);
  while (works_in(pid, data) && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

bool older_than(const struct stat& status, std::chrono::seconds age) {
  return std::time(nullptr) - status.st_mtime > age.count();
}

// Folders whose owner and watchdog are both gone, for instance after the machine lost its power.
void remove_abandoned(const fs::path& base, const Account& account) {
  std::error_code error;
  for (fs::directory_iterator it(base, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    const bool ready = name.starts_with(kPrefix);
    if (!ready && !name.starts_with(kNewPrefix)) continue;
    struct stat status {};
    if (::lstat(it->path().c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
    if (status.st_uid != account.uid && status.st_uid != ::geteuid()) continue;
    const Descriptor lock(::open((it->path() / "lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (lock.get() < 0 && errno != ENOENT) continue;
    if (lock.get() >= 0 && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue; // in use
    const bool being_made = !ready || lock.get() < 0;
    if (being_made && !older_than(status, kAbandonedAfter)) continue;
    end_leftover_server(it->path() / "data");
    remove_shared_memory(it->path() / "data");
    std::error_code ignored; // its watchdog may be removing it at this moment
    fs::remove_all(it->path(), ignored);
  }
}

bool account_may_enter(const fs::path& path, const Account& account) {
  const Spawn probe{.arguments = {"/bin/sh", "-c", ": > probe && rm probe"}, .account = account, .directory = path};
  try {
    return run(probe, Clock::now() + std::chrono::seconds(10)).status == 0;
  } catch (const Error&) {
    return false;
  }
}

} // namespace

fs::path temporary_base() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder == '/' ? fs::path(folder) : fs::path("/tmp");
}

pid_t postmaster_of(const fs::path& data) {
  std::ifstream file(data / "postmaster.pid");
  pid_t pid = 0;
  return file >> pid && pid > 1 ? pid : 0;
}

void remove_shared_memory(const fs::path& data) noexcept {
  try {
    std::ifstream file(data / "postmaster.pid");
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      if (number != 7) continue; // "key id" of the segment
      std::istringstream words(line);
      unsigned long key = 0;
      int id = -1;
      struct shmid_ds segment {};
      if (words >> key >> id && ::shmctl(id, IPC_STAT, &segment) == 0 && segment.shm_nattch == 0) {
        ::shmctl(id, IPC_RMID, nullptr);
      }
    }
  } catch (...) { // a leak of 56 bytes is not worth an error
  }
}

ServerFolder ServerFolder::create(const Account& account) {
  std::string tried;
  for (const fs::path& base : candidate_bases()) {
    remove_abandoned(base, account);
    tried += tried.empty() ? base.string() : ", " + base.string();
    if ((base / (std::string(kPrefix) + "XXXXXX") / ".s.PGSQL.65535").string().size() > kSocketAddressLimit) {
      tried += " (too long for a socket)";
      continue;
    }
    std::string name = base / (std::string(kNewPrefix) + "XXXXXX");
    if (::mkdtemp(name.data()) == nullptr) {
      tried += " (" + std::generic_category().message(errno) + ")";
      continue;
    }
    Descriptor lock(::open((fs::path(name) / "lock").c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX) != 0) throw_errno("cannot lock " + name, errno);
    if (::chown(name.c_str(), account.uid, account.gid) != 0) throw_errno("cannot hand over " + name, errno);
    const fs::path path = base / (std::string(kPrefix) + name.substr(name.size() - 6));
    if (::rename(name.c_str(), path.c_str()) != 0) throw_errno("cannot rename " + name, errno);
    ServerFolder folder(path, account, std::move(lock));
    if (account_may_enter(path, account)) {
      folder.start_watchdog();
      return folder;
    }
    tried += " (the account " + account.name + " cannot enter it)";
  }
  throw_error(ErrorCode::operational, "no folder for a temporary server; tried " + tried,
              "set TMPDIR to a folder that the server's account can enter");
}

ServerFolder::~ServerFolder() {
  if (path_.empty() || lock_.get() < 0) return; // moved from
  remove_shared_memory(data());
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  lifeline_.reset();
  if (watchdog_ > 0) static_cast<void>(wait_until(watchdog_, Clock::now() + std::chrono::seconds(10)));
}

void ServerFolder::start_watchdog() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("cannot make a pipe", errno);
  const Descriptor reading(ends[0]);
  lifeline_ = Descriptor(ends[1]);
  watchdog_ = spawn({.arguments = {"/bin/sh", "-c", kWatchdog, "tenon-pg-watchdog", path_.string()},
                     .account = account_,
                     .input = reading.get()});
}

void ServerFolder::write(const fs::path& file, const std::string& content) const {
  const Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (out.get() < 0) throw_errno("cannot write " + file.string(), errno);
  if (::fchown(out.get(), account_.uid, account_.gid) != 0) throw_errno("cannot hand over " + file.string(), errno);
  std::string_view left = content;
  while (!left.empty()) {
    const ssize_t count = ::write(out.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("cannot write " + file.string(), errno);
    left.remove_prefix(static_cast<std::size_t>(count));
  }
}

} // namespace tenon::testing
