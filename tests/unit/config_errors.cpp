// Every way a storage.yaml can be wrong: the place, the words and the way out.

#include <catch2/catch.hpp>

#include <tenon/open.hpp>

#include "config_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using config_test::error_of;
using config_test::kNoError;

namespace {

// A PostgreSQL profile with these lines, the first of which is line 4 of the file.
std::string with(const std::string& lines) { return "profiles:\n  p:\n    backend: postgresql\n" + lines; }

} // namespace

TEST_CASE("an unknown key names its place and the nearest key", "[config][errors]") {
  CHECK(error_of(with("    pool: { sze: 5 }\n")) ==
        "storage.yaml:4:13: profiles.p.pool.sze: unknown key\n  hint: did you mean \"size\"? valid here are size, "
        "max_overflow, timeout, recycle, min_idle, ping_after, leak_after, when_down");
  CHECK_THAT(error_of(with("    conection: { host: a }\n")),
             StartsWith("storage.yaml:4:5: profiles.p.conection: unknown key\n  hint: did you mean \"connection\"?"));
  CHECK_THAT(
      error_of(with("    connection: { tls: { moed: require } }\n")),
      StartsWith("storage.yaml:4:26: profiles.p.connection.tls.moed: unknown key\n  hint: did you mean \"mode\"?"));
}

TEST_CASE("what a plugin fails with when it is opened shows no detail unless that is asked for", "[config][errors]") {
  const auto detail_of = [](const char* detail) {
    const config_test::Folder folder(
        std::string("profiles:\n  p:\n    backend: misbehaving\n    plugin: { path: ") + TENON_MISBEHAVING_PLUGIN +
        " }\n    connection: { mode: open_throws }\n    errors: { detail: " + detail + " }\n");
    try {
      static_cast<void>(tenon::open(tenon::config::load(folder.sources())));
    } catch (const tenon::Error& error) {
      return error.detail();
    }
    return std::string("nothing was thrown");
  };
  CHECK(detail_of("full") == "from database_open");
  CHECK(detail_of("none").empty());
}

TEST_CASE("an unknown key that is near to none gets the valid ones only", "[config][errors]") {
  const std::string error = error_of(with("    log: { zzzzzzzz: true }\n"));
  CHECK(error == "storage.yaml:4:12: profiles.p.log.zzzzzzzz: unknown key\n  hint: valid here are statements");
}

TEST_CASE("a key of another backend says whose it is", "[config][errors]") {
  CHECK_THAT(
      error_of(with("    connection: { busy_timeout: 5s }\n")),
      StartsWith("storage.yaml:4:19: profiles.p.connection.busy_timeout: this backend has no such key\n  hint: it "
                 "belongs to sqlite;"));
}

TEST_CASE("unknown keys at the top of the file", "[config][errors]") {
  CHECK_THAT(error_of("versoin: 1\nprofiles: { p: { backend: postgresql } }\n"),
             StartsWith("storage.yaml:1:1: versoin: unknown key\n  hint: did you mean \"version\"?"));
  CHECK(error_of("profiles: { p: { backend: postgresql } }\npool: { size: 1 }\n") ==
        "storage.yaml:2:1: pool: unknown key\n  hint: it belongs within a profile");
}

TEST_CASE("a duplicate key is an error at its second place", "[config][errors]") {
  CHECK(error_of(with("    pool: { size: 1, timeout: 1s, size: 2 }\n")) ==
        "storage.yaml:4:35: profiles.p.pool.size: duplicate key\n  hint: it is already set at storage.yaml:4:13; keep "
        "one");
  CHECK_THAT(error_of(with("  p: { backend: sqlite }\n")),
             StartsWith("storage.yaml:4:3: profiles.p: duplicate key\n  hint: it is already set at storage.yaml:2:3"));
  CHECK_THAT(error_of("profiles: { p: { backend: postgresql } }\nprofiles: { q: { backend: sqlite } }\n"),
             StartsWith("storage.yaml:2:1: profiles: duplicate key"));
}

TEST_CASE("numbers are strict", "[config][errors]") {
  const auto size = [](const std::string& text) { return error_of(with("    pool: { size: " + text + " }\n")); };
  CHECK(size("7") == kNoError);
  CHECK(size("010") ==
        "storage.yaml:4:19: profiles.p.pool.size: \"010\" has a leading zero, which YAML readers take for "
        "octal or for decimal\n  hint: write 10");
  CHECK(size("0") == "storage.yaml:4:19: profiles.p.pool.size: \"0\" is out of range\n  hint: it may be 1 to 10000");
  CHECK(size("10000") == kNoError);
  CHECK_THAT(size("10001"), Contains("\"10001\" is out of range"));
  CHECK_THAT(size("-1"), Contains("\"-1\" is out of range"));
  for (const char* text : {"5.0", "0x10", "1_000", "+5", "five", "1e3", "99999999999999999999"}) {
    CHECK_THAT(size(text), Contains("is not a whole number\n  hint: decimal digits only, 1 to 10000"));
  }
  CHECK(size("\"5\"") == "storage.yaml:4:19: profiles.p.pool.size: it is a quoted text\n  hint: remove the quotes");
}

TEST_CASE("values in messages are short and printable", "[config][errors]") {
  CHECK_THAT(error_of(with("    pool: { size: \"a\\x1b[31m\" }\n")), !Contains("\x1b"));
  CHECK_THAT(error_of(with("    errors: { detail: \"a\\x1b\" }\n")), Contains("\"a\\x1b\" is not one of its values"));
  const std::string error = error_of(with("    errors: { detail: \"" + std::string(59, 'x') + "ééé\" }\n"));
  CHECK_THAT(error, Contains("\"" + std::string(59, 'x') + "…\" is not one of its values"));
}

TEST_CASE("booleans are true and false only", "[config][errors]") {
  const auto flag = [](const std::string& text) { return error_of(with("    log: { statements: " + text + " }\n")); };
  CHECK(flag("true") == kNoError);
  CHECK(flag("no") ==
        "storage.yaml:4:24: profiles.p.log.statements: \"no\" is neither true nor false\n  hint: write false");
  for (const char* text : {"yes", "y", "on", "True", "TRUE", "1"})
    CHECK_THAT(flag(text), Contains("hint: write true"));
  for (const char* text : {"n", "off", "False", "0"})
    CHECK_THAT(flag(text), Contains("hint: write false"));
  CHECK_THAT(flag("maybe"), Contains("hint: write true or false"));
}

TEST_CASE("durations have a unit or are whole seconds", "[config][errors]") {
  const auto wait = [](const std::string& text) { return error_of(with("    pool: { timeout: " + text + " }\n")); };
  for (const char* text : {"30s", "500ms", "2m", "1h", "30", "\"30s\"", "1ms", "24h"})
    CHECK(wait(text) == kNoError);
  CHECK(wait("30sec") ==
        "storage.yaml:4:22: profiles.p.pool.timeout: \"30sec\" is not a duration\n  hint: write 500ms, 30s, "
        "2m, 1h, or a whole number of seconds");
  for (const char* text : {"1.5s", "-1s", "s", "30 s", "1h30m", "9223372036854775807h"}) {
    CHECK_THAT(wait(text), Contains("is not a duration"));
  }
  CHECK_THAT(wait("030s"), Contains("leading zero"));
  CHECK(wait("0") == "storage.yaml:4:22: profiles.p.pool.timeout: \"0\" is out of range\n  hint: it may be 1ms to 24h");
  CHECK_THAT(wait("25h"), Contains("out of range"));
}

TEST_CASE("a wrong word of a choice gets the nearest one", "[config][errors]") {
  CHECK(error_of(with("    connection: { tls: { mode: verify-ful } }\n")) ==
        "storage.yaml:4:32: profiles.p.connection.tls.mode: \"verify-ful\" is not one of its values\n  hint: did you "
        "mean "
        "\"verify-full\"? it may be disable, allow, prefer, require, verify-ca, verify-full");
}

TEST_CASE("values of the wrong shape", "[config][errors]") {
  CHECK(error_of(with("    pool: 5\n")) ==
        "storage.yaml:4:11: profiles.p.pool: it is a section, not a value\n  hint: write pool: { … } with size, "
        "max_overflow, timeout, recycle, min_idle, ping_after, leak_after, when_down");
  CHECK(error_of(with("    pool: { size: { a: 1 } }\n")) ==
        "storage.yaml:4:19: profiles.p.pool.size: it takes a value, not a map");
  CHECK(error_of(with("    pool: { size: [1] }\n")) ==
        "storage.yaml:4:19: profiles.p.pool.size: it takes one value, not a list");
  CHECK_THAT(error_of(with("    pool:\n      size:\n    log: { statements: true }\n")),
             StartsWith("storage.yaml:5:7: profiles.p.pool.size: it has no value"));
  CHECK_THAT(error_of(with("    connection: { user: ~ }\n")),
             StartsWith("storage.yaml:4:19: profiles.p.connection.user: it has no value"));
  CHECK_THAT(error_of(with("    connection: { user: \"\" }\n")),
             StartsWith("storage.yaml:4:25: profiles.p.connection.user: it is empty"));
  CHECK_THAT(error_of(with("    connection: { hosts: [a, [b]] }\n")),
             StartsWith("storage.yaml:4:30: profiles.p.connection.hosts: an item of the list is not a single value"));
}

TEST_CASE("hosts are host or host:port", "[config][errors]") {
  const auto hosts = [](const std::string& text) {
    return error_of(with("    connection: { hosts: [" + text + "] }\n"));
  };
  for (const char* text : {"a", "a:1", "\"[::1]\"", "\"[::1]:5432\"", "10.0.0.1:65535", "/run/pg"})
    CHECK(hosts(text) == kNoError);
  CHECK_THAT(hosts("a, b:x"),
             StartsWith("storage.yaml:4:30: profiles.p.connection.hosts: \"b:x\" is not host or host:port"));
  for (const char* text : {"a:0", "a:65536", "\"a:\"", "\":1\"", "\"[::1\"", "\"[]\"", "\"::1\"", "a:05", "\"a b\""}) {
    CHECK_THAT(hosts(text), Contains("is not host or host:port"));
  }
}

TEST_CASE("a tab in the indentation is called a tab", "[config][errors]") {
  CHECK(error_of("profiles:\n\tp: { backend: sqlite }\n") ==
        "storage.yaml:2:1: a tab in the indentation\n  hint: indent with spaces; YAML allows no tabs there");
  CHECK_THAT(error_of("profiles:\n  p:\n    backend: sqlite\n\tpool: { size: 1 }\n"),
             StartsWith("storage.yaml:4:1: a tab in the indentation"));
}

TEST_CASE("an unquoted variable within braces says quote it", "[config][errors]") {
  CHECK(error_of(with("    connection: { password: ${PASSWORD} }\n")) ==
        "storage.yaml:4:29: ${…} without quotes within { } or [ ]\n  hint: quote it: \"${NAME}\"");
  CHECK_THAT(error_of(with("    connection: { hosts: [ ${A}, ${B} ] }\n")),
             StartsWith("storage.yaml:4:28: ${…} without quotes"));
  CHECK_THAT(error_of(with("    connection:\n      user: ${U:?see: the wiki}\n")), Contains("quote it"));
}

TEST_CASE("text that is no YAML has a place", "[config][errors]") {
  CHECK_THAT(error_of("profiles: [1, 2\n"), StartsWith("storage.yaml:2:1: not valid YAML: "));
  CHECK_THAT(error_of("a: \"abc\n"), StartsWith("storage.yaml:"));
  CHECK_THAT(error_of("a: b: c\n"), StartsWith("storage.yaml:1:5: not valid YAML: "));
}

TEST_CASE("YAML's own surprises are refused", "[config][errors]") {
  CHECK_THAT(
      error_of("profiles:\n  p: { backend: postgresql, pool: &x { size: 1 } }\n  q: { backend: postgresql, pool: { <<: "
               "*x } }\n"),
      StartsWith(
          "storage.yaml:3:37: profiles.q.pool: merge keys (<<) are not supported\n  hint: use extends: PROFILE"));
  CHECK_THAT(error_of(with("    pool: { size: !!int 5 }\n")),
             StartsWith("storage.yaml:4:19: profiles.p.pool.size: a YAML tag"));
  CHECK_THAT(error_of(with("    ? [a, b]\n    : 1\n")),
             StartsWith("storage.yaml:4:7: profiles.p: a key that is no plain text"));
  CHECK(error_of("profiles: { p: { backend: postgresql } }\n---\nb: 2\n") ==
        "storage.yaml:3:1: a second YAML document\n  hint: one file holds one configuration; remove the ---");
}

TEST_CASE("aliases work, and cannot be a bomb", "[config][errors]") {
  CHECK(error_of("profiles:\n  p: { backend: postgresql, pool: &small { size: 1 } }\n  q: { backend: postgresql, pool: "
                 "*small }\ndefault_profile: q\n") == kNoError);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 0; j < 9; ++j)
      bomb += ", " + alias;
    bomb += "]\n";
  }
  CHECK_THAT(error_of(bomb), Contains("too large once its aliases are followed"));
  CHECK_THAT(error_of("a: &a [*a]\n"), Contains("nested too deeply"));
  CHECK_THAT(error_of("a: " + std::string(40, '[') + std::string(40, ']') + "\n"), Contains("nested too deeply"));
  CHECK_THAT(error_of(std::string(100'000, '[')), Contains("nested too deeply"));
}

TEST_CASE("files that hold no configuration", "[config][errors]") {
  CHECK_THAT(error_of(""), StartsWith("storage.yaml:1:1: the file is empty"));
  CHECK_THAT(error_of("# nothing\n"), StartsWith("storage.yaml:1:1: the file is empty"));
  CHECK_THAT(error_of("- a\n"), StartsWith("storage.yaml:1:1: the file is not a map"));
  CHECK_THAT(error_of("version: 1\n"), StartsWith("storage.yaml:1:1: the file has no profiles"));
  CHECK_THAT(error_of("profiles: {}\n"),
             StartsWith("storage.yaml:1:11: profiles: it is not a map of at least one profile"));
  CHECK(error_of("profiles: { p: }\n") ==
        "storage.yaml:1:13: profiles.p: a profile is a map\n  hint: it needs at least a backend");
  CHECK_THAT(error_of("profiles: { p: { pool: { size: 1 } } }\n"),
             StartsWith("storage.yaml:1:13: profiles.p: the profile has no backend"));
  CHECK_THAT(error_of(std::string(1'100'000, '#')),
             StartsWith("storage.yaml: the file cannot be read: it is larger than"));
}

TEST_CASE("only version 1 is read", "[config][errors]") {
  const std::string rest = "\nprofiles: { p: { backend: postgresql } }\n";
  CHECK(error_of("version: 1" + rest) == kNoError);
  CHECK(error_of("version: 2" + rest) ==
        "storage.yaml:1:10: version: version \"2\" of the format is not known\n  hint: this build reads version 1");
  CHECK_THAT(error_of("version: 01" + rest), Contains("is not known"));
  CHECK_THAT(error_of("version: [1]" + rest), StartsWith("storage.yaml:1:10: version: it takes one value"));
}

TEST_CASE("a misspelt backend is not taken for a plugin", "[config][errors]") {
  const auto backend = [](const std::string& text) { return error_of("profiles: { p: { backend: " + text + " } }\n"); };
  for (const char* text : {"postgres", "pg", "posgresql", "postgressql"}) {
    CHECK_THAT(backend(text),
               StartsWith("storage.yaml:1:27: profiles.p.backend: ") && Contains("did you mean \"postgresql\"?"));
  }
  CHECK_THAT(backend("sqlite3"), Contains("did you mean \"sqlite\"?"));
  CHECK_THAT(backend("PostgreSQL"), Contains("is not the id of a backend") && Contains("did you mean \"postgresql\"?"));
  CHECK_THAT(backend("\"../evil\""), Contains("is not the id of a backend"));
  CHECK_THAT(backend("my-db"), Contains("is not the id of a backend") && !Contains("and -")); // nor is it to the host
  CHECK(backend("memory") == kNoError);
  CHECK(backend("sqlite3, plugin: { path: /opt/libx.so }") == kNoError);
}

TEST_CASE("rules over several keys", "[config][errors]") {
  CHECK(
      error_of(with("    pool: { size: 2, min_idle: 3 }\n")) ==
      "storage.yaml:4:32: profiles.p.pool.min_idle: pool.min_idle (3) is more than pool.size (2)\n  hint: connections "
      "beyond size are closed when idle");
  CHECK_THAT(
      error_of(with("    retry: { base_delay: 2s }\n")),
      StartsWith(
          "storage.yaml:4:26: profiles.p.retry.base_delay: retry.base_delay (2s) is more than retry.max_delay (1s)"));
  CHECK_THAT(error_of(with("    connection: { host: a, hosts: [b] }\n")),
             StartsWith("storage.yaml:4:35: profiles.p.connection.hosts: both host and hosts are set"));
  CHECK_THAT(error_of(with("    connection: { password: a, password_file: b }\n")),
             Contains("both password and password_file are set"));
  CHECK_THAT(error_of("profiles: { p: { backend: sqlite } }\n"),
             StartsWith("storage.yaml:1:13: profiles.p.connection.database: sqlite needs a database"));
  CHECK_THAT(error_of(with("    plugin: { sha256: abc }\n")), Contains("\"abc\" is not a SHA-256"));
  CHECK_THAT(error_of(with("    connection: { tls: { ca: ~/ca.pem } }\n")), Contains("~ is not expanded"));
}

TEST_CASE("the first problem by place is thrown, and the others are counted", "[config][errors]") {
  const std::string error = error_of(with("    pool: { sze: 5 }\n    log: { statements: no }\n    x: 1\n"));
  CHECK_THAT(error, StartsWith("storage.yaml:4:13: ") && Contains("(2 more; `tenon config check` lists all)"));
}

TEST_CASE("a typo in a profile that is not selected is an error too", "[config][errors]") {
  CHECK_THAT(error_of("default_profile: p\nprofiles:\n  p: { backend: postgresql }\n  q: { backend: postgresql, poool: "
                      "{ size: 1 } }\n"),
             StartsWith("storage.yaml:4:29: profiles.q.poool: unknown key"));
}
