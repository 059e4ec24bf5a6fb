#include "wire_scanner.hpp"

#include <algorithm>
#include <cstdint>

namespace tenon::testing {
namespace {

constexpr std::size_t kLongest = 65536; // a longer message is passed on in parts
constexpr std::uint32_t kCancelRequest = 80877102;
constexpr std::uint32_t kSslRequest = 80877103;
constexpr std::uint32_t kGssRequest = 80877104;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

WireUnit framed(std::string_view bytes, std::size_t& rest) {
  if (rest > 0) {
    const std::size_t length = std::min(rest, bytes.size());
    rest -= length;
    return {length, 0};
  }
  if (bytes.size() < 5) return {};
  const std::size_t whole = 1 + std::max<std::size_t>(number_at(bytes, 1), 4);
  if (bytes.size() >= whole) return {whole, bytes[0]};
  if (whole <= kLongest) return {};
  rest = whole - bytes.size();
  return {bytes.size(), bytes[0]};
}

} // namespace

WireUnit ClientScanner::next(std::string_view bytes) {
  if (kind_ != Kind::unknown) return framed(bytes, rest_);
  if (bytes.size() < 8) return {};
  const std::size_t whole = std::max<std::size_t>(number_at(bytes, 0), 8);
  if (bytes.size() < whole) return {};
  switch (number_at(bytes, 4)) {
    case kSslRequest:
    case kGssRequest: ++encryption_requests_; break;
    case kCancelRequest: kind_ = Kind::cancel; break;
    default: kind_ = Kind::session;
  }
  return {whole, 0};
}

WireUnit ServerScanner::next(std::string_view bytes, const ClientScanner& client) {
  if (encryption_answers_ < client.encryption_requests() && !bytes.empty()) {
    ++encryption_answers_;
    return {1, 0};
  }
  return framed(bytes, rest_);
}

} // namespace tenon::testing
