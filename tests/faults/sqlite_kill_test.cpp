// Processes that write and read one SQLite file are killed, again and again: what they had been told is committed is
// there, whole, and the file is sound.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <tenon/testing/effort.hpp>
#include <tenon/testing/program.hpp>

#include "rig.hpp"
#include "sqlite_rig.hpp"

namespace tenon::faults {
namespace {

/// Writers and readers on one file, and what they have said.
class Crowd {
public:
  Crowd(std::string file, std::string journal, int writers, int readers)
      : file_(std::move(file)), journal_(std::move(journal)) {
    for (int i = 0; i < writers + readers; ++i)
      members_.push_back(start(i < writers));
  }

  /// Lets them work until `units` more are acknowledged and every reader has looked. False if that takes too long.
  bool work(int units) {
    const std::int64_t wanted = acknowledged_ + units;
    return becomes_true(
        [&] {
          listen();
          return acknowledged_ >= wanted;
        },
        60s);
  }

  /// Kills one and starts another in its place.
  void replace_one() {
    Member& member = members_[random_() % members_.size()];
    member.worker->kill();
    while (hear(member)) {} // what it had said before it died counts
    if (const int exit = member.worker->wait(); exit != 128 + 9)
      failures_ += fmt::format("a worker ended with {}; ", exit);
    member = start(member.writes);
    ++killed_;
  }

  void kill_all() {
    for (Member& member : members_)
      member.worker->kill();
    for (Member& member : members_) {
      while (hear(member)) {}
      if (const int exit = member.worker->wait(); exit != 128 + 9)
        failures_ += fmt::format("a worker ended with {}; ", exit);
    }
    killed_ += static_cast<int>(members_.size());
    members_.clear();
  }

  /// What is wrong; empty if nothing is. Requires that all are killed.
  [[nodiscard]] std::string problems() const {
    std::string wrong = failures_;
    const Contents found = contents_of(file_);
    if (found.integrity != "ok") wrong += found.integrity + "; ";
    std::map<std::int64_t, std::int64_t> last; // by writer
    std::map<std::int64_t, std::int64_t> count;
    for (const auto& [unit, parts] : found.parts) {
      if (parts != 3) wrong += fmt::format("unit {} is there by half; ", unit);
      last[unit / 1'000'000] = unit % 1'000'000;
      ++count[unit / 1'000'000];
    }
    for (const auto& [writer, acknowledged] : acknowledged_by_) {
      // Each writes one unit after the other: none may be missing, and one may be there of which it was not told.
      const std::int64_t there = last[writer];
      if (count[writer] != there) wrong += fmt::format("writer {} misses units in between; ", writer);
      if (there < acknowledged) wrong += fmt::format("writer {} lost {} units; ", writer, acknowledged - there);
      if (there > acknowledged + 1) wrong += fmt::format("writer {} has units that it never began; ", writer);
    }
    return wrong;
  }
  [[nodiscard]] std::string summary() const {
    return fmt::format("{} units acknowledged to {} writers, {} looks by readers, {} processes killed", acknowledged_,
                       acknowledged_by_.size(), looks_, killed_);
  }
  [[nodiscard]] std::int64_t looks() const noexcept { return looks_; }

private:
  struct Member {
    bool writes = false;
    std::int64_t number = 0;
    std::unique_ptr<Worker> worker;
    std::string heard;
  };

  Member start(bool writes) {
    Member member;
    member.writes = writes;
    member.number = ++number_;
    if (writes) acknowledged_by_[member.number] = 0;
    member.worker = std::make_unique<Worker>(
        std::vector<std::string>{writes ? "write" : "read", file_, journal_, std::to_string(member.number)});
    return member;
  }

  /// Reads what it has said. False at the end.
  bool hear(Member& member) {
    char bytes[4096];
    const ssize_t size = ::read(member.worker->output(), bytes, sizeof bytes);
    if (size <= 0) return false;
    member.heard.append(bytes, static_cast<std::size_t>(size));
    for (std::size_t end = member.heard.find('\n'); end != std::string::npos; end = member.heard.find('\n')) {
      if (member.writes) {
        acknowledged_by_[member.number] = std::stoll(member.heard.substr(0, end)) % 1'000'000;
        ++acknowledged_;
      } else {
        ++looks_;
      }
      member.heard.erase(0, end + 1);
    }
    return true;
  }

  void listen() {
    std::vector<pollfd> waiting;
    for (const Member& member : members_)
      waiting.push_back({member.worker->output(), POLLIN, 0});
    ::poll(waiting.data(), waiting.size(), 50);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0 || hear(members_[i])) continue;
      const int exit = members_[i].worker->wait(); // by itself, which it must not
      failures_ += fmt::format("a {} ended with {}; ", members_[i].writes ? "writer" : "reader", exit);
      members_[i] = start(members_[i].writes);
    }
  }

  std::string file_;
  std::string journal_;
  std::vector<Member> members_;
  std::map<std::int64_t, std::int64_t> acknowledged_by_;
  std::int64_t acknowledged_ = 0;
  std::int64_t looks_ = 0;
  std::int64_t number_ = 0;
  int killed_ = 0;
  std::string failures_;
  std::minstd_rand random_{20240607};
};

void kill_in_a_loop(const char* journal, int writers, int readers, int rounds, int kills) {
  const testing::TemporaryFolder folder;
  const std::string file = folder / "shared.db";
  {
    const auto backend = open_plugin(file, {{"journal_mode", journal}});
    create_units(*backend->connect(Deadline::max()));
  }
  for (int round = 0; round < rounds; ++round) {
    Crowd crowd(file, journal, writers, readers);
    for (int i = 0; i < kills; ++i) {
      REQUIRE(crowd.work(10));
      crowd.replace_one();
    }
    for (int i = 0; i < 50 && crowd.looks() == 0; ++i) // readers wait for writers where there is no log
      REQUIRE(crowd.work(10));
    crowd.kill_all();
    CHECK(crowd.problems() == "");
    CHECK(crowd.looks() > 0);
    fmt::print("sqlite kill, {}: {}\n", journal, crowd.summary());
    const auto backend = open_plugin(file, {{"journal_mode", journal}});
    const auto session = backend->connect(Deadline::max());
    (void)session->execute("DELETE FROM units", {}); // the next round counts anew
  }
}

} // namespace

TEST_CASE("sqlite kill: 16 writers and 16 readers, killed in a loop, lose nothing that was acknowledged") {
  kill_in_a_loop("wal", 16, 16, 2, testing::rounds(25, 5));
}

TEST_CASE("sqlite kill: the same without a write-ahead log") {
  kill_in_a_loop("delete", 4, 4, 2, testing::rounds(10, 3));
}

TEST_CASE("sqlite kill: the log that a killed process leaves is read, also with a torn end") {
  const testing::TemporaryFolder folder;
  const std::string file = folder / "x.db";
  {
    const auto backend = open_plugin(file);
    create_units(*backend->connect(Deadline::max()));
  }
  Worker writer({"write", file, "wal", "1"});
  std::string last;
  for (int i = 0; i < 20; ++i)
    last = writer.line();
  REQUIRE(last == "1000020");
  writer.kill();
  for (std::string more = writer.line(); !more.empty(); more = writer.line())
    last = more;
  CHECK(writer.wait() == 128 + 9);
  REQUIRE(std::filesystem::file_size(file + "-wal") > 0);

  const std::string torn = folder / "torn.db";
  copy_database(file, torn);
  { // the first half of a frame whose other half did not reach the file
    const std::string log = testing::read_file(torn + "-wal");
    std::ofstream(torn + "-wal", std::ios::app | std::ios::binary) << log.substr(32, 2000);
  }
  for (const std::string& left : {file, torn}) {
    const auto backend = open_plugin(left);
    const auto session = backend->connect(Deadline::max());
    const auto units = session->repository(units_table()).count({}) / 2;
    const auto acknowledged = static_cast<std::uint64_t>(std::stoll(last) - 1'000'000);
    CHECK(units >= acknowledged);
    CHECK(units <= acknowledged + 1);
    CHECK(contents_of(left).integrity == "ok");
  }
}

} // namespace tenon::faults
