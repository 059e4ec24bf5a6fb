#include "settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
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
    Key{"password_file", ""},
    Key{"database", "dbname"},
    Key{"tls.mode", "sslmode"},
    Key{"tls.ca", "sslrootcert"},
    Key{"tls.cert", "sslcert"},
    Key{"tls.key", "sslkey"},
    Key{"target_session_attrs", "target_session_attrs"},
    Key{"load_balance_hosts", ""},
    Key{"application_name", "application_name"},
    Key{"pooler", ""},
    Key{"resolve_commit", ""},
    Key{"statement_timeout_backstop", ""},
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

/// One of two words. Returns whether it is the second.
bool read_word(std::string_view option, std::string_view value, std::array<std::string_view, 2> words) {
  check_word(option, value, words);
  return value == words[1];
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

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// The hosts of a URI or of libpq's variables: lists with commas, where one port may stand for all.
std::vector<Host> hosts_of(const Keywords& keywords) {
  const std::vector<std::string> names = split(with_default(keywords, "host", "PGHOST", ""));
  const std::vector<std::string> addresses = split(with_default(keywords, "hostaddr", "PGHOSTADDR", ""));
  const std::vector<std::string> ports = split(with_default(keywords, "port", "PGPORT", ""));
  const std::size_t count = std::max(names.size(), addresses.size());
  if (ports.size() != 1 && ports.size() != count) reject("connection.uri has another number of ports than of hosts");
  std::vector<Host> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    hosts.push_back({i < names.size() ? names[i] : std::string{}, i < addresses.size() ? addresses[i] : std::string{},
                     ports[ports.size() == 1 ? 0 : i]});
  }
  return hosts;
}

/// For messages: what libpq will use, as far as it can be known before connecting.
void describe(Settings& settings) {
  const std::string user = with_default(settings.keywords, "user", "PGUSER", "");
  const std::string database = with_default(settings.keywords, "dbname", "PGDATABASE", user);
  if (!database.empty()) settings.principal += "/" + database;
  if (!user.empty()) settings.principal += " as " + user;
  for (const Host& host : settings.hosts)
    settings.endpoint += (settings.endpoint.empty() ? "" : ",") + host.label();
  settings.endpoint += settings.principal;
}

/// Returns nothing if the file cannot be read, or holds what is no password.
std::optional<std::string> read_password(const std::string& path) {
  constexpr std::streamsize kLargest = 64 * 1024;
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<std::size_t>(kLargest), '\0');
  file.read(content.data(), kLargest);
  if (file.gcount() == 0 || !file.eof()) return std::nullopt;
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.back() == '\n') content.pop_back();
  if (!content.empty() && content.back() == '\r') content.pop_back();
  if (content.empty() || content.find('\0') != std::string::npos) return std::nullopt;
  return content;
}

} // namespace

Settings read_settings(Options options) {
  Settings settings;
  Keywords& keywords = settings.keywords;
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
    if (option == "password_file") settings.password_file = value;
    if (option == "pooler") settings.transaction_pooler = read_word(option, value, {"none", "transaction"});
    if (option == "load_balance_hosts") settings.shuffle_hosts = read_word(option, value, {"disable", "random"});
    if (option == "statement_timeout_backstop") settings.backstop = read_word(option, value, {"false", "true"});
    if (option == "resolve_commit") settings.resolve_commit = read_word(option, value, {"false", "true"});
    if (!key->keyword.empty()) keywords[std::string(key->keyword)] = value;
  }
  if (!hosts.empty() && find_option(options, "host")) {
    reject("connection.host and connection.hosts are both given", "keep one of them");
  }
  if (find_option(options, "host") || !hosts.empty()) keywords.erase("hostaddr"); // of the URI; it would win
  const std::string common_port = with_default(keywords, "port", "PGPORT", "");
  for (auto& [place, host] : hosts) {
    if (host.port.empty() && common_port.find(',') == std::string::npos) host.port = common_port;
    settings.hosts.push_back(std::move(host));
  }
  if (settings.hosts.empty()) settings.hosts = hosts_of(keywords);
  if (const auto given = keywords.find("connect_timeout"); given != keywords.end()) { // of the URI
    if (!find_option(options, "connect_timeout")) settings.connect_timeout = read_timeout(given->second);
    keywords.erase(given);
  }
  if (const auto given = keywords.find("target_session_attrs"); given != keywords.end()) {
    settings.target_session_attrs = given->second == "any" ? "" : given->second;
    keywords.erase(given);
  }
  for (const char* const decided : {"host", "hostaddr", "port"})
    keywords.erase(decided);

  describe(settings);
  keywords.try_emplace("application_name", "tenon");
  keywords["client_encoding"] = "UTF8";
  // A peer that vanished is noticed without a word from us, too. Not what deadlines rest on: it sees no server that
  // merely does not answer.
  keywords.try_emplace("keepalives_idle", "30");
  keywords.try_emplace("keepalives_interval", "10");
  keywords.try_emplace("keepalives_count", "3");
  keywords.try_emplace("tcp_user_timeout", "60000");
  return settings;
}

// A URI, because SOCI takes keyword strings apart and puts them together again without their quotes, which breaks every
// value with a blank or a quote in it.
std::string conninfo_for(const Settings& settings, const Host& host, std::string_view target_session_attrs,
                         const std::string& password, std::chrono::seconds connect_timeout) {
  Keywords keywords = settings.keywords;
  if (!host.name.empty()) keywords["host"] = host.name;
  if (!host.address.empty()) keywords["hostaddr"] = host.address;
  if (!host.port.empty()) keywords["port"] = host.port;
  if (!target_session_attrs.empty()) keywords["target_session_attrs"] = target_session_attrs;
  if (!password.empty()) keywords["password"] = password;
  keywords["connect_timeout"] = std::to_string(connect_timeout.count());
  std::string conninfo = "postgresql://?";
  for (const auto& [keyword, value] : keywords) {
    conninfo += fmt::format("{}{}={}", conninfo.ends_with('?') ? "" : "&", keyword, percent_encoded(value));
  }
  return conninfo;
}

std::string current_password(const Settings& settings) {
  if (!settings.password_file.empty()) {
    if (auto read = read_password(settings.password_file)) return *std::move(read);
  }
  const auto given = settings.keywords.find("password");
  return given != settings.keywords.end() ? given->second : std::string{};
}

} // namespace tenon::postgresql
