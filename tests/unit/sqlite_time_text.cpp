#include <catch2/catch.hpp>

#include <cstring>
#include <random>
#include <string>

#include "time_text.hpp"

using namespace tenon::sqlite;

TEST_CASE("timestamps are written with six digits, in order") {
  CHECK(timestamp_text(0)->view() == "1970-01-01 00:00:00.000000");
  CHECK(timestamp_text(-1)->view() == "1969-12-31 23:59:59.999999");
  CHECK(timestamp_text(1709210096123456)->view() == "2024-02-29 12:34:56.123456");
  CHECK(timestamp_text(253402300799999999)->view() == "9999-12-31 23:59:59.999999");
  CHECK_FALSE(timestamp_text(253402300800000000));
  CHECK(timestamp_text(-62135596800000000)->view() == "0001-01-01 00:00:00.000000");
  CHECK_FALSE(timestamp_text(-62135596800000001));
  CHECK_FALSE(date_text(2932897));
  CHECK(date_text(-1)->view() == "1969-12-31");
}

TEST_CASE("timestamps are read in the forms that programs write") {
  constexpr std::int64_t kNoon = 1709208000000000; // 2024-02-29 12:00:00
  CHECK(read_timestamp("2024-02-29 12:00:00.000000") == kNoon);
  CHECK(read_timestamp("2024-02-29T12:00:00Z") == kNoon);
  CHECK(read_timestamp("2024-02-29 12:00") == kNoon);
  CHECK(read_timestamp("2024-02-29 12:00:00.5") == kNoon + 500000);
  CHECK(read_timestamp("2024-02-29 12:00:00.123456000") == kNoon + 123456);
  CHECK(read_timestamp("2024-02-29 14:00:00+02:00") == kNoon);
  CHECK(read_timestamp("2024-02-29 07:30:00-0430") == kNoon);
  CHECK(read_timestamp("2024-02-29 14:00:00+02") == kNoon);
  CHECK(read_timestamp("2024-02-29") == kNoon - 43200000000);
  for (const char* bad :
       {"", "noon", "2024-02-30", "2023-02-29", "2024-13-01", "2024-2-9", "2024-02-29 24:00:00", "2024-02-29 12:60:00",
        "2024-02-29 12:00:61", "2024-02-29 12", "2024-02-29 12:00:00.", "2024-02-29 12:00:00.1234567",
        "2024-02-29 12:00:00 ", "2024-02-29 12:00:00+25:00", "2024-02-29x12:00:00", "2024-02-29 12:00:00ZZ"}) {
    INFO(bad);
    CHECK_FALSE(read_timestamp(bad));
  }
  CHECK(read_date("2024-02-29") == 19782);
  CHECK_FALSE(read_date("2024-02-29 12:00"));
  CHECK_FALSE(read_date("2024-02-31"));
}

TEST_CASE("what is written is read back") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 5000; ++round) {
    const auto at = static_cast<std::int64_t>(random() % 315537897600000000U) - 62135596800000000;
    REQUIRE(timestamp_text(at));
    CHECK(read_timestamp(timestamp_text(at)->view()) == at);
    const std::int64_t day = static_cast<std::int64_t>(random() % 3652059U) - 719162;
    REQUIRE(date_text(day));
    CHECK(read_date(date_text(day)->view()) == day);
  }
}

TEST_CASE("uuids are written in both forms and read in all") {
  const unsigned char bytes[16] = {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3,
                                   0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00};
  CHECK(uuid_text(bytes, true).view() == "123e4567-e89b-12d3-a456-426614174000");
  CHECK(uuid_text(bytes, false).view() == "123e4567e89b12d3a456426614174000");
  for (const char* good : {"123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000",
                           "{123e4567-e89b-12d3-a456-426614174000}"}) {
    INFO(good);
    const auto read = read_uuid(good);
    REQUIRE(read);
    CHECK(std::memcmp(read->data(), bytes, 16) == 0);
  }
  for (const char* bad :
       {"", "123e4567", "123e4567-e89b-12d3-a456-42661417400g", "123e4567+e89b-12d3-a456-426614174000",
        "123e4567e89b12d3a45642661417400_", "(123e4567-e89b-12d3-a456-426614174000)"}) {
    INFO(bad);
    CHECK_FALSE(read_uuid(bad));
  }
}
