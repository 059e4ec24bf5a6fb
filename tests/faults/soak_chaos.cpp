#include <fmt/format.h>

#include "soak.hpp"

namespace tenon::faults {
namespace {

using testing::Direction;
using testing::Fault;
using testing::StopMode;

} // namespace

void Chaos::run(std::uint64_t seed) {
  Random random(seed);
  while (gate_.enter()) {
    one(random);
    gate_.leave();
    std::this_thread::sleep_for(milliseconds(draw(random, 5, 100)));
  }
}

void Chaos::one(Random& random) {
  if (draw(random, 0, 39) == 0)
    server_fault(random);
  else
    wire_fault(random);
}

void Chaos::wire_fault(Random& random) {
  const auto note = [&](const char* what) {
    const std::lock_guard lock(mutex_);
    ++done_[what];
  };
  Fault fault;
  fault.direction = draw(random, 0, 1) == 0 ? Direction::to_server : Direction::to_client;
  fault.offset = draw(random, 0, 1500);
  fault.connections = draw(random, 1, 2);
  switch (draw(random, 0, 8)) {
    case 0: fault.action = Fault::Action::cut; break;
    case 1: fault.action = Fault::Action::reset; break;
    case 2:
      fault.action = Fault::Action::delay;
      fault.pause = milliseconds(draw(random, 1, 100));
      break;
    case 3:
      fault.action = Fault::Action::swallow;
      fault.direction = Direction::to_client;
      fault.message = 'C';
      fault.containing = draw(random, 0, 1) == 0 ? "COMMIT" : "INSERT";
      fault.offset = 0;
      break;
    case 4:
      fault.action = Fault::Action::split;
      fault.amount = static_cast<std::size_t>(draw(random, 1, 20));
      break;
    case 5:
      fault.action = Fault::Action::delay;
      fault.direction = Direction::to_server;
      fault.of_cancels = true;
      fault.offset = 0;
      fault.pause = milliseconds(draw(random, 1, 150));
      break;
    case 6:
      note("connections reset");
      static_cast<void>(proxy_.reset_connections(2));
      return;
    case 7:
      note("proxy released");
      proxy_.release();
      return;
    default:
      note("backend terminated");
      as_admin(server_, "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE backend_type = "
                        "'client backend' AND usename = 'tenon' ORDER BY random() LIMIT 1) AS one");
      return;
  }
  note("wire fault");
  proxy_.arm(fault);
}

void Chaos::server_fault(Random& random) {
  const auto note = [&](const char* what) {
    const std::lock_guard lock(mutex_);
    ++done_[what];
  };
  switch (draw(random, 0, 3)) {
    case 0:
      note("server killed");
      server_.kill_server();
      std::this_thread::sleep_for(milliseconds(draw(random, 0, 300)));
      server_.restart();
      return;
    case 1:
      note("fast stop");
      server_.restart(StopMode::fast);
      return;
    case 2:
      note("immediate stop");
      server_.restart(StopMode::immediate);
      return;
    default:
      note("SIGSTOP");
      server_.suspend();
      std::this_thread::sleep_for(milliseconds(draw(random, 0, 1200)));
      server_.resume();
  }
}

std::string Chaos::summary() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [what, count] : done_)
    text += fmt::format("{}{} × {}", text.empty() ? "" : ", ", count, what);
  return text;
}

} // namespace tenon::faults
