#include "hosts.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include <tenon/interface/error.hpp>

namespace tenon::postgresql {
namespace {

[[noreturn]] void reject(std::string message, std::string hint = {}) {
  ErrorInfo info;
  info.code = ErrorCode::config;
  info.backend = "postgresql";
  info.message = std::move(message);
  info.hint = std::move(hint);
  throw_error(std::move(info));
}

bool is_numeric(const std::string& text) noexcept {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos &&
         std::stoi(std::string(text)) >= 1 && std::stoi(std::string(text)) <= 65535;
}

} // namespace

std::string Host::label() const {
  const std::string shown = name.empty() ? (address.empty() ? "local socket" : address) : name;
  const bool six = shown.find(':') != std::string::npos;
  return fmt::format("{}:{}", six ? "[" + shown + "]" : shown, port.empty() ? "5432" : port);
}

Host read_host(std::string_view option, std::string_view text) {
  Host host;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) reject(fmt::format("connection.{}: \"{}\" lacks a ]", option, text));
    host.name = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
  } else if (text.starts_with('/') || std::count(text.begin(), text.end(), ':') > 1) {
    host.name = text; // a folder of sockets, or an IPv6 address without a port
    text = {};
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    host.name = text.substr(0, colon);
    text.remove_prefix(colon);
  }
  if (host.name.empty()) reject(fmt::format("connection.{} names no host", option));
  if (host.name.find(',') != std::string::npos) {
    reject(fmt::format("connection.{} holds a comma", option), "write several hosts as a list");
  }
  if (!text.empty()) {
    if (text.front() != ':') reject(fmt::format("connection.{} is not of the form host[:port]", option));
    host.port = text.substr(1);
    if (!is_port(host.port)) {
      reject(fmt::format("connection.{}: \"{}\" is not a whole number between 1 and 65535", option, host.port));
    }
  }
  return host;
}

bool has_one_address(const Host& host) noexcept {
  return host.name.empty() || host.name.front() == '/' || host.name.front() == '@' || !host.address.empty() ||
         is_numeric(host.name);
}

Addresses addresses_of(const Host& host) {
  Addresses found;
  if (has_one_address(host)) {
    found.hosts.push_back(host);
    return found;
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failure = getaddrinfo(host.name.c_str(), nullptr, &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  if (failure != 0) {
    found.failure = failure == EAI_AGAIN ? "the name service does not answer" : "the host's name is unknown";
    return found;
  }
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
      continue;
    }
    Host one = host;
    one.address = text.data();
    const auto same = [&](const Host& known) { return known.address == one.address; };
    if (std::none_of(found.hosts.begin(), found.hosts.end(), same)) found.hosts.push_back(std::move(one));
  }
  if (found.hosts.empty()) found.failure = "the host's name has no address";
  return found;
}

std::vector<std::size_t> HostMemory::order(std::size_t count, bool shuffle) {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), std::size_t{0});
  if (count < 2) return places;
  const std::lock_guard lock(mutex_);
  distrusted_until_.resize(count);
  if (shuffle) std::shuffle(places.begin(), places.end(), random_);
  const auto now = Clock::now();
  std::stable_partition(places.begin(), places.end(),
                        [&](std::size_t place) { return distrusted_until_[place] <= now; });
  return places;
}

void HostMemory::failed(std::size_t place) {
  const std::lock_guard lock(mutex_);
  if (place < distrusted_until_.size()) distrusted_until_[place] = Clock::now() + kDistrust;
}

bool HostMemory::is_silent(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return silent_.contains(name);
}

void HostMemory::note_silence(const std::string& name, bool silent) {
  const std::lock_guard lock(mutex_);
  if (silent) {
    silent_.insert(name);
  } else {
    silent_.erase(name);
  }
}

void HostMemory::leave_late(std::string name, const std::shared_ptr<void>& connect) {
  const std::lock_guard lock(mutex_);
  std::erase_if(late_, [](const auto& one) { return one.second.expired(); });
  late_.emplace_back(std::move(name), connect);
}

std::shared_ptr<void> HostMemory::take_late(std::string_view name) {
  if (fork_.forked()) return nullptr;
  const std::lock_guard lock(mutex_);
  for (auto it = late_.begin(); it != late_.end();) {
    auto connect = it->first == name ? it->second.lock() : nullptr;
    if (connect == nullptr && !it->second.expired()) {
      ++it;
      continue;
    }
    it = late_.erase(it);
    if (connect != nullptr) return connect;
  }
  return nullptr;
}

void HostMemory::worked(std::size_t place) {
  const std::lock_guard lock(mutex_);
  if (place < distrusted_until_.size()) distrusted_until_[place] = {};
}

} // namespace tenon::postgresql
