// Connection URIs: their forms, their parts, and errors that repeat nothing of them.

#include <catch2/catch.hpp>

#include "config_support.hpp"

using Catch::Matchers::Contains;
using config_test::error_of;
using config_test::load_yaml;

namespace {

using Parts = std::vector<std::pair<std::string, std::string>>;

const std::string kYaml = "profiles: { p: { backend: postgresql } }\n";

Parts parts(const std::string& uri) { return load_yaml(kYaml, {{"POSTGRES_URI", uri}}).connection; }

std::string refusal(const std::string& uri) { return error_of(kYaml, {{"POSTGRES_URI", uri}}); }

} // namespace

TEST_CASE("a URI with everything", "[config][uri]") {
  CHECK(parts("postgresql://user:pass@host:1234/db?sslmode=verify-full&sslrootcert=/ca&sslcert=/c&sslkey=/"
              "k&application_name=app"
              "&connect_timeout=10&target_session_attrs=read-write") == Parts{{"host", "host"},
                                                                              {"port", "1234"},
                                                                              {"user", "user"},
                                                                              {"password", "pass"},
                                                                              {"database", "db"},
                                                                              {"tls.mode", "verify-full"},
                                                                              {"tls.ca", "/ca"},
                                                                              {"tls.cert", "/c"},
                                                                              {"tls.key", "/k"},
                                                                              {"target_session_attrs", "read-write"},
                                                                              {"application_name", "app"},
                                                                              {"connect_timeout", "10000ms"}});
}

TEST_CASE("parts that a URI leaves out stay open", "[config][uri]") {
  CHECK(parts("postgres://h") == Parts{{"host", "h"}});
  CHECK(parts("postgresql://") == Parts{});
  CHECK(parts("postgresql:///db") == Parts{{"database", "db"}});
  CHECK(parts("postgresql://u@") == Parts{{"user", "u"}});
  CHECK(parts("postgresql://u:@h/") == Parts{{"host", "h"}, {"user", "u"}});
  CHECK(parts("postgresql://:7") == Parts{{"port", "7"}});
  CHECK(parts("postgresql://?user=u") == Parts{{"user", "u"}});
}

TEST_CASE("percent-encoding", "[config][uri]") {
  CHECK(parts("postgresql://a%40b:p%3A%2f%25w@h/d%20b") ==
        Parts{{"host", "h"}, {"user", "a@b"}, {"password", "p:/%w"}, {"database", "d b"}});
  CHECK(parts("postgresql://%2Frun%2Fpg/db") == Parts{{"host", "/run/pg"}, {"database", "db"}});
}

TEST_CASE("addresses and several hosts", "[config][uri]") {
  CHECK(parts("postgresql://[::1]:99/") == Parts{{"host", "::1"}, {"port", "99"}});
  CHECK(parts("postgresql://[::1]") == Parts{{"host", "::1"}});
  CHECK(parts("postgresql://u@a:1,b,[::1]:3/d") ==
        Parts{{"hosts.0", "a:1"}, {"hosts.1", "b"}, {"hosts.2", "[::1]:3"}, {"user", "u"}, {"database", "d"}});
}

TEST_CASE("host and port as parameters", "[config][uri]") {
  CHECK(parts("postgresql:///d?host=/run/pg&port=99") == Parts{{"host", "/run/pg"}, {"port", "99"}, {"database", "d"}});
  CHECK(parts("postgresql://x/d?host=a,b&port=1") == Parts{{"hosts.0", "a:1"}, {"hosts.1", "b:1"}, {"database", "d"}});
  CHECK(parts("postgresql:///d?port=99") == Parts{{"port", "99"}, {"database", "d"}});
  CHECK_THAT(refusal("postgresql:///d?host=a,b,c&port=1,2"), Contains("another number of ports"));
}

TEST_CASE("parameters override the parts before them", "[config][uri]") {
  CHECK(parts("postgresql://u:p@h/d?user=v&password=q&dbname=e") ==
        Parts{{"host", "h"}, {"user", "v"}, {"password", "q"}, {"database", "e"}});
  CHECK(parts("postgresql://h?ssl=true") == Parts{{"host", "h"}, {"tls.mode", "require"}});
}

TEST_CASE("malformed URIs are one clear error that repeats nothing of them", "[config][uri]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"mysql://u:hunter2@h/d", "it is no postgresql:// or postgres:// URI"},
      {"hunter2", "it is no postgresql:// or postgres:// URI"},
      {"postgresql://u:hun@ter2@h/d", "the URI has more than one @"},
      {"postgresql://u:hunter2/x@h/d", "an @ stands behind the first / or ?"},
      {"postgresql://u:1?hunter2@h/d", "an @ stands behind the first / or ?"},
      {"postgresql://u:hunter2%@h/d", "a % in the URI is not followed by two"},
      {"postgresql://u:hunter2%0g@h/d", "a % in the URI is not followed by two"},
      {"postgresql://u:hunter2%00@h/d", "a % in the URI is not followed by two"},
      {"postgresql://u:hunter2@h%4/d", "a % in the URI is not followed by two"},
      {"postgresql://u:hun ter2@h/d", "a blank or a control character"},
      {"postgresql://u:hunter2@h:70000/d", "a port of the URI is not 1 to 65535"},
      {"postgresql://u:hunter2@h:hunter2/d", "a port of the URI is not 1 to 65535"},
      {"postgresql://u:hunter2@h:0/d", "a port of the URI is not 1 to 65535"},
      {"postgresql://u:hunter2@h:1:2/d", "a host of the URI has more than one :"},
      {"postgresql://u:hunter2@[::1/d", "a [ of the URI has no ]"},
      {"postgresql://u:hunter2@[::1]x/d", "text stands behind a ]"},
      {"postgresql://u:hunter2@a,,b/d", "one of the URI's hosts is empty"},
      {"postgresql://u:hunter2@h/d?hunter2", "parameter 1 of the URI has no ="},
      {"postgresql://u:hunter2@h/d?sslmode=require&hunter2=1", "parameter 2 of the URI is unknown"},
      {"postgresql://u:hunter2@h/d?sslmode=hunter2", "its value is not one of its values"},
      {"postgresql://u:hunter2@h/d?connect_timeout=hunter2", "its value is not a duration"},
  };
  for (const auto& [uri, message] : cases) {
    const std::string error = refusal(uri);
    CHECK_THAT(error, Catch::Matchers::StartsWith("environment POSTGRES_URI: connection.uri: ") && Contains(message));
    CHECK_THAT(error, !Contains("hunter2") && !Contains("ter2"));
  }
}

TEST_CASE("a misspelt parameter gets the nearest one", "[config][uri]") {
  CHECK_THAT(refusal("postgresql://h/d?sslmod=require"), Contains("did you mean \"sslmode\"?"));
}

TEST_CASE("a malformed URI of the file names its place", "[config][uri]") {
  CHECK_THAT(error_of("profiles:\n  p:\n    backend: postgresql\n    connection: { uri: \"postgres//h\" }\n"),
             Catch::Matchers::StartsWith("storage.yaml:4:24: profiles.p.connection.uri: it is no postgresql://"));
}
