// Secrets: read from where they are kept, and never shown.

#include <catch2/catch.hpp>

#include <cstddef>

#include <sys/stat.h>
#include <unistd.h>

#include "config_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using config_test::connection;
using config_test::error_of;
using config_test::Folder;
using config_test::kNoError;
using config_test::load_yaml;
using config_test::shown;
using tenon::config::load;

namespace {

const std::string kFileYaml = "profiles:\n  p:\n    backend: postgresql\n    connection: { password_file: secret }\n";

std::string password_of(std::string_view content) {
  const Folder folder(kFileYaml);
  folder.write("secret", content);
  return connection(load(folder.sources()), "password");
}

// Everything that is made to be looked at.
std::string all_text(const tenon::config::Profile& profile) {
  std::string text = to_text(profile) + to_json(profile);
  for (const auto& setting : profile.settings)
    text += setting.key + setting.value + setting.origin;
  return text;
}

std::string all_text(const std::vector<tenon::config::Problem>& problems) {
  std::string text = tenon::config::to_json(problems);
  for (const auto& problem : problems)
    text += to_text(problem);
  return text;
}

} // namespace

TEST_CASE("a password file loses one trailing newline and nothing else", "[config][secrets]") {
  CHECK(password_of("hunter2") == "hunter2");
  CHECK(password_of("hunter2\n") == "hunter2");
  CHECK(password_of("hunter2\r\n") == "hunter2");
  CHECK(password_of(" hunter2 \n\n") == " hunter2 \n");
  CHECK(password_of("$x${y}\n") == "$x${y}");
}

TEST_CASE("a password file takes the password's place, with both origins", "[config][secrets]") {
  const Folder folder(kFileYaml);
  const std::string secret = folder.write("secret", "hunter2\n");
  const auto p = load(folder.sources());
  CHECK(connection(p, "password_file") == secret); // read anew by every connect
  CHECK(shown(p, "connection.password") == "*** <- file " + secret + " (storage.yaml:4:19)");
  CHECK(shown(p, "connection.password_file") == "(absent)");
}

TEST_CASE("a password file of the environment", "[config][secrets]") {
  const Folder folder("profiles: { p: { backend: postgresql, connection: { password: weak } } }\n");
  const std::string secret = folder.write("secret", "strong");
  CHECK(connection(load(folder.sources({{"TENON__CONNECTION__PASSWORD_FILE", secret}})), "password") == "strong");
}

TEST_CASE("password files that cannot be used", "[config][secrets]") {
  const Folder folder(kFileYaml);
  CHECK_THAT(
      error_of(folder.sources(), folder),
      StartsWith(
          "storage.yaml:4:34: profiles.p.connection.password_file: the file DIR/secret cannot be read: no such file"));
  folder.write("secret", "\n");
  CHECK_THAT(error_of(folder.sources(), folder), Contains("the file DIR/secret is empty"));
  folder.write("secret", std::string("hunter2\0x", 9));
  CHECK_THAT(error_of(folder.sources(), folder), Contains("holds a NUL byte") && !Contains("hunter2"));
  folder.write("secret", std::string(70'000, 'x'));
  CHECK_THAT(error_of(folder.sources(), folder), Contains("it is larger than 65536 bytes"));
  std::filesystem::remove(folder.file("secret"));
  std::filesystem::create_directory(folder.file("secret"));
  CHECK_THAT(error_of(folder.sources(), folder), Contains("cannot be read: it is a folder"));
}

TEST_CASE("a pipe in the place of a password file does not hang", "[config][secrets]") {
  const Folder folder(kFileYaml);
  REQUIRE(::mkfifo(folder.file("secret").c_str(), 0600) == 0);
  CHECK_THAT(error_of(folder.sources(), folder), Contains("it is not a regular file"));
}

TEST_CASE("a password file without permission names the path and the reason", "[config][secrets]") {
  const Folder folder(kFileYaml);
  folder.write("secret", "hunter2");
  REQUIRE(::chmod(folder.file("secret").c_str(), 0) == 0);
  if (::geteuid() != 0) {
    CHECK_THAT(error_of(folder.sources(), folder), Contains("the file DIR/secret cannot be read: permission denied"));
  } else {
    CHECK(error_of(folder.sources(), folder) == kNoError); // root reads everything
  }
}

TEST_CASE("an empty password leaves the key to weaker sources", "[config][secrets]") {
  const std::string yaml = "profiles: { p: { backend: postgresql, connection: { password: \"${PW:-}\" } } }\n";
  CHECK(connection(load_yaml(yaml), "password") == "(absent)");
  CHECK(connection(load_yaml(yaml, {{"POSTGRES_PASSWORD", "x"}}), "password") == "x");
  CHECK(connection(load_yaml(yaml, {{"POSTGRES_PASSWORD", "x"}, {"PW", "y"}}), "password") == "y");
}

TEST_CASE("no rendering of a profile shows a secret", "[config][secrets]") {
  const Folder folder(
      "profiles:\n  p:\n    backend: postgresql\n    connection:\n      uri: \"postgresql://u:hunter2@h/d\"\n"
      "      host: \"postgresql://u:hunter2@h\"\n"
      "      application_name: \"a password=hunter2 b\"\n");
  const auto by_uri = load(folder.sources());
  CHECK(connection(by_uri, "password") == "hunter2");
  CHECK_THAT(all_text(by_uri), !Contains("hunter2") && Contains("***"));
  CHECK_THAT(all_text(load(folder.sources({{"TENON__CONNECTION__PASSWORD", "hunter3"}}))), !Contains("hunter"));
  CHECK_THAT(all_text(load(folder.sources({}, {{"connection.password", "hunter3"}}))), !Contains("hunter"));
  CHECK_THAT(all_text(load_yaml("profiles: { p: { backend: postgresql } }\n",
                                {{"POSTGRES_URI", "postgresql://u:hunter2@h"}, {"PGPASSWORD", "hunter2"}})),
             !Contains("hunter"));
}

TEST_CASE("a plugin's secrets are known by their names", "[config][secrets]") {
  const Folder folder(
      "profiles:\n  p:\n    backend: memory\n    connection:\n      auth: { token: hunter2, api_key: hunter2 }\n"
      "      url: redis://u:hunter2@h\n      client_secret_file: secret\n      dsn: \"h=a;Password=hunter2;x=y\"\n");
  folder.write("secret", "hunter2\n");
  const auto p = load(folder.sources());
  CHECK(connection(p, "auth.token") == "hunter2");
  CHECK(connection(p, "client_secret") == "hunter2");
  CHECK(connection(p, "client_secret_file") == "(absent)");
  CHECK_THAT(all_text(p), !Contains("hunter2"));
  CHECK(shown(p, "connection.url") == "redis://u:***@h <- storage.yaml:6:7");
  CHECK(shown(p, "connection.dsn") == "h=a;Password=***;x=y <- storage.yaml:8:7");
}

TEST_CASE("no problem shows a secret", "[config][secrets]") {
  const Folder folder("default_profile: p\nprofiles:\n"
                      "  p:\n    backend: postgresql\n    connection:\n      uri: \"postgresql://u:hunter2@h:x/d\"\n"
                      "      password: \"hunter2${\"\n      port: \"postgres://u:hunter2@h\"\n"
                      "    pool: { size: \"password=hunter2\", timeout: \"${SECRET}\" }\n"
                      "  q: { backend: postgresql, connection: { password: [hunter2], uri: \"hunter2\" } }\n");
  const auto problems =
      tenon::config::check(folder.sources({{"SECRET", "hunter2"}, {"TENON__CONNECTION__PASSWRD", "hunter2"}}));
  CHECK(problems.size() == 8);
  CHECK_THAT(all_text(problems), !Contains("hunter2"));
  CHECK_THAT(error_of(folder.sources(), folder), StartsWith("storage.yaml:6:12: ") && !Contains("hunter2"));
}

TEST_CASE("broken YAML around a secret does not show it", "[config][secrets]") {
  for (const char* line :
       {"password: hunter2: x", "password: \"hunter2", "{ password: hunter2", "password: 'hunter2' hunter2"}) {
    CHECK_THAT(error_of("profiles:\n  p:\n    connection:\n      " + std::string(line) + "\n"),
               StartsWith("storage.yaml:") && !Contains("hunter2"));
  }
}
