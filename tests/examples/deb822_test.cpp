#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include "deb822.hpp"
#include "records_support.hpp"

using deb822::Fault;
using deb822::Limits;
using records::read_all;
using records::read_one;

namespace {

void check_fault(const std::string& text, Fault fault, std::uint64_t line, Limits limits = {}) {
  INFO(deb822::printable(text));
  const auto paragraph = read_one(text, limits);
  REQUIRE(paragraph.problem().has_value());
  CHECK(deb822::describe(paragraph.problem()->fault) == deb822::describe(fault));
  CHECK(paragraph.problem()->line == line);
}

const std::string* value(const deb822::Paragraph& paragraph, const char* name) { return paragraph.find(name); }

} // namespace

TEST_CASE("fields are found by name, without case, and trimmed") {
  const auto paragraph = read_one("Package:  apt \t\nVERSION:1.0\nEmpty:\n");
  CHECK_FALSE(paragraph.problem());
  CHECK(*value(paragraph, "package") == "apt");
  CHECK(*value(paragraph, "Version") == "1.0");
  CHECK(value(paragraph, "Empty")->empty());
  CHECK(value(paragraph, "Absent") == nullptr);
}

TEST_CASE("a value keeps its colons and its continuation lines") {
  const auto paragraph = read_one("Description: first: line\n second\n .\n\tthird\nNext: x\n");
  CHECK(*value(paragraph, "Description") == "first: line\nsecond\n.\nthird");
  CHECK(*value(paragraph, "Next") == "x");
}

TEST_CASE("blank lines, of blanks too, part paragraphs, and their number does not matter") {
  const auto all = read_all("\n\nPackage: a\n \t\n\nPackage: b\n\n\n");
  REQUIRE(all.size() == 2);
  CHECK(*all[0].find("Package") == "a");
  CHECK(all[0].line() == 3);
  CHECK(*all[1].find("Package") == "b");
  CHECK(all[1].line() == 6);
}

TEST_CASE("comments are ignored wherever they stand") {
  const auto all = read_all("# at the top\nPackage: a\n# between\nDepends: x,\n# within a field\n y\n#end\n");
  REQUIRE(all.size() == 1);
  CHECK_FALSE(all[0].problem());
  CHECK(*all[0].find("Depends") == "x,\ny");
  CHECK(all[0].line() == 2);
  CHECK(read_all("# nothing\n# else\n").empty());
}

TEST_CASE("lines may end in CRLF, and the last one in nothing") {
  const auto all = read_all("Package: a\r\nDescription: one\r\n two\r\n\r\nPackage: b");
  REQUIRE(all.size() == 2);
  CHECK(*all[0].find("Description") == "one\ntwo");
  CHECK(*all[1].find("Package") == "b");
}

TEST_CASE("the size of the pieces that input comes in does not matter") {
  const std::string text = "Package: ä\r\nDepends: x,\n y\n\n# c\nPackage: b\nbroken\n\nPackage: c";
  const auto whole = read_all(text);
  REQUIRE(whole.size() == 3);
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    const auto pieces = read_all(text, piece);
    REQUIRE(pieces.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      CHECK(*pieces[i].find("Package") == *whole[i].find("Package"));
      CHECK(pieces[i].line() == whole[i].line());
      CHECK(pieces[i].problem().has_value() == whole[i].problem().has_value());
    }
  }
}

TEST_CASE("empty input has no paragraph") {
  CHECK(read_all("").empty());
  CHECK(read_all("\n\n\n").empty());
}

TEST_CASE("each fault is found, with its line") {
  check_fault("Package: a\nno colon here\n", Fault::line_without_colon, 2);
  check_fault("Package: a\n: no name\n", Fault::bad_field_name, 2);
  check_fault("Package: a\nTwo words: x\n", Fault::bad_field_name, 2);
  check_fault("Package: a\n-Dash: x\n", Fault::bad_field_name, 2);
  check_fault(" continues nothing\nPackage: a\n", Fault::stray_continuation, 1);
  check_fault("Package: a\nVersion: 1\npackage: b\n", Fault::duplicate_field, 3);
  check_fault(std::string("Package: a\nVersion: 1\0002\n", 24), Fault::nul_byte, 2);
  check_fault("Package: a\nVersion: \xff\n", Fault::invalid_utf8, 2);
  check_fault("Package: a\nLong: 123456789\n", Fault::line_too_long, 2, {.line = 12});
  check_fault("Package: a\nB: 1\nC: 2\nD: 3\n", Fault::paragraph_too_long, 4, {.paragraph = 18});
}

TEST_CASE("a record of very many fields is too long, and is read in reasonable time") {
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += "F" + std::to_string(i) + ":\n";
  check_fault(text, Fault::paragraph_too_long, 1001);
}

TEST_CASE("a fault does not hide the rest of its paragraph, nor the next one") {
  const auto all = read_all("no colon\n dropped\nPackage: a\n\nPackage: b\n");
  REQUIRE(all.size() == 2);
  CHECK(*all[0].find("Package") == "a");
  CHECK_FALSE(all[1].problem());
}

TEST_CASE("of a field that comes twice the first one counts, with its own continuation only") {
  const auto paragraph = read_one("A: 1\n one\nB: 2\nA: 3\n three\n");
  CHECK(*paragraph.find("A") == "1\none");
  CHECK(*paragraph.find("B") == "2");
}

TEST_CASE("a line that is too long is dropped whole, whatever the pieces") {
  for (const std::size_t piece : {1U, 7U, 4096U}) {
    const auto all = read_all("Package: a\nX: " + std::string(500, 'x') + "\n more\nB: 1\n\nPackage: b\n", piece,
                              {.line = 100, .paragraph = 1000});
    REQUIRE(all.size() == 2);
    CHECK(all[0].problem()->line == 2);
    CHECK(all[0].find("X") == nullptr);
    CHECK(*all[0].find("Package") == "a");
    CHECK(*all[0].find("B") == "1");
    CHECK_FALSE(all[1].problem());
  }
  CHECK(read_all("#" + std::string(500, 'x') + "\n", 64, {.line = 100}).empty());
}

TEST_CASE("a paragraph uses its memory again without showing what was in it") {
  deb822::Reader reader(records::source_of("A: 1\nbroken\n\nB: 2\n"));
  deb822::Paragraph paragraph;
  REQUIRE(reader.next(paragraph));
  REQUIRE(reader.next(paragraph));
  CHECK(paragraph.find("A") == nullptr);
  CHECK(*paragraph.find("B") == "2");
  CHECK_FALSE(paragraph.problem());
  CHECK_FALSE(reader.next(paragraph));
  CHECK(reader.bytes_read() == 18);
}

TEST_CASE("what the source throws passes through") {
  deb822::Reader reader([](char*, std::size_t) -> std::size_t { throw std::runtime_error("disk on fire"); });
  deb822::Paragraph paragraph;
  CHECK_THROWS_WITH(reader.next(paragraph), "disk on fire");
}

TEST_CASE("UTF-8 is checked as Unicode defines it") {
  for (const char* good : {"", "plain", "ä", "€", "\U0001F600", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    CHECK(deb822::valid_utf8(good));
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "a\xFF"}) {
    INFO(deb822::printable(bad));
    CHECK_FALSE(deb822::valid_utf8(bad));
  }
}

TEST_CASE("text for the terminal holds no control character and nothing that is not UTF-8") {
  CHECK(deb822::printable("plain ä") == "plain ä");
  CHECK(deb822::printable("\x1b[31m\n\x7f") == "\\x1B[31m\\x0A\\x7F");
  CHECK(deb822::printable("\xff\xc3") == "\\xFF\\xC3");
  CHECK(deb822::printable(std::string(200, 'x')) == std::string(80, 'x') + "…");
}
