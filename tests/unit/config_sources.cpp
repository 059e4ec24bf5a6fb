// Where values come from: the order of strength, the merging part by part, and the origins that are shown.

#include <catch2/catch.hpp>

#include "config_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using config_test::connection;
using config_test::error_of;
using config_test::Folder;
using config_test::load_yaml;
using config_test::no_file;
using config_test::shown;
using config_test::Variables;
using tenon::config::load;

namespace {

const std::string kPg = "profiles:\n  p:\n    backend: postgresql\n";
const std::string kPgHost = kPg + "    connection: { host: of-file }\n    pool: { size: 3 }\n";

} // namespace

TEST_CASE("an override beats a TENON__ variable", "[config][sources]") {
  const auto p = load_yaml(kPgHost, {{"TENON__POOL__SIZE", "4"}}, {{"pool.size", "5"}});
  CHECK(p.store.pool.size == 5);
  CHECK(shown(p, "pool.size") == "5 <- override pool.size");
}

TEST_CASE("of two overrides of one key the later counts", "[config][sources]") {
  CHECK(load_yaml(kPgHost, {}, {{"pool.size", "5"}, {"pool.size", "6"}}).store.pool.size == 6);
}

TEST_CASE("a TENON__ variable beats the file", "[config][sources]") {
  const auto p = load_yaml(kPgHost, {{"TENON__POOL__SIZE", "4"}, {"TENON__CONNECTION__TLS__MODE", "require"}});
  CHECK(p.store.pool.size == 4);
  CHECK(connection(p, "tls.mode") == "require");
  CHECK(shown(p, "pool.size") == "4 <- environment TENON__POOL__SIZE");
}

TEST_CASE("the file beats POSTGRES_*", "[config][sources]") {
  const auto p = load_yaml(kPgHost, {{"POSTGRES_HOST", "of-variable"}, {"POSTGRES_USER", "u"}});
  CHECK(connection(p, "host") == "of-file");
  CHECK(connection(p, "user") == "u");
  CHECK(shown(p, "connection.host") == "of-file <- storage.yaml:4:19");
  CHECK(shown(p, "connection.user") == "u <- environment POSTGRES_USER");
}

TEST_CASE("POSTGRES_* beats the default", "[config][sources]") {
  CHECK(shown(load_yaml(kPg), "connection.port") == "5432 <- default");
  CHECK(shown(load_yaml(kPg, {{"POSTGRES_PORT", "99"}}), "connection.port") == "99 <- environment POSTGRES_PORT");
}

TEST_CASE("a TENON__ variable beats POSTGRES_*", "[config][sources]") {
  const auto p = load_yaml(kPg, {{"POSTGRES_HOST", "weak"}, {"TENON__CONNECTION__HOST", "strong"}});
  CHECK(connection(p, "host") == "strong");
}

TEST_CASE("defaults are shown, and left to the backend", "[config][sources]") {
  const auto p = load_yaml(kPg);
  CHECK(p.connection.empty());
  CHECK(shown(p, "connection.tls.mode") == "prefer <- default");
  CHECK(shown(p, "pool.recycle") == "30m <- default");
}

TEST_CASE("POSTGRES_* is not for other backends", "[config][sources]") {
  const auto p = load_yaml("profiles: { p: { backend: sqlite, connection: { database: x.db } } }\n",
                           {{"POSTGRES_DATABASE", "other"}, {"POSTGRES_URI", "nonsense"}});
  CHECK_THAT(connection(p, "database"), Catch::Matchers::EndsWith("/x.db"));
}

TEST_CASE("empty POSTGRES_* variables count as not set", "[config][sources]") {
  CHECK(connection(load_yaml(kPg, {{"POSTGRES_HOST", ""}}), "host") == "(absent)");
}

TEST_CASE("single keys override the parts of a URI of the same source", "[config][sources]") {
  const auto of_file = load_yaml(kPg + "    connection:\n      host: key\n      uri: postgresql://u@uri:7/d\n");
  CHECK(connection(of_file, "host") == "key");
  CHECK(connection(of_file, "port") == "7");
  CHECK(shown(of_file, "connection.user") == "u <- uri of storage.yaml:6:7");

  const auto of_variables = load_yaml(kPg, {{"POSTGRES_URI", "postgresql://u@uri:7/d"}, {"POSTGRES_HOST", "key"}});
  CHECK(connection(of_variables, "host") == "key");
  CHECK(connection(of_variables, "database") == "d");
  CHECK(shown(of_variables, "connection.port") == "7 <- uri of environment POSTGRES_URI");
}

TEST_CASE("a URI of a stronger source beats single keys of a weaker one", "[config][sources]") {
  const auto p = load_yaml(kPg + "    connection: { host: of-file, user: of-file }\n",
                           {{"TENON__CONNECTION__URI", "postgresql://strong/d"}});
  CHECK(connection(p, "host") == "strong");
  CHECK(connection(p, "user") == "of-file");
  const auto weak =
      load_yaml(kPg + "    connection: { host: of-file }\n", {{"POSTGRES_URI", "postgresql://u@weak:7/d"}});
  CHECK(connection(weak, "host") == "of-file");
  CHECK(connection(weak, "port") == "7");
}

TEST_CASE("host and hosts displace one another", "[config][sources]") {
  const auto one = load_yaml(kPg + "    connection: { hosts: [a, b:1] }\n", {{"TENON__CONNECTION__HOST", "c"}});
  CHECK(connection(one, "host") == "c");
  CHECK(connection(one, "hosts.0") == "(absent)");
  const auto many = load_yaml(kPg + "    connection: { host: c }\n", {{"TENON__CONNECTION__HOSTS", "a, b:1"}});
  CHECK(connection(many, "host") == "(absent)");
  CHECK(connection(many, "hosts.0") == "a");
  CHECK(connection(many, "hosts.1") == "b:1");
  CHECK(shown(many, "connection.hosts") == "a, b:1 <- environment TENON__CONNECTION__HOSTS");
  const auto single = load_yaml(kPg + "    connection: { host: c, uri: \"postgresql://a,b/d\" }\n");
  CHECK(connection(single, "host") == "c");
  CHECK(connection(single, "hosts.0") == "(absent)");
}

TEST_CASE("hosts and password_file beside a URI displace its host and password", "[config][sources]") {
  const Folder folder(kPg +
                      "    connection: { uri: \"postgresql://u:weak@a/d\", hosts: [b, c], password_file: secret }\n");
  folder.write("secret", "strong");
  const auto p = load(folder.sources());
  CHECK(connection(p, "host") == "(absent)");
  CHECK(connection(p, "hosts.1") == "c");
  CHECK(connection(p, "password") == "strong");
}

TEST_CASE("dollars outside of the file are plain", "[config][sources]") {
  CHECK(connection(load_yaml(kPg, {{"TENON__CONNECTION__USER", "a$b${C}$$"}}), "user") == "a$b${C}$$");
  CHECK(connection(load_yaml(kPg, {{"POSTGRES_PASSWORD", "a$b"}}), "password") == "a$b");
  CHECK(connection(load_yaml(kPg, {}, {{"connection.user", "${C}"}}), "user") == "${C}");
  const auto of_uri = load_yaml(kPg + "    connection: { uri: \"${URI}\" }\n", {{"URI", "postgresql://u:a$b@h/d"}});
  CHECK(connection(of_uri, "password") == "a$b");
}

TEST_CASE("an unknown TENON__ variable is an error", "[config][sources]") {
  CHECK(
      error_of(kPg, {{"TENON__POOL__SIEZ", "5"}}) ==
      "environment TENON__POOL__SIEZ: pool.siez: unknown key\n  hint: did you mean \"pool.size\"? valid here are size, "
      "max_overflow, timeout, recycle, min_idle, ping_after, leak_after, when_down");
  CHECK_THAT(error_of(kPg, {{"TENON__POOL", "5"}}), StartsWith("environment TENON__POOL: pool: it is a section"));
  CHECK_THAT(error_of(kPg, {{"TENON__EXTENDS", "q"}}), Contains("it can be set in the file only"));
  CHECK_THAT(error_of(kPg, {{"TENON__", "q"}}), StartsWith("environment TENON__: unknown key"));
  CHECK_THAT(error_of(kPg, {{"TENON__CONNECTION__TLS__MOD", "q"}}), Contains("did you mean \"connection.tls.mode\"?"));
}

TEST_CASE("wrong values name the variable or the override", "[config][sources]") {
  CHECK_THAT(error_of(kPg, {{"TENON__POOL__SIZE", "x"}}),
             StartsWith("environment TENON__POOL__SIZE: pool.size: \"x\" is not a whole number"));
  CHECK_THAT(error_of(kPg, {{"POSTGRES_PORT", "x"}}),
             StartsWith("environment POSTGRES_PORT: connection.port: \"x\" is not"));
  CHECK_THAT(error_of(kPg, {}, {{"pool.size", "x"}}), StartsWith("override pool.size: pool.size: \"x\" is not"));
  CHECK_THAT(error_of(kPg, {}, {{"pool.sice", "1"}}), StartsWith("override pool.sice: pool.sice: unknown key"));
  CHECK_THAT(error_of(kPg, {{"TENON__CONNECTION__HOST", ""}}), Contains("connection.host: it is empty"));
}

TEST_CASE("a value that the environment overrides is still checked in the file", "[config][sources]") {
  CHECK_THAT(error_of(kPg + "    pool: { size: x }\n", {{"TENON__POOL__SIZE", "5"}}),
             StartsWith("storage.yaml:4:19: "));
}

TEST_CASE("a variable can choose another backend", "[config][sources]") {
  const auto p = load_yaml(kPgHost, {{"TENON__BACKEND", "sqlite"}, {"TENON__CONNECTION__DATABASE", ":memory:"}});
  CHECK(p.backend == "sqlite");
  CHECK(p.store.pool.size == 3);
  CHECK(p.connection == decltype(p.connection){{"database", ":memory:"}});
  CHECK(shown(p, "backend") == "sqlite <- environment TENON__BACKEND");
  CHECK_THAT(error_of(kPg, {{"TENON__BACKEND", "postgres"}}),
             StartsWith("environment TENON__BACKEND: backend: \"postgres\""));
  CHECK(load_yaml(kPg, {{"TENON__BACKEND", "sqlite"}}, {{"backend", "memory"}}).backend == "memory");
}

TEST_CASE("a backend named like a misspelt one needs its plugin's path", "[config][sources]") {
  const std::string yaml = "profiles: { p: { backend: sqlite3 } }\n";
  CHECK_THAT(error_of(yaml), Contains("did you mean \"sqlite\"?"));
  CHECK(load_yaml(yaml, {{"TENON__PLUGIN__PATH", "/x.so"}}).backend == "sqlite3");
  CHECK(load_yaml(yaml, {}, {{"plugin.path", "/x.so"}}).backend == "sqlite3");
  CHECK(load(no_file({{"TENON__BACKEND", "sqlite3"}, {"TENON__PLUGIN__PATH", "/x.so"}})).backend == "sqlite3");
}

TEST_CASE("POSTGRES_* alone suffice", "[config][sources]") {
  const auto p = load(no_file({{"POSTGRES_HOST", "h"}, {"POSTGRES_DATABASE", "d"}, {"TENON__POOL__SIZE", "2"}}));
  CHECK(p.name == "environment");
  CHECK(p.backend == "postgresql");
  CHECK(connection(p, "host") == "h");
  CHECK(p.store.pool.size == 2);
  CHECK(tenon::config::profile_names(no_file({})) == std::vector<std::string>{"environment"});
}

TEST_CASE("without a file overrides or TENON__ variables suffice too", "[config][sources]") {
  const auto p = load(no_file({}, {{"backend", "sqlite"}, {"connection.database", ":memory:"}}));
  CHECK(p.backend == "sqlite");
  CHECK(load(no_file({{"TENON__BACKEND", "postgresql"}})).backend == "postgresql");
}

TEST_CASE("no configuration at all says what was looked for", "[config][sources]") {
  const Folder folder;
  CHECK_THAT(error_of(no_file({}), folder), StartsWith("no configuration found\n  hint: set POSTGRES_HOST"));
  auto with_profile = no_file({{"POSTGRES_HOST", "h"}});
  with_profile.profile = "prod";
  CHECK_THAT(error_of(with_profile, folder), StartsWith("there is no file, so there is no profile \"prod\""));
}

TEST_CASE("whether anything is configured is told apart from whether it is good", "[config][sources]") {
  using tenon::config::is_configured;
  const Folder folder;
  CHECK_FALSE(is_configured(no_file({})));
  CHECK_FALSE(is_configured(no_file({{"POSTGRES_HOST", ""}, {"PGHOST", "db"}})));
  CHECK(is_configured(no_file({{"POSTGRES_HOST", "db"}})));
  CHECK(is_configured(no_file({{"TENON__POOL__SIZE", "x"}})));
  CHECK(is_configured(no_file({}, {{"backend", "sqlite"}})));
  CHECK(is_configured(folder.sources())); // named, and not there
}

TEST_CASE("the file is the named one, else TENON_CONFIG, else ./storage.yaml", "[config][sources]") {
  const Folder folder(kPg + "    pool: { size: 1 }\n");
  const std::string other = folder.write("other.yaml", kPg + "    pool: { size: 2 }\n");
  auto sources = folder.sources({{"TENON_CONFIG", other}});
  CHECK(load(sources).store.pool.size == 1);
  sources.file.reset();
  CHECK(load(sources).store.pool.size == 2);

  const auto before = std::filesystem::current_path();
  const Folder elsewhere;
  tenon::config::Sources plain{.environment = tenon::config::Environment(Variables{})};
  std::filesystem::current_path(folder.path());
  const auto found = load(plain).store.pool.size;
  std::filesystem::current_path(elsewhere.path());
  const std::string error = error_of(plain, folder);
  std::filesystem::current_path(before);
  CHECK(found == 1);
  CHECK_THAT(error,
             Contains("TENON_CONFIG (not set)") && Contains("./storage.yaml (not there)") && Contains("POSTGRES_HOST"));
}

TEST_CASE("a named file that cannot be read is an error, even with POSTGRES_*", "[config][sources]") {
  const Folder folder;
  CHECK_THAT(error_of(folder.sources({{"POSTGRES_HOST", "h"}}), folder),
             StartsWith("storage.yaml: the file cannot be read: no such file or directory"));
  auto sources = folder.sources({{"TENON_CONFIG", folder.path().string()}});
  sources.file.reset();
  CHECK_THAT(error_of(sources, folder),
             StartsWith("DIR: the file cannot be read: it is a folder\n  hint: the variable TENON_CONFIG"));
  CHECK_THROWS_AS(tenon::config::profile_names(sources), tenon::ConfigError);
}

TEST_CASE("paths of the file are relative to it", "[config][sources]") {
  const Folder folder(
      "profiles: { p: { backend: postgresql, connection: { tls: { ca: certs/../ca.pem, key: /k } }, plugin: { "
      "path: ./p.so, directories: [a, /b] } } }\n");
  const auto p = load(folder.sources());
  CHECK(connection(p, "tls.ca") == folder.file("ca.pem"));
  CHECK(connection(p, "tls.key") == "/k");
  CHECK(p.plugin.path == folder.file("p.so"));
  CHECK(p.plugin.directories == std::vector<std::string>{folder.file("a"), "/b"});
}

TEST_CASE("paths of variables and overrides start at the current folder", "[config][sources]") {
  const auto here = std::filesystem::current_path();
  const auto p = load_yaml(kPg, {{"TENON__CONNECTION__TLS__CA", "ca.pem"}}, {{"connection.tls.key", "key.pem"}});
  CHECK(connection(p, "tls.ca") == (here / "ca.pem").string());
  CHECK(connection(p, "tls.key") == (here / "key.pem").string());
}

TEST_CASE("a database in memory is no path", "[config][sources]") {
  CHECK(connection(load_yaml("profiles: { p: { backend: sqlite, connection: { database: \":memory:\" } } }\n"),
                   "database") == ":memory:");
}

TEST_CASE("a relative plugin path from the environment is refused", "[config][sources]") {
  CHECK_THAT(error_of(kPg, {{"TENON__PLUGIN__PATH", "p.so"}}),
             StartsWith("environment TENON__PLUGIN__PATH: plugin.path: it is a relative path"));
  CHECK_THAT(error_of(kPg, {{"TENON__PLUGIN__DIRECTORIES", "/a, b"}}), Contains("it is a relative path"));
  CHECK(load_yaml(kPg, {{"TENON__PLUGIN__PATH", "/p.so"}}).plugin.path == "/p.so");
}

TEST_CASE("libpq's own variables are shown last and never copied", "[config][sources]") {
  const Variables libpq{{"PGHOST", "h"}, {"PGPASSWORD", "hunter2"}, {"PGSSLMODE", "require"}, {"PGSERVICE", "s"}};
  const auto p = load_yaml(kPg, libpq);
  CHECK(p.connection.empty());
  CHECK(shown(p, "connection.host") == "h <- environment PGHOST (libpq)");
  CHECK(shown(p, "connection.password") == "*** <- environment PGPASSWORD (libpq)");
  CHECK(shown(p, "connection.tls.mode") == "require <- environment PGSSLMODE (libpq)");
  CHECK(shown(p, "connection.service") == "s <- environment PGSERVICE (libpq)");
  auto stronger = libpq;
  stronger["POSTGRES_HOST"] = "x";
  CHECK(shown(load_yaml(kPg, stronger), "connection.host") == "x <- environment POSTGRES_HOST");
  CHECK(shown(load_yaml(kPg + "    connection: { hosts: [a, b] }\n", libpq), "connection.host") == "(absent)");
  CHECK(shown(load_yaml("profiles: { p: { backend: mariadb } }\n", libpq), "connection.host") == "(absent)");
}

TEST_CASE("libpq's password file is shown where it is there", "[config][sources]") {
  const Folder home;
  const Variables at_home{{"HOME", home.path().string()}};
  CHECK(shown(load_yaml(kPg, at_home), "connection.password") == "(absent)");
  const std::string file = home.write(".pgpass", "*:*:*:*:hunter2\n");
  CHECK(shown(load_yaml(kPg, at_home), "connection.password") ==
        "*** <- file " + file + ", where a line of it matches (libpq)");
  const std::string named = home.write("other", "");
  CHECK_THAT(shown(load_yaml(kPg, {{"PGPASSFILE", named}}), "connection.password"), Contains(named));
}

TEST_CASE("settings reach the store in their own types", "[config][sources]") {
  using namespace std::chrono_literals;
  const auto p =
      load_yaml(kPg +
                "    pool: { size: 7, max_overflow: 0, timeout: 500ms, recycle: 2m, min_idle: 2, leak_after: 1h }\n"
                "    retry: { attempts: 5, base_delay: 20ms, max_delay: 3s }\n"
                "    deadlines: { call: 45, connect: 1s, transaction: 20s }\n"
                "    errors: { detail: full }\n    log: { statements: true }\n"
                "    plugin: { refuse_writable: true, sha256: " +
                std::string(64, 'A') +
                " }\n"
                "    connection: { connect_timeout: 3 }\n");
  CHECK(p.store.pool.size == 7);
  CHECK(p.store.pool.max_overflow == 0);
  CHECK(p.store.pool.timeout == 500ms);
  CHECK(p.store.pool.recycle == 2min);
  CHECK(p.store.pool.min_idle == 2);
  CHECK(p.store.pool.leak_after == 1h);
  CHECK(p.store.retry.attempts == 5);
  CHECK(p.store.retry.base_delay == 20ms);
  CHECK(p.store.retry.max_delay == 3s);
  CHECK(p.store.call_timeout == 45s);
  CHECK(p.store.connect_timeout == 1s);
  CHECK(p.store.transaction_timeout == 20s);
  CHECK(p.store.error_detail == tenon::ErrorDetail::full);
  CHECK(p.store.log_statements);
  CHECK(p.plugin.refuse_writable);
  CHECK(p.plugin.sha256 == std::string(64, 'a'));
  CHECK(connection(p, "connect_timeout") == "3000ms");
}

TEST_CASE("a plugin's own keys pass through", "[config][sources]") {
  const auto p =
      load_yaml("profiles: { p: { backend: memory, connection: { folder: x, deep: { n: 010 }, many: [a, b] } } }\n",
                {{"TENON__CONNECTION__DEEP__M", "1"}});
  CHECK(connection(p, "folder") == "x");
  CHECK(connection(p, "deep.n") == "010");
  CHECK(connection(p, "deep.m") == "1");
  CHECK(connection(p, "many.1") == "b");
  CHECK_THAT(error_of("profiles: { p: { backend: memory, colection: { a: b } } }\n"),
             Contains("did you mean \"connection\"?"));
}

TEST_CASE("the process environment is what stands without another", "[config][sources]") {
  const tenon::config::Environment environment;
  REQUIRE(::getenv("PATH") != nullptr);
  CHECK(environment.get("PATH") == std::optional<std::string>(::getenv("PATH")));
  CHECK_FALSE(environment.get("TENON_TEST_THAT_NOBODY_SETS").has_value());
}
