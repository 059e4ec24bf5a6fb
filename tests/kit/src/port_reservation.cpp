#include "port_reservation.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <tenon/interface/error.hpp>

namespace tenon::testing {
namespace {

// Below Linux's default range for outgoing connections (32768–60999), so that none of those takes the port while the
// server is down for a restart.
constexpr int kFirstPort = 20000;
constexpr int kLastPort = 32000;

std::optional<PortReservation> reserve(int port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) throw_errno("cannot make a socket", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return std::nullopt;
  const int on = 1; // after bind: before it, two processes could reserve the same port
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) throw_errno("cannot reserve", errno);
  return PortReservation{.socket = std::move(socket), .port = port};
}

} // namespace

PortReservation reserve_port() {
  std::random_device entropy;
  std::uniform_int_distribution<int> ports(kFirstPort, kLastPort);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (auto reservation = reserve(ports(entropy))) return std::move(*reservation);
  }
  throw_error(ErrorCode::operational,
              "no free port on 127.0.0.1 from " + std::to_string(kFirstPort) + " to " + std::to_string(kLastPort));
}

} // namespace tenon::testing
