#pragma once
// Cuts one direction of a PostgreSQL connection into the messages of its protocol (version 3). Used by TcpProxy.
// Threads: one at a time; the two scanners of a connection by the same thread.

#include <cstddef>
#include <string_view>

namespace tenon::testing {

/// A message, or a part of one that is too long to wait for.
struct WireUnit {
  std::size_t length = 0; ///< 0: not all of it is there yet
  char type = 0;          ///< 0: without a type: what starts a connection, and later parts of a long message
};

/// The client's bytes: packets without a type come first.
class ClientScanner {
public:
  enum class Kind { unknown, session, cancel };

  [[nodiscard]] WireUnit next(std::string_view bytes);
  /// What the connection is for, once its first packet has told.
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// How many questions about encryption were asked; each is answered with one byte without a frame.
  [[nodiscard]] int encryption_requests() const noexcept { return encryption_requests_; }

private:
  Kind kind_ = Kind::unknown;
  int encryption_requests_ = 0;
  std::size_t rest_ = 0; // of a long message
};

class ServerScanner {
public:
  [[nodiscard]] WireUnit next(std::string_view bytes, const ClientScanner& client);

private:
  int encryption_answers_ = 0;
  std::size_t rest_ = 0;
};

} // namespace tenon::testing
