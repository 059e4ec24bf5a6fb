#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "record.hpp"
#include "records_support.hpp"

using catalogue::Dependency;
using catalogue::DependencyKind;
using catalogue::Malformed;
using catalogue::Record;

namespace {

Record good(const std::string& text) {
  auto read = catalogue::read_record(records::read_one(text));
  if (const auto* malformed = std::get_if<Malformed>(&read)) FAIL(malformed->reason);
  return std::get<Record>(std::move(read));
}

Malformed bad(const std::string& text) {
  auto read = catalogue::read_record(records::read_one(text));
  REQUIRE(std::holds_alternative<Malformed>(read));
  return std::get<Malformed>(std::move(read));
}

const std::string kHead = "Package: a\nVersion: 1\nArchitecture: all\n";

} // namespace

TEST_CASE("a record becomes a package with its maintainer") {
  const Record record = good("Package: apt\nVersion: 2.6.1\nArchitecture: amd64\nSection: admin\nPriority: required\n"
                             "Installed-Size: 4313\nMaintainer: APT Team <deity@lists.debian.org>\n"
                             "Description: commandline package manager\n more of it\n");
  CHECK(record.package.name == "apt");
  CHECK(record.package.version == "2.6.1");
  CHECK(record.package.architecture == "amd64");
  CHECK(record.package.section == "admin");
  CHECK(record.package.priority == "required");
  CHECK(record.package.installed_size == 4313);
  CHECK(record.package.description == "commandline package manager");
  CHECK(record.maintainer.name == "APT Team");
  CHECK(record.maintainer.email == "deity@lists.debian.org");
  CHECK(record.dependencies.empty());
}

TEST_CASE("what a record need not have may be absent") {
  const Record record = good(kHead);
  CHECK_FALSE(record.package.installed_size);
  CHECK(record.package.section.empty());
  CHECK(record.maintainer.name.empty());
}

TEST_CASE("maintainers come in several forms") {
  const auto maintainer = [](const std::string& text) { return good(kHead + "Maintainer: " + text + "\n").maintainer; };
  CHECK(maintainer("<only@mail>").name == "only@mail");
  CHECK(maintainer("No Mail").name == "No Mail");
  CHECK(maintainer("No Mail").email.empty());
  CHECK(maintainer("A <b> C <d@e>").name == "A <b> C");
  CHECK(maintainer("A <b> C <d@e>").email == "d@e");
}

TEST_CASE("dependencies keep kind, place, name and constraint") {
  const Record record = good(kHead + "Depends: libc6 (>= 2.36), python3:any | python3-minimal (<< 4~),\n last\n"
                                     "Pre-Depends: init\nRecommends: x | y\nSuggests: unread\n");
  struct Expected {
    DependencyKind kind;
    int position, alternative;
    const char *name, *constraint;
  };
  const Expected expected[] = {{DependencyKind::depends, 1, 1, "libc6", ">= 2.36"},
                               {DependencyKind::depends, 2, 1, "python3", ""},
                               {DependencyKind::depends, 2, 2, "python3-minimal", "<< 4~"},
                               {DependencyKind::depends, 3, 1, "last", ""},
                               {DependencyKind::pre_depends, 1, 1, "init", ""},
                               {DependencyKind::recommends, 1, 1, "x", ""},
                               {DependencyKind::recommends, 1, 2, "y", ""}};
  REQUIRE(record.dependencies.size() == std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    const Dependency& found = record.dependencies[i];
    INFO(i << " " << found.name);
    CHECK(found.kind == expected[i].kind);
    CHECK(found.position == expected[i].position);
    CHECK(found.alternative == expected[i].alternative);
    CHECK(found.name == expected[i].name);
    CHECK(found.constraint == expected[i].constraint);
  }
}

TEST_CASE("a comma too many is harmless") {
  std::vector<Dependency> out;
  CHECK(catalogue::read_dependencies("a, , b,", DependencyKind::depends, out));
  REQUIRE(out.size() == 2);
  CHECK(out[1].position == 2);
}

TEST_CASE("dependencies that cannot be read are refused") {
  for (const char* text : {"a |", "| a", "a (", "a ()", "a (>= 1) b", "a b", "a (>= (1))", "(>= 1)", "a:", ":any",
                           "a:b:c", "a [amd64]", "a <!nocheck>"}) {
    INFO(text);
    std::vector<Dependency> out;
    CHECK_FALSE(catalogue::read_dependencies(text, DependencyKind::depends, out));
  }
}

TEST_CASE("a malformed record is named by its package, or else by its line") {
  CHECK(bad("Package: a\nArchitecture: all\n").reason == "no Version");
  CHECK(bad("Package: a\nArchitecture: all\n").package == "a");
  CHECK(bad("Version: 1\nArchitecture: all\n").reason == "no Package");
  CHECK(bad("\n\nVersion: 1\nArchitecture: all\n").line == 3);
  CHECK(bad("Package: a\nVersion: 1\n").reason == "no Architecture");
  CHECK(bad("Package:\nVersion: 1\nArchitecture: all\n").reason == "no Package");
  CHECK(bad("Package: a b\nVersion: 1\nArchitecture: all\n").reason == "Package is more than one word");
  CHECK(bad(kHead + "Depends: |\n").reason == "Depends cannot be read");
  CHECK(bad(kHead + "no colon\n").reason == "a line without a colon in line 4");
}

TEST_CASE("an installed size is a whole number that is not negative, and that can be summed") {
  CHECK(good(kHead + "Installed-Size: 0\n").package.installed_size == 0);
  CHECK(good(kHead + "Installed-Size: 1000000000000\n").package.installed_size == 1'000'000'000'000);
  for (const char* text : {"", "-1", "1.5", "12 KiB", "x", "1000000000001", "9223372036854775808"}) {
    INFO(text);
    CHECK(bad(kHead + "Installed-Size: " + text + "\n").reason == "Installed-Size is no number of KiB");
  }
}

TEST_CASE("the name of a malformed record is fit for a terminal") {
  CHECK(bad("Package: \x1b[2J\xff\n").package == "\\x1B[2J\\xFF");
}
