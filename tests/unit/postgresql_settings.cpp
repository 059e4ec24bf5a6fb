#include "postgresql_support.hpp"
#include "settings.hpp"

namespace tenon::postgresql::test {
namespace {

Settings settings_of(const Pairs& options) {
  std::vector<Option> views;
  for (const auto& [key, text] : options)
    views.push_back({key, text});
  return read_settings(views);
}

TEST_CASE("postgresql: the endpoint names host, port, database and user, and no secret") {
  CHECK(settings_of({{"host", "db"}, {"port", "5433"}, {"database", "shop"}, {"user", "app"}, {"password", "s3cret"}})
            .endpoint == "db:5433/shop as app");
  CHECK(settings_of({{"uri", "postgresql://app:s3cret@db/shop"}}).endpoint == "db:5432/shop as app");
  CHECK(settings_of({{"uri", "postgresql://app@db:1/shop"}, {"host", "other"}}).endpoint == "other:1/shop as app");
  CHECK(settings_of({{"hosts.0", "a"}, {"hosts.1", "b:6000"}, {"user", "u"}, {"database", "d"}}).endpoint ==
        "a:5432,b:6000/d as u");
  CHECK(settings_of({{"hosts.1", "[::1]:7"}, {"hosts.0", "a"}, {"port", "9"}, {"user", "u"}, {"database", "d"}})
            .endpoint == "a:9,[::1]:7/d as u");
  CHECK(settings_of({{"uri", "postgresql://u@a,b:2,[::1]:3/d"}}).endpoint == "a:5432,b:2,[::1]:3/d as u");
  CHECK(settings_of({{"uri", "postgresql://u@a,b/d?port=7"}}).endpoint == "a:7,b:7/d as u");
  CHECK(settings_of({{"uri", "postgresql://u@a,b/d?target_session_attrs=primary"}}).target_session_attrs == "primary");
}

TEST_CASE("postgresql: an unknown option is named with its neighbour") {
  const ErrorInfo error = failure_of([] { settings_of({{"pasword", "s3cret"}}); });
  CHECK(error.code == ErrorCode::config);
  CHECK(error.message == "postgresql has no connection option \"pasword\"");
  CHECK(error.hint == "did you mean \"password\"?");
  CHECK(failure_of([] { settings_of({{"schema", "x"}}); }).hint.find("target_session_attrs") != std::string::npos);
}

TEST_CASE("postgresql: options that are wrong are refused, without the password") {
  const std::vector<std::pair<Pairs, std::string>> wrong{
      {{{"port", "0"}}, "connection.port"},
      {{{"port", "5432x"}}, "connection.port"},
      {{{"tls.mode", "on"}}, "connection.tls.mode"},
      {{{"target_session_attrs", "master"}}, "connection.target_session_attrs"},
      {{{"pooler", "session"}}, "connection.pooler"},
      {{{"connect_timeout", "soon"}}, "connection.connect_timeout"},
      {{{"connect_timeout", "0"}}, "connection.connect_timeout"},
      {{{"load_balance_hosts", "yes"}}, "connection.load_balance_hosts"},
      {{{"resolve_commit", "1"}}, "connection.resolve_commit"},
      {{{"statement_timeout_backstop", "30s"}}, "connection.statement_timeout_backstop"},
      {{{"hosts", "a"}}, "connection.hosts"},
      {{{"hosts.0", "a,b"}}, "connection.hosts.0"},
      {{{"hosts.0", "a:65536"}}, "connection.hosts.0"},
      {{{"uri", "postgresql://u@a,b,c/d?port=1,2"}}, "connection.uri"},
      {{{"hosts.0", "a:x"}}, "connection.hosts.0"},
      {{{"hosts.0", ""}}, "connection.hosts.0"},
      {{{"host", "a"}, {"hosts.0", "b"}}, "connection.host"},
      {{{"uri", "mysql://app:s3cret@db"}}, "connection.uri"},
      {{{"uri", "postgresql://app:s3cret@db/x?nonsense=s3cret"}}, "connection.uri"},
      {{{"uri", "postgresql://app:s3cret%zz@db/x"}}, "connection.uri"},
      {{{"password", std::string("a\0b", 3)}}, "connection.password"},
  };
  for (const auto& [options, named] : wrong) {
    const ErrorInfo error = failure_of([&, &given = options] { settings_of(given); });
    CAPTURE(named, error.message);
    CHECK(error.code == ErrorCode::config);
    CHECK(error.message.find(named) != std::string::npos);
    CHECK((error.message + error.hint + error.detail).find("s3cret") == std::string::npos);
  }
}

TEST_CASE("postgresql: every value of an option reaches the server as it is") {
  const std::vector<std::string> hostile{"a b",   "it's", "back\\slash", "a=b&c",   "%41",  "singlerow=true x",
                                         "\"q\"", "ü€😀",  "?#/@:",       "'; DROP", " lead"};
  for (const std::string& text : hostile) {
    CAPTURE(text);
    const auto session = connect({{"application_name", text}});
    // The server shows what is not ASCII as question marks.
    std::string shown;
    for (const char c : text)
      shown += (c & 0x80) != 0 ? '?' : c;
    CHECK(value_of(*session, "SELECT current_setting('application_name')") == shown);
  }
}

TEST_CASE("postgresql: hostile passwords, users and database names work") {
  const std::string name = R"(o'dd "name" \ =x)";
  const std::string password = R"(p'w\ =&%41"?#@ü)";
  auto admin = connect();
  run(*admin, R"(CREATE ROLE "o'dd ""name"" \ =x" LOGIN PASSWORD $$p'w\ =&%41"?#@ü$$)");
  server().create_database(name);
  const auto session = connect({{"user", name}, {"password", password}, {"database", name}});
  CHECK(value_of(*session, "SELECT current_user::text") == name);
  CHECK(value_of(*session, "SELECT current_database()::text") == name);
  const ErrorInfo error = failure_of([&] { connect({{"user", name}, {"password", password + "x"}}); });
  CHECK(error.code == ErrorCode::auth);
  CHECK((error.message + error.hint + error.detail).find(password) == std::string::npos);
}

TEST_CASE("postgresql: settings of the session are the server's, but for the encoding") {
  const auto session = connect();
  CHECK(value_of(*session, "SELECT current_setting('client_encoding')") == "UTF8");
  CHECK(value_of(*session, "SELECT current_setting('application_name')") == "tenon");
}

TEST_CASE("postgresql: the first host that answers is used") {
  Pairs options = server_options();
  options.erase(options.begin(), options.begin() + 2);
  options.push_back({"hosts.0", "127.0.0.1:1"});
  options.push_back({"hosts.1", server().host() + ":" + std::to_string(server().port())});
  options.push_back({"target_session_attrs", "read-write"});
  CHECK(value_of(*open_backend(options)->connect(Deadline::max()), "SELECT 1") == "1");
}

} // namespace
} // namespace tenon::postgresql::test
