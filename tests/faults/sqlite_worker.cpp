// A process that works on a SQLite file until it is killed, for the scenarios that kill it.
//   sqlite_worker write FILE JOURNAL NUMBER   commits units NUMBER·10^6 + 1, 2, …; prints each once it is acknowledged
//   sqlite_worker read FILE JOURNAL           looks whether units are whole; prints a line for each look
//   sqlite_worker hold FILE JOURNAL NUMBER    prints "ready", writes a unit, prints "held", commits when its input ends
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>

#include <tenon/interface/error.hpp>

#include "sqlite_rig.hpp"

namespace {

using namespace tenon;

/// At once and whole: what is printed has been acknowledged, also if the process dies next.
void say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::_Exit(0); // no reader
}

constexpr TransactionOptions kWrite{Isolation::backend_default, false, true};

void write_units(ISession& session, std::int64_t first) {
  for (std::int64_t unit = first + 1;; ++unit) {
    session.begin(kWrite);
    faults::insert_unit(session, unit, 200);
    session.commit();
    say(std::to_string(unit));
  }
}

int read_units(ISession& session) {
  for (;;) {
    session.begin({.read_only = true});
    const auto cursor = session.execute("SELECT count(*), count(DISTINCT unit), coalesce(sum(part), 0) FROM units", {});
    RowBatch batch;
    if (!cursor->next(batch)) return 3;
    const std::int64_t rows = batch.cells[0].integer, units = batch.cells[1].integer, sum = batch.cells[2].integer;
    session.rollback();
    if (rows != 2 * units || sum != 3 * units) {
      std::cerr << "half a unit was seen\n";
      return 3;
    }
    say("whole");
  }
}

int hold(ISession& session, std::int64_t first) {
  say("ready");
  session.begin(kWrite);
  faults::insert_unit(session, first + 1);
  say("held");
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) > 0) {}
  session.commit();
  say("committed");
  return 0;
}

} // namespace

int main(int count, char** words) {
  if (count < 4) return 64;
  const std::string_view what = words[1];
  const std::int64_t first = count > 4 ? std::atoll(words[4]) * 1'000'000 : 0;
  try {
    const auto backend = faults::open_plugin(words[2], {{"journal_mode", words[3]}, {"busy_timeout", "2m"}});
    const auto session = backend->connect(Deadline::max());
    if (what == "write") write_units(*session, first);
    return what == "read" ? read_units(*session) : hold(*session, first);
  } catch (const Error& error) {
    std::cerr << fmt::format("{} {}: {} ({})\n", what, words[2], error.what(), error.vendor_code());
    return 4;
  }
}
