#include "uri.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "text.hpp"

namespace tenon::config {
namespace {

constexpr const char* kForm = "the form is postgresql://user:password@host:port/database?sslmode=verify-full";
constexpr const char* kEncode = "percent-encode the user and the password: @ is %40, / is %2F, : is %3A, ? is %3F; "
                                "or use the keys user and password";

struct Parameter {
  std::string_view name;
  std::string_view key;
};
constexpr std::array<Parameter, 10> kParameters{{
    {"user", "connection.user"},
    {"password", "connection.password"},
    {"dbname", "connection.database"},
    {"sslmode", "connection.tls.mode"},
    {"sslrootcert", "connection.tls.ca"},
    {"sslcert", "connection.tls.cert"},
    {"sslkey", "connection.tls.key"},
    {"application_name", "connection.application_name"},
    {"target_session_attrs", "connection.target_session_attrs"},
    {"load_balance_hosts", "connection.load_balance_hosts"},
}};

Fault malformed(std::string message, std::string hint = kForm) {
  return {.message = std::move(message), .hint = std::move(hint)};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

class Parser {
public:
  explicit Parser(std::vector<UriPart>& parts) : parts_(parts) {}

  std::optional<Fault> parse(std::string_view uri) {
    std::string_view rest;
    for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
      if (uri.substr(0, scheme.size()) == scheme) rest = uri.substr(scheme.size());
    }
    if (rest.data() == nullptr) return malformed("it is no postgresql:// or postgres:// URI");
    const bool blank = std::any_of(rest.begin(), rest.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte <= 0x20U || byte == 0x7FU;
    });
    if (blank) return malformed("the URI holds a blank or a control character", "write a blank as %20");

    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    const std::string_view authority = rest.substr(0, end);
    rest.remove_prefix(end);
    if (authority.find('@') == std::string_view::npos && rest.find('@') != std::string_view::npos) {
      return malformed("an @ stands behind the first / or ? of the URI", kEncode);
    }
    if (auto fault = parse_authority(authority)) return fault;
    if (!rest.empty() && rest.front() == '/') {
      const auto query = std::min(rest.find('?'), rest.size());
      if (auto fault = put("connection.database", rest.substr(1, query - 1))) return fault;
      rest.remove_prefix(query);
    }
    if (!rest.empty()) {
      if (auto fault = parse_query(rest.substr(1))) return fault;
    }
    return put_hosts();
  }

private:
  // A part that is there but empty is left open, as libpq does.
  std::optional<Fault> put(std::string_view key, std::string_view encoded) {
    auto text = decode(encoded);
    if (!text) return malformed("a % in the URI is not followed by two hexadecimal digits", "write a % as %25");
    if (text->empty()) return std::nullopt;
    parts_.erase(std::remove_if(parts_.begin(), parts_.end(), [&](const UriPart& part) { return part.key == key; }),
                 parts_.end());
    parts_.push_back({std::string(key), {std::move(*text)}});
    return std::nullopt;
  }

  std::optional<Fault> parse_authority(std::string_view authority) {
    const auto at = authority.find('@');
    if (at != std::string_view::npos) {
      if (authority.find('@', at + 1) != std::string_view::npos)
        return malformed("the URI has more than one @", kEncode);
      const std::string_view user = authority.substr(0, at);
      authority.remove_prefix(at + 1);
      const auto colon = user.find(':');
      if (auto fault = put("connection.user", user.substr(0, colon))) return fault;
      if (colon != std::string_view::npos) {
        if (auto fault = put("connection.password", user.substr(colon + 1))) return fault;
      }
    }
    if (authority.empty()) return std::nullopt;
    for (std::size_t begin = 0;;) {
      const auto comma = authority.find(',', begin);
      const auto length = comma == std::string_view::npos ? comma : comma - begin;
      if (auto fault = add_host(authority.substr(begin, length))) return fault;
      if (comma == std::string_view::npos) return std::nullopt;
      begin = comma + 1;
    }
  }

  std::optional<Fault> add_host(std::string_view spec) {
    std::string_view host = spec, port;
    if (!spec.empty() && spec.front() == '[') {
      const auto end = spec.find(']');
      if (end == std::string_view::npos) return malformed("a [ of the URI has no ]");
      host = spec.substr(1, end - 1);
      if (end + 1 < spec.size() && spec[end + 1] != ':') return malformed("text stands behind a ] of the URI");
      if (end + 1 < spec.size()) port = spec.substr(end + 2);
    } else if (const auto colon = spec.find(':'); colon != std::string_view::npos) {
      host = spec.substr(0, colon);
      port = spec.substr(colon + 1);
      if (port.find(':') != std::string_view::npos) {
        return malformed("a host of the URI has more than one :",
                         "an IPv6 address stands in [ ]; otherwise " + std::string(kEncode));
      }
    }
    auto name = decode(host);
    if (!name) return malformed("a % in the URI is not followed by two hexadecimal digits", "write a % as %25");
    hosts_.push_back(std::move(*name));
    ports_.emplace_back(port);
    return std::nullopt;
  }

  std::optional<Fault> parse_query(std::string_view query) {
    const std::vector<std::string> items = split(query, '&');
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto equals = items[i].find('=');
      if (equals == std::string::npos) return malformed(fmt::format("parameter {} of the URI has no =", i + 1));
      const std::string name = items[i].substr(0, equals);
      const std::string_view value = std::string_view(items[i]).substr(equals + 1);
      if (auto fault = set_parameter(name, value, i + 1)) return fault;
    }
    return std::nullopt;
  }

  std::optional<Fault> set_parameter(const std::string& name, std::string_view value, std::size_t number) {
    for (const Parameter& known : kParameters) {
      if (name == known.name) return put(known.key, value);
    }
    if (name == "connect_timeout") return put("connection.connect_timeout", value);
    if (name == "ssl" && value == "true") return put("connection.tls.mode", "require"); // as libpq, for JDBC's URIs
    if (name == "host" || name == "port") {
      auto list = decode(value);
      if (!list) return malformed("a % in the URI is not followed by two hexadecimal digits", "write a % as %25");
      (name == "host" ? query_hosts_ : query_ports_) = split(*list, ',');
      return std::nullopt;
    }
    std::vector<std::string> names{"host", "port", "connect_timeout"};
    for (const Parameter& known : kParameters)
      names.emplace_back(known.name);
    return Fault{.message = fmt::format("parameter {} of the URI is unknown", number),
                 .hint = fmt::format("known are {}", join(names, ", ")),
                 .suggestion = nearest(name, names)};
  }

  std::optional<Fault> put_hosts() {
    if (!query_hosts_.empty()) {
      hosts_ = query_hosts_;
      ports_.assign(hosts_.size(), "");
    }
    if (!query_ports_.empty()) {
      if (hosts_.empty() && query_ports_.size() == 1) hosts_.emplace_back();
      if (query_ports_.size() != 1 && query_ports_.size() != hosts_.size()) {
        return malformed("the URI has another number of ports than of hosts");
      }
      ports_.resize(hosts_.size());
      for (std::size_t i = 0; i < hosts_.size(); ++i)
        ports_[i] = query_ports_[query_ports_.size() == 1 ? 0 : i];
    }
    for (const std::string& port : ports_) {
      const auto number = port.empty() ? std::optional<std::int64_t>(1) : parse_integer(port);
      if (!number || *number < 1 || *number > 65535) return malformed("a port of the URI is not 1 to 65535", kEncode);
    }
    if (hosts_.size() == 1) {
      if (!hosts_[0].empty()) parts_.push_back({"connection.host", {hosts_[0]}});
      if (!ports_[0].empty()) parts_.push_back({"connection.port", {ports_[0]}});
      return std::nullopt;
    }
    UriPart all{"connection.hosts", {}};
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      if (hosts_[i].empty()) return malformed("one of the URI's hosts is empty");
      const bool bracket = hosts_[i].find(':') != std::string::npos;
      all.texts.push_back((bracket ? "[" + hosts_[i] + "]" : hosts_[i]) + (ports_[i].empty() ? "" : ":" + ports_[i]));
    }
    if (!all.texts.empty()) parts_.push_back(std::move(all));
    return std::nullopt;
  }

  std::vector<UriPart>& parts_;
  std::vector<std::string> hosts_, ports_;             // of the authority, one port each, empty if it has none
  std::vector<std::string> query_hosts_, query_ports_; // of ?host= and ?port=, which libpq lets win
};

} // namespace

std::optional<Fault> parse_uri(std::string_view uri, std::vector<UriPart>& parts) { return Parser(parts).parse(uri); }

} // namespace tenon::config
