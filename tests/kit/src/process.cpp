#include "process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <system_error>
#include <thread>
#include <utility>

#include <tenon/interface/error.hpp>

namespace tenon::testing {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(5);

std::optional<Account> account_named(const char* name) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;
  return Account{.uid = found->pw_uid, .gid = found->pw_gid, .name = name};
}

std::string account_name(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::to_string(uid); // containers run as ids that no passwd entry names
  }
  return found->pw_name;
}

// What execve needs, made before fork: the child of a threaded process may only use async-signal-safe calls.
struct Prepared {
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

Prepared prepare(const Spawn& what) {
  Prepared p;
  p.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + what.directory};
  p.environment.insert(p.environment.end(), what.environment.begin(), what.environment.end());
  for (const auto& argument : what.arguments)
    p.argv.push_back(const_cast<char*>(argument.c_str()));
  p.argv.push_back(nullptr);
  for (auto& variable : p.environment)
    p.envp.push_back(variable.data());
  p.envp.push_back(nullptr);
  return p;
}

// In the child: only returns by failing, with errno set.
void become(const Spawn& what, const Prepared& prepared, int nothing) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number)
    ::signal(number, SIG_DFL);
  ::setsid();
  if (::dup2(what.input < 0 ? nothing : what.input, 0) < 0) return;
  if (::dup2(what.output < 0 ? nothing : what.output, 1) < 0) return;
  if (::dup2(1, 2) < 0) return;
  // Kernels before 5.11 refuse the flag; then only descriptors that somebody opened without O_CLOEXEC leak.
  ::syscall(SYS_close_range, 3U, ~0U, static_cast<unsigned>(CLOSE_RANGE_CLOEXEC));
  if (::geteuid() == 0 && what.account.uid != 0) {
    const gid_t group = what.account.gid;
    if (::setgroups(1, &group) != 0 || ::setgid(group) != 0 || ::setuid(what.account.uid) != 0) return;
  }
  if (::chdir(what.directory.c_str()) != 0) return;
  ::execve(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
}

std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("cannot make a pipe", errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

} // namespace

void throw_errno(const std::string& message, int error) {
  throw_error(ErrorCode::operational, message + ": " + std::generic_category().message(error));
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() { reset(); }

int Descriptor::release() noexcept { return std::exchange(fd_, -1); }

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Account server_account() {
  if (::geteuid() != 0) return {.uid = ::geteuid(), .gid = ::getegid(), .name = account_name(::geteuid())};
  for (const char* name : {"postgres", "nobody"}) {
    if (auto account = account_named(name); account && account->uid != 0) return *account;
  }
  throw_error(ErrorCode::operational, "a database server must not run as root, and no other account was found",
              "create the account `postgres`, or run the tests as an ordinary user");
}

pid_t spawn(const Spawn& what) {
  const Prepared prepared = prepare(what);
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nothing.get() < 0) throw_errno("cannot open /dev/null", errno);
  auto [failure, report] = make_pipe(); // closed by a successful execve, otherwise carries errno

  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("cannot start " + what.arguments.front(), errno);
  if (pid == 0) {
    become(what, prepared, nothing.get());
    const int error = errno;
    [[maybe_unused]] const auto written = ::write(report.get(), &error, sizeof error);
    ::_exit(127);
  }
  report.reset();
  int error = 0;
  ssize_t count = 0;
  do
    count = ::read(failure.get(), &error, sizeof error);
  while (count < 0 && errno == EINTR);
  if (count == sizeof error) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
    throw_errno("cannot run " + what.arguments.front() + " as " + what.account.name, error);
  }
  return pid;
}

std::optional<int> try_wait(pid_t pid) {
  int status = 0;
  pid_t ended = 0;
  do
    ended = ::waitpid(pid, &status, WNOHANG);
  while (ended < 0 && errno == EINTR);
  if (ended == 0) return std::nullopt;
  return ended < 0 ? 0 : status;
}

std::optional<int> wait_until(pid_t pid, Clock::time_point deadline) {
  for (;;) {
    if (auto status = try_wait(pid)) return status;
    if (Clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kPollInterval);
  }
}

Finished run(Spawn what, Clock::time_point deadline) {
  auto [reading, writing] = make_pipe();
  what.output = writing.get();
  const pid_t pid = spawn(what);
  writing.reset();

  Finished finished;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{.fd = reading.get(), .events = POLLIN, .revents = 0};
    const int ready = left <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t count = ready <= 0 ? -1 : ::read(reading.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    finished.output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (auto status = wait_until(pid, deadline)) {
    finished.status = *status;
    return finished;
  }
  ::kill(-pid, SIGKILL); // spawn() made it the leader of its own group
  static_cast<void>(wait_until(pid, Clock::now() + std::chrono::seconds(5)));
  throw_error(ErrorCode::timeout, what.arguments.front() + " did not end in time", finished.output);
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  DIR* processes = ::opendir("/proc");
  if (processes == nullptr) throw_errno("cannot list /proc", errno);
  while (const dirent* entry = ::readdir(processes)) {
    pid_t pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, pid).ptr != end) continue;
    std::ifstream file("/proc/" + std::string(entry->d_name) + "/stat");
    std::string line;
    std::getline(file, line);
    // "pid (command) state ppid …"; the command may itself hold blanks and parentheses.
    const auto after = line.rfind(')');
    if (after == std::string::npos || after + 4 >= line.size() || line[after + 2] == 'Z') continue;
    pid_t ppid = 0;
    std::from_chars(line.data() + after + 4, line.data() + line.size(), ppid);
    if (ppid == parent) children.push_back(pid);
  }
  ::closedir(processes);
  return children;
}

bool works_in(pid_t pid, const std::string& directory) {
  std::array<char, 4096> target{};
  const ssize_t length = ::readlink(("/proc/" + std::to_string(pid) + "/cwd").c_str(), target.data(), target.size());
  return length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) == directory;
}

} // namespace tenon::testing
