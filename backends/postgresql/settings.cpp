#include "settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <tenon/sql/option_names.hpp>

namespace tenon::postgresql {
namespace {

struct Key {
  std::string_view option;
  std::string_view keyword; ///< libpq's, or empty where the option is read by us
};

constexpr std::array kKeys{
    Key{"uri", ""},
    Key{"host", "host"},
    Key{"hosts", ""},
    Key{"port", "port"},
    Key{"user", "user"},
    Key{"password", "password"},
    Key{"database", "dbname"},
    Key{"tls.mode", "sslmode"},
    Key{"tls.ca", "sslrootcert"},
    Key{"tls.cert", "sslcert"},
    Key{"tls.key", "sslkey"},
    Key{"target_session_attrs", "target_session_attrs"},
    Key{"application_name", "application_name"},
    Key{"pooler", ""},
    Key{"connect_timeout", ""},
};

constexpr std::array<std::string_view, 6> kTlsModes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};
constexpr std::array<std::string_view, 6> kSessionAttrs{"any",     "read-write", "read-only",
                                                        "primary", "standby",    "prefer-standby"};

using Keywords = std::map<std::string, std::string, std::less<>>;

[[noreturn]] void reject(std::string message, std::string hint = {}) {
  ErrorInfo info;
  info.code = ErrorCode::config;
  info.backend = "postgresql";
  info.message = std::move(message);
  info.hint = std::move(hint);
  throw_error(std::move(info));
}

[[noreturn]] void reject_unknown(std::string_view option) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys)
    names.push_back(key.option);
  sql::reject_option("postgresql", option, names);
}

void check_word(std::string_view option, std::string_view value, std::span<const std::string_view> words) {
  if (std::find(words.begin(), words.end(), value) != words.end()) return;
  reject(fmt::format("connection.{}: \"{}\" is not one of its values", option, value),
         fmt::format("valid are {}", fmt::join(words, ", ")));
}

template <class Number> Number read_number(std::string_view option, std::string_view text, Number low, Number high) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < low || number > high) {
    reject(fmt::format("connection.{}: \"{}\" is not a whole number between {} and {}", option, text, low, high));
  }
  return number;
}

/// "500ms", "10s", "2m", "1h", or a number of seconds.
std::chrono::milliseconds read_timeout(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
      {{"", 1'000}, {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
  const auto digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  for (const auto& [unit, factor] : kUnits) {
    if (text.substr(digits.size()) != unit) continue;
    return std::chrono::milliseconds(
        factor * read_number("connect_timeout", digits, std::int64_t{1}, std::int64_t{3'600'000} / factor));
  }
  reject(fmt::format("connection.connect_timeout: \"{}\" is not a duration", text), "write 500ms, 10s or 2m");
}

/// libpq's own words about a URI quote it, the password included: so its text is not passed on.
Keywords read_uri(std::string_view uri) {
  Keywords keywords;
  if (!uri.starts_with("postgresql://") && !uri.starts_with("postgres://")) {
    reject("connection.uri does not start with postgresql://", "write postgresql://user@host:port/database");
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(std::string(uri).c_str(), &message), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> text(message, &PQfreemem);
  if (parsed == nullptr) {
    reject("connection.uri is not a valid PostgreSQL connection URI",
           "percent-encode special characters of its parts, and use parameters that libpq knows");
  }
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) keywords[option->keyword] = option->val;
  }
  return keywords;
}

struct Host {
  std::string name;
  std::string port; ///< empty: the common one
};

/// "db1", "db1:5433", "[::1]:5433", "/run/postgresql".
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
  if (!text.empty()) {
    if (text.front() != ':') reject(fmt::format("connection.{} is not of the form host[:port]", option));
    host.port = text.substr(1);
    read_number(option, host.port, 1, 65535);
  }
  return host;
}

void set_hosts(Keywords& keywords, const std::vector<Host>& hosts) {
  const std::string common = keywords.contains("port") ? keywords["port"] : std::string{};
  std::string names;
  std::string ports;
  for (const Host& host : hosts) {
    names += (names.empty() ? "" : ",") + host.name;
    ports += (&host == hosts.data() ? "" : ",") + (host.port.empty() ? common : host.port);
  }
  keywords.erase("hostaddr"); // it would win over the names
  keywords["host"] = names;
  if (ports.find_first_not_of(',') != std::string::npos) keywords["port"] = ports;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string with_default(const Keywords& keywords, std::string_view keyword, std::string_view environment,
                         std::string_view fallback) {
  if (const auto found = keywords.find(keyword); found != keywords.end()) return found->second;
  const char* set = std::getenv(std::string(environment).c_str()); // as libpq does for what is left open
  return std::string(set != nullptr ? std::string_view(set) : fallback);
}

/// For messages: what libpq will use, as far as it can be known before connecting.
std::string describe(const Keywords& keywords) {
  const std::string host = with_default(keywords, "host", "PGHOST", "local socket");
  const std::string port = with_default(keywords, "port", "PGPORT", "5432");
  const std::string user = with_default(keywords, "user", "PGUSER", "");
  const std::string database = with_default(keywords, "dbname", "PGDATABASE", user);
  std::string out;
  std::string_view hosts = host;
  std::string_view ports = port;
  while (true) {
    const auto host_end = std::min(hosts.find(','), hosts.size());
    const auto port_end = std::min(ports.find(','), ports.size());
    const std::string_view name = hosts.substr(0, host_end);
    const std::string_view number = ports.substr(0, port_end);
    if (!out.empty()) out += ',';
    out +=
        fmt::format("{}:{}", name.find(':') == std::string_view::npos ? std::string(name) : fmt::format("[{}]", name),
                    number.empty() ? "5432" : number);
    if (host_end == hosts.size()) break;
    hosts.remove_prefix(host_end + 1);
    if (port_end < ports.size()) ports.remove_prefix(port_end + 1); // one port for all hosts is given once
  }
  if (!database.empty()) out += "/" + database;
  if (!user.empty()) out += " as " + user;
  return out;
}

} // namespace

Settings read_settings(Options options) {
  Settings settings;
  Keywords keywords;
  if (const auto uri = find_option(options, "uri")) keywords = read_uri(*uri);

  std::map<std::size_t, Host> hosts; // by their place in the list
  for (const Option& given : options) {
    const std::string_view option = given.key;
    const std::string_view value = given.value;
    if (value.find('\0') != std::string_view::npos) reject(fmt::format("connection.{} holds a NUL byte", option));
    if (option.starts_with("hosts.")) {
      const auto place = read_number("hosts", option.substr(6), std::size_t{0}, std::size_t{999});
      hosts[place] = read_host(option, value);
      continue;
    }
    const auto key = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& known) { return known.option == option; });
    if (key == kKeys.end()) reject_unknown(option);
    if (option == "port") read_number(option, value, 1, 65535);
    if (option == "tls.mode") check_word(option, value, kTlsModes);
    if (option == "target_session_attrs") check_word(option, value, kSessionAttrs);
    if (option == "connect_timeout") settings.connect_timeout = read_timeout(value);
    if (option == "hosts") reject("connection.hosts is not a list of host[:port]");
    if (option == "pooler") {
      check_word(option, value, std::array<std::string_view, 2>{"none", "transaction"});
      settings.transaction_pooler = value == "transaction";
    }
    if (!key->keyword.empty()) keywords[std::string(key->keyword)] = value;
  }
  if (!hosts.empty() && find_option(options, "host")) {
    reject("connection.host and connection.hosts are both given", "keep one of them");
  }
  if (const auto host = find_option(options, "host")) keywords.erase("hostaddr"); // of the URI; it would win
  std::vector<Host> ordered;
  for (auto& [place, host] : hosts)
    ordered.push_back(std::move(host));
  if (!ordered.empty()) set_hosts(keywords, ordered);
  if (const auto given = keywords.find("connect_timeout"); given != keywords.end()) { // of the URI
    if (!find_option(options, "connect_timeout")) settings.connect_timeout = read_timeout(given->second);
    keywords.erase(given);
  }

  settings.endpoint = describe(keywords);
  keywords.try_emplace("application_name", "tenon");
  keywords["client_encoding"] = "UTF8";
  // A URI, because SOCI takes keyword strings apart and puts them together again without their quotes, which breaks
  // every value with a blank or a quote in it.
  settings.conninfo = "postgresql://?";
  for (const auto& [keyword, value] : keywords) {
    settings.conninfo +=
        fmt::format("{}{}={}", settings.conninfo.ends_with('?') ? "" : "&", keyword, percent_encoded(value));
  }
  return settings;
}

} // namespace tenon::postgresql
