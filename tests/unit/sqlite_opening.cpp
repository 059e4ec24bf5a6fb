#include <fstream>

#include <sys/fsuid.h>
#include <unistd.h>

#include <tenon/testing/latency.hpp>

#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

ErrorInfo opening(const std::string& path, std::initializer_list<Option> more = {}) {
  return error_of([&] { (void)open_backend(path, more)->connect(Deadline::max()); });
}

/// For root every file is writable; the file system's view of us can be another user's.
class Unprivileged {
public:
  Unprivileged() { ::setfsuid(65534); }
  ~Unprivileged() { ::setfsuid(::geteuid()); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
};

} // namespace

TEST_CASE("a new file is created with a write-ahead log and foreign keys") {
  TemporaryFolder folder;
  OneSession one(folder.file("new.db"));
  CHECK(one.text("PRAGMA journal_mode") == "wal");
  CHECK(one.number("PRAGMA synchronous") == 2);
  CHECK(one.number("PRAGMA foreign_keys") == 1);
  CHECK(one.session->alive());
  CHECK_NOTHROW(one.session->ping());
}

TEST_CASE("the settings reach the database") {
  TemporaryFolder folder;
  OneSession one(folder.file("plain.db"),
                 {{"journal_mode", "delete"}, {"synchronous", "off"}, {"foreign_keys", "false"}});
  CHECK(one.text("PRAGMA journal_mode") == "delete");
  CHECK(one.number("PRAGMA synchronous") == 0);
  CHECK(one.number("PRAGMA foreign_keys") == 0);
}

TEST_CASE("a path is a path, also one that looks like a URI") {
  TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.file(""));
  {
    OneSession one("file:odd?mode=memory");
    one.create(kPeople);
  }
  const bool there = std::filesystem::exists("file:odd?mode=memory");
  std::filesystem::current_path(before);
  CHECK(there);
}

TEST_CASE("each way of not opening names the path and the reason") {
  TemporaryFolder folder;
  const ErrorInfo missing = opening(folder.file("no/such/folder.db"));
  CHECK(missing.code == ErrorCode::connection);
  CHECK(missing.message == "cannot open the database " + folder.file("no/such/folder.db") + ": there is no directory " +
                               folder.file("no/such"));

  const ErrorInfo directory = opening(folder.file(""));
  CHECK(directory.code == ErrorCode::connection);
  CHECK(directory.message.find("it is a directory") != std::string::npos);

  const std::string text = folder.file("notes.txt");
  std::ofstream(text) << std::string(5000, 'x');
  const ErrorInfo foreign = opening(text);
  CHECK(foreign.code == ErrorCode::internal);
  CHECK(foreign.message == "cannot open the database " + text + ": the file is not a SQLite database");
  CHECK(std::filesystem::file_size(text) == 5000);

  const ErrorInfo under_file = opening(text + "/x.db");
  CHECK(under_file.code == ErrorCode::connection);
  CHECK(under_file.message.find(text + " is not a directory") != std::string::npos);
}

TEST_CASE("a file that may not be read is a ConnectionError, one that may only be read serves reads") {
  TemporaryFolder folder;
  const std::string path = folder.file("data.db");
  {
    OneSession one(path, {{"journal_mode", "delete"}});
    one.create(kPeople);
    add_person(one.session->repository(kPeople), "a");
  }
  std::filesystem::permissions(folder.file(""), std::filesystem::perms(0755));
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  {
    const Unprivileged nobody;
    OneSession one(path, {{"journal_mode", "delete"}});
    IRepository& people = one.session->repository(kPeople);
    CHECK(people.count({}) == 1);
    const ErrorInfo info = error_of([&] { add_person(people, "b"); });
    CHECK(info.code == ErrorCode::read_only);
    CHECK(info.hint.find("permissions") != std::string::npos);
  }
  std::filesystem::permissions(path, std::filesystem::perms(0000), std::filesystem::perm_options::replace);
  const Unprivileged nobody;
  const ErrorInfo unreadable = opening(path, {{"journal_mode", "delete"}});
  CHECK(unreadable.code == ErrorCode::connection);
  CHECK(unreadable.message.find(path) != std::string::npos);
}

TEST_CASE("a journal mode that another session's lock forbids to change is a TimeoutError, in time") {
  TemporaryFolder folder;
  const std::string path = folder.file("locked.db");
  OneSession holder(path, {{"journal_mode", "delete"}});
  holder.create(kPeople);
  holder.session->begin({.write_intent = true});
  auto backend = open_backend(path, {{"busy_timeout", "30ms"}});
  const auto begin = Clock::now();
  const ErrorInfo info = error_of([&] { (void)backend->connect(Deadline::max()); });
  CHECK(info.code == ErrorCode::timeout);
  CHECK(Clock::now() - begin < std::chrono::milliseconds(30) + tenon::testing::kLateness);
}

TEST_CASE("opening keeps its deadline") {
  TemporaryFolder folder;
  auto backend = open_backend(folder.file("x.db"));
  CHECK_THROWS_AS(backend->connect(soon(-1)), TimeoutError);
  CHECK_FALSE(std::filesystem::exists(folder.file("x.db")));
}

TEST_CASE("a thousand sessions leave no descriptor behind") {
  const auto descriptors = [] {
    const std::filesystem::directory_iterator open("/proc/self/fd");
    return std::distance(begin(open), end(open));
  };
  TemporaryFolder folder;
  auto backend = open_backend(folder.file("x.db"));
  auto first = backend->connect(Deadline::max());
  const auto before = descriptors();
  for (int i = 0; i < 1000; ++i)
    (void)backend->connect(Deadline::max())->alive();
  CHECK(descriptors() == before);
}
