#include "postgres_installation.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include <tenon/interface/error.hpp>

#include "server_folder.hpp"

namespace fs = std::filesystem;

namespace tenon::testing {
namespace {

constexpr int kFirstWithIcu = 15;

// Part of the template's name: change it together with initdb_arguments().
constexpr const char* kTemplateFormat = "1";

bool has_programs(const fs::path& bin) {
  return ::access((bin / "postgres").c_str(), X_OK) == 0 && ::access((bin / "initdb").c_str(), X_OK) == 0;
}

int major_of(std::string_view version) { return std::atoi(std::string(version).c_str()); }

std::vector<fs::path> candidate_folders() {
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("TENON_POSTGRES_BIN"); chosen != nullptr && *chosen != '\0') return {chosen};
  std::error_code error;
  for (fs::directory_iterator it("/usr/lib/postgresql", error), end; !error && it != end; it.increment(error)) {
    folders.push_back(it->path() / "bin");
  }
  std::sort(folders.begin(), folders.end(), [](const fs::path& a, const fs::path& b) {
    return major_of(a.parent_path().filename().string()) > major_of(b.parent_path().filename().string());
  });
  const char* path = std::getenv("PATH");
  std::istringstream entries(path == nullptr ? "" : path);
  for (std::string entry; std::getline(entries, entry, ':');) {
    if (!entry.empty() && entry.front() == '/') folders.emplace_back(entry);
  }
  return folders;
}

// "postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)"
std::string version_of(const fs::path& bin, const Account& account) {
  const auto finished =
      run({.arguments = {bin / "postgres", "--version"}, .account = account}, Clock::now() + std::chrono::seconds(20));
  std::istringstream words(finished.output);
  std::string program;
  std::string product;
  std::string version;
  if (finished.status != 0 || !(words >> program >> product >> version) || major_of(version) == 0) {
    throw_error(ErrorCode::operational, (bin / "postgres").string() + " does not tell its version", finished.output);
  }
  return version;
}

std::vector<std::string> initdb_arguments(const PostgresInstallation& installation, const fs::path& data) {
  std::vector<std::string> arguments = {
      installation.bin / "initdb", "--pgdata=" + data.string(), "--username=postgres", "--auth=trust",
      "--encoding=UTF8",           "--locale=C.UTF-8",          "--no-sync",           "--no-instructions"};
  if (major_of(installation.version) >= kFirstWithIcu) {
    arguments.insert(arguments.end(), {"--locale-provider=icu", "--icu-locale=en-US"});
  }
  return arguments;
}

void must_succeed(const Spawn& what, Clock::time_point deadline) {
  const auto finished = run(what, deadline);
  if (finished.status == 0) return;
  throw_error(ErrorCode::operational, what.arguments.front() + " failed", finished.output);
}

// Returns the folder of templates, or an empty path where somebody else owns that name: /tmp is everybody's.
fs::path template_folder(const Account& account) {
  fs::path folder = temporary_base() / ("tenon-pgtemplate-" + std::to_string(account.uid));
  if (::mkdir(folder.c_str(), 0700) == 0) {
    if (::chown(folder.c_str(), account.uid, account.gid) != 0)
      throw_errno("cannot hand over " + folder.string(), errno);
  } else if (errno != EEXIST) {
    return {};
  }
  // Another process may be between its mkdir and its chown.
  for (int turn = 0; turn < 40; ++turn) {
    struct stat status {};
    if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || (status.st_mode & 077) != 0) return {};
    if (status.st_uid == account.uid) return folder;
    if (status.st_uid != ::geteuid()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

// Requires the lock on `folder`. Complete or absent: made under another name, then renamed.
void make_template(const PostgresInstallation& installation, const Account& account, const fs::path& folder,
                   const fs::path& wanted, Clock::time_point deadline) {
  const fs::path unfinished = folder / "unfinished";
  fs::remove_all(unfinished); // of a process that was killed here
  must_succeed({.arguments = initdb_arguments(installation, unfinished), .account = account, .directory = folder},
               deadline);
  fs::rename(unfinished, wanted);
}

} // namespace

PostgresInstallation find_postgres(const Account& account) {
  std::string searched;
  for (const fs::path& bin : candidate_folders()) {
    if (has_programs(bin)) return {.bin = bin, .version = version_of(bin, account), .user = account.name};
    searched += (searched.empty() ? "" : ", ") + bin.string();
  }
  throw_error(ErrorCode::operational, "no PostgreSQL server found; searched " + searched,
              "apt-get install postgresql, or set TENON_POSTGRES_BIN to the folder of initdb and postgres");
}

PostgresInstallation find_postgres() { return find_postgres(server_account()); }

void initialise_cluster(const PostgresInstallation& installation, const Account& account, const fs::path& data,
                        Clock::time_point deadline) {
  const fs::path folder = template_folder(account);
  if (folder.empty()) {
    must_succeed({.arguments = initdb_arguments(installation, data), .account = account}, deadline);
    return;
  }
  const fs::path wanted = folder / (installation.version + "-" + kTemplateFormat);
  // Root may own a lock that an ordinary process of the same account made, and the other way round.
  const Descriptor lock(::open((folder / "lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (lock.get() < 0) throw_errno("cannot open " + (folder / "lock").string(), errno);
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (Clock::now() >= deadline) {
      throw_error(ErrorCode::timeout, "another process holds " + (folder / "lock").string() + " for too long");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::error_code error;
  if (!fs::exists(wanted / "PG_VERSION", error)) make_template(installation, account, folder, wanted, deadline);
  // The lock is kept: a template is only ever removed by who cleans /tmp, which no lock keeps from it.
  must_succeed(
      {.arguments = {"/bin/cp", "-a", "--reflink=auto", "--", wanted.string(), data.string()}, .account = account},
      deadline);
}

} // namespace tenon::testing
