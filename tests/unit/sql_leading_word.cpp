#include <catch2/catch.hpp>

#include <string_view>

#include <tenon/sql/leading_word.hpp>

#include "postgresql/dialect.hpp"
#include "sqlite/dialect.hpp"

using namespace tenon;

namespace {

bool postgresql_refuses(std::string_view sql) { return sql::controls_transaction(postgresql::kDialect, sql); }
bool sqlite_refuses(std::string_view sql) { return sql::controls_transaction(sqlite::kDialect, sql); }

} // namespace

TEST_CASE("words that move the transaction are found behind whatever a database takes for a blank") {
  for (const char* sql : {"BEGIN", "begin immediate", "Commit", "END;", "rollback", "ROLLBACK TO x", "savepoint x",
                          "RELEASE x", " \t\r\n\f\vcommit", ";; ;commit", "-- note\ncommit", "-- note\rcommit",
                          "--\ncommit", "/**/commit/**/", "/* -- */commit", "/*/ note */commit", "commit--",
                          "/* one */ -- two\n ; /* three */ commit", "\xef\xbb\xbf commit"}) {
    CAPTURE(sql);
    CHECK(postgresql_refuses(sql));
    CHECK(sqlite_refuses(sql));
  }
  for (const char* sql : {"", " ", "-- commit", "-- commit\n", "/* commit", "/* commit */", "commits",
                          "SELECT 1; COMMIT", "(select 1)", "'commit'", "\"commit\"", "create trigger t begin",
                          "prepare x as select 1", "COMMIT PREPARED 'x'", "rollback /* */ prepared 'x'"}) {
    CAPTURE(sql);
    CHECK_FALSE(postgresql_refuses(sql));
    CHECK_FALSE(sqlite_refuses(sql));
  }
}

TEST_CASE("the words, and whether comments nest, are the database's own") {
  for (const char* sql : {"START TRANSACTION", "abort", "PREPARE TRANSACTION 'x'", "prepare/**/transaction 'x'",
                          "/* /* inner */ outer */ commit"}) {
    CAPTURE(sql);
    CHECK(postgresql_refuses(sql));
    CHECK_FALSE(sqlite_refuses(sql));
  }
  CHECK(sqlite_refuses("/* /* */ commit"));
  CHECK_FALSE(postgresql_refuses("/* /* */ commit */ select 1"));
}
