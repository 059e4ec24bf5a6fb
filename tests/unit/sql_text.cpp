#include <catch2/catch.hpp>

#include <tenon/sql/text.hpp>

using namespace tenon::sql;
using namespace std::string_literals;

TEST_CASE("text is UTF-8 without NUL") {
  for (const auto& good : {""s, "plain"s, "eight ch"s, "é"s, "€"s, "😀"s, "\x7f"s, "\xed\x9f\xbf"s, "\xee\x80\x80"s,
                           "\xf4\x8f\xbf\xbf"s, "long enough for words €"s}) {
    INFO(good);
    CHECK(is_text(good));
  }
  const std::string nul("before\0after, and long enough", 29);
  for (const auto& bad : {nul, "\0"s, "1234567\0"s, "\x80"s, "\xc0\x80"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s,
                          "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xc3"s, "\xe2\x82"s,
                          "\xf0\x9f\x98"s, "12345678\xff"s, "\xc3("s}) {
    INFO(bad);
    CHECK_FALSE(is_text(bad));
  }
}

TEST_CASE("every byte position of eight is looked at") {
  for (std::size_t i = 0; i < 16; ++i) {
    std::string text(16, 'a');
    text[i] = '\0';
    CHECK_FALSE(is_text(text));
    text[i] = '\xff';
    CHECK_FALSE(is_text(text));
    text[i] = '\x01';
    CHECK(is_text(text));
  }
}

TEST_CASE("length counts code points") {
  CHECK(code_points("") == 0);
  CHECK(code_points("aé€😀") == 4);
}

TEST_CASE("decimals have digits, at most 38 that count, and a digit on each side of a point") {
  const std::string longest(38, '9');
  for (const auto& good : {"0"s, "-1"s, "1.50"s, "-0.001"s, "000"s, longest, "-" + longest, "0." + longest,
                           "0.000" + longest, "00" + longest}) {
    INFO(good);
    CHECK(is_decimal(good));
  }
  for (const auto& bad : {""s, "-"s, "+1"s, ".5"s, "5."s, "1e5"s, "1.2.3"s, " 1"s, "1 "s, "NaN"s, "0x1"s, "--1"s,
                          longest + "9", "1." + longest}) {
    INFO(bad);
    CHECK_FALSE(is_decimal(bad));
  }
}

TEST_CASE("JSON is read strictly") {
  for (const auto& good :
       {"{}"s, "[]"s, " [ 1 , -2.5e+10 , 0 , 1E5, true,false,null ] "s, "\"a\\u00e9\\n\\\"\""s, "\"\\ud83d\\ude00\""s,
        "{\"a\":{\"b\":[{}]},\"c\":\"d\"}"s, "0.5"s, std::string(512, '[') + std::string(512, ']')}) {
    INFO(good);
    CHECK(is_json(good));
  }
  for (const auto& bad : {""s,
                          " "s,
                          "{"s,
                          "["s,
                          "]"s,
                          "{]"s,
                          "[}"s,
                          "[1,]"s,
                          "[,1]"s,
                          "{,}"s,
                          "{\"a\"}"s,
                          "{\"a\":}"s,
                          "{\"a\":1,}"s,
                          "{a:1}"s,
                          "{1:1}"s,
                          "01"s,
                          "1."s,
                          ".5"s,
                          "-"s,
                          "1e"s,
                          "1.true"s,
                          "0.false"s,
                          "[1enull]"s,
                          "[1e+null]"s,
                          "-true"s,
                          "+1"s,
                          "tru"s,
                          "nul"s,
                          "True"s,
                          "1 2"s,
                          "\"a"s,
                          "\"\\x\""s,
                          "\"\\u12\""s,
                          "\"\\u12g4\""s,
                          "\"\t\""s,
                          "\"\\u0000\""s,
                          "\"\\ud83d\""s,
                          "\"\\ude00\""s,
                          "\"\\ud83dx\""s,
                          "\"\\ud83d\\u0041\""s,
                          "'a'"s,
                          "[1]]"s,
                          "\"\xff\""s,
                          "{}{}"s,
                          std::string(513, '[') + std::string(513, ']')}) {
    INFO(bad);
    CHECK_FALSE(is_json(bad));
  }
}
