#include "errors.hpp"

#include <signal.h>

#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

struct Expected {
  const char* sqlstate;
  ErrorCode code;
  bool retryable;
  bool broken;
};

TEST_CASE("postgresql: every SQLSTATE has its class, its retry and its consequence for the connection") {
  const std::vector<Expected> table{
      {"08003", ErrorCode::connection, true, true},
      {"08006", ErrorCode::connection, true, true},
      {"57P01", ErrorCode::connection, true, true},
      {"57P02", ErrorCode::connection, true, true},
      {"57P05", ErrorCode::connection, true, true},
      {"25P03", ErrorCode::connection, true, true},
      {"08007", ErrorCode::commit_unknown, false, true},
      {"40003", ErrorCode::commit_unknown, false, true},
      {"57P03", ErrorCode::not_ready, true, false},
      {"28000", ErrorCode::auth, false, false},
      {"28P01", ErrorCode::auth, false, false},
      {"3D000", ErrorCode::auth, false, false},
      {"53300", ErrorCode::resource_exhausted, true, false},
      {"23505", ErrorCode::unique_violation, false, false},
      {"23503", ErrorCode::foreign_key_violation, false, false},
      {"23001", ErrorCode::foreign_key_violation, false, false},
      {"23502", ErrorCode::not_null_violation, false, false},
      {"23514", ErrorCode::check_violation, false, false},
      {"23P01", ErrorCode::exclusion_violation, false, false},
      {"23000", ErrorCode::integrity, false, false},
      {"40002", ErrorCode::integrity, false, false},
      {"44000", ErrorCode::integrity, false, false},
      {"40001", ErrorCode::serialization_failure, true, false},
      {"40P01", ErrorCode::deadlock, true, false},
      {"57014", ErrorCode::cancelled, false, false},
      {"55P03", ErrorCode::timeout, false, false},
      {"25006", ErrorCode::read_only, false, true},
      {"25P02", ErrorCode::programming, false, false},
      {"25001", ErrorCode::programming, false, false},
      {"2D000", ErrorCode::programming, false, false},
      {"3B001", ErrorCode::programming, false, false},
      {"0B000", ErrorCode::programming, false, false},
      {"53100", ErrorCode::resource_exhausted, false, false},
      {"53200", ErrorCode::resource_exhausted, false, false},
      {"53400", ErrorCode::resource_exhausted, false, false},
      {"54001", ErrorCode::programming, false, false},
      {"42601", ErrorCode::programming, false, false},
      {"42P01", ErrorCode::programming, false, false},
      {"34000", ErrorCode::programming, false, false},
      {"3F000", ErrorCode::programming, false, false},
      {"0A000", ErrorCode::programming, false, false},
      {"26000", ErrorCode::programming, false, false},
      {"42P05", ErrorCode::programming, false, false},
      {"22001", ErrorCode::data, false, false},
      {"22012", ErrorCode::data, false, false},
      {"21000", ErrorCode::data, false, false},
      {"42501", ErrorCode::permission, false, false},
      {"P0001", ErrorCode::operational, false, false},
      {"P0004", ErrorCode::operational, false, false},
      {"38001", ErrorCode::operational, false, false},
      {"39004", ErrorCode::operational, false, false},
      {"58030", ErrorCode::internal, false, false},
      {"F0000", ErrorCode::internal, false, false},
      {"XX000", ErrorCode::internal, false, false},
      {"XX001", ErrorCode::internal, false, true},
      {"XX002", ErrorCode::internal, false, true},
      {"ZZ123", ErrorCode::operational, false, false},
      {"", ErrorCode::operational, false, false},
  };
  for (const Expected& expected : table) {
    CAPTURE(expected.sqlstate);
    Failure failure;
    failure.sqlstate = expected.sqlstate;
    failure.message = "value 'secret'";
    Circumstances now;
    now.statement = "insert into users";
    const ErrorInfo info = translate(failure, now);
    CHECK(error_name(info.code) == error_name(expected.code));
    CHECK(info.code == expected.code);
    CHECK(info.retryable == expected.retryable);
    CHECK(info.broken == expected.broken);
    CHECK(info.sqlstate == expected.sqlstate);
    CHECK_FALSE(info.message.empty());
    const bool quotes_names_only =
        info.code == ErrorCode::permission || info.sqlstate == "42P01" || info.sqlstate == "3F000";
    if (!quotes_names_only) CHECK(info.message.find("secret") == std::string::npos);
    CHECK(info.detail.find("secret") != std::string::npos);
  }
}

TEST_CASE("postgresql: a connection that is BAD decides before any SQLSTATE") {
  Failure failure;
  failure.lost = true;
  failure.sqlstate = "23505";
  Circumstances now;
  now.endpoint = "db:5432/shop as app";
  CHECK(translate(failure, now).code == ErrorCode::connection);
  CHECK(translate(failure, now).broken);

  struct Row {
    Phase phase;
    ErrorCode code;
    bool retryable;
  };
  for (const Row& row :
       {Row{Phase::transaction, ErrorCode::connection, true}, Row{Phase::read, ErrorCode::connection, true},
        Row{Phase::unsent, ErrorCode::connection, true}, Row{Phase::write, ErrorCode::commit_unknown, false},
        Row{Phase::commit, ErrorCode::commit_unknown, false}}) {
    now.phase = row.phase;
    for (const char* state : {"", "57P01", "08006"}) {
      failure.sqlstate = state;
      CAPTURE(static_cast<int>(row.phase), state);
      CHECK(translate(failure, now).code == row.code);
      CHECK(translate(failure, now).retryable == row.retryable);
    }
  }
}

TEST_CASE("postgresql: who ended a statement decides what 57014 means") {
  Failure failure;
  failure.sqlstate = "57014";
  Circumstances now;
  CHECK(translate(failure, now).code == ErrorCode::cancelled);
  now.deadline_passed = true;
  CHECK(translate(failure, now).code == ErrorCode::timeout);
  now.cancelled = true;
  CHECK(translate(failure, now).code == ErrorCode::cancelled);
}

TEST_CASE("postgresql: a refused write is the transaction's own choice or the server's state") {
  Failure failure;
  failure.sqlstate = "25006";
  Circumstances now;
  CHECK(translate(failure, now).broken);
  now.read_only = true;
  CHECK(translate(failure, now).code == ErrorCode::read_only);
  CHECK_FALSE(translate(failure, now).broken);
  failure.sqlstate = "0A000";
  now.read_only = false;
  now.begins = true;
  CHECK(translate(failure, now).code == ErrorCode::read_only);
}

TEST_CASE("postgresql: only what a forgotten statement answers is run again") {
  Failure failure;
  failure.sqlstate = "0A000";
  CHECK_FALSE(is_stale_statement(failure));
  failure.routine = "RevalidateCachedQuery";
  CHECK(is_stale_statement(failure));
  for (const char* state : {"26000", "42P05"}) {
    Failure forgotten;
    forgotten.sqlstate = state;
    CHECK(is_stale_statement(forgotten));
  }
}

TEST_CASE("postgresql: the SQLSTATE of a failed connect is read from libpq's text") {
  CHECK(sqlstate_of_connect("connection to server at \"h\", port 1 failed: FATAL:  28P01: password …\nLOCATION: x") ==
        "28P01");
  CHECK(sqlstate_of_connect("… failed: FATAL:  57P03: starting up\n… failed: FATAL:  3D000: no database\n") == "3D000");
  CHECK(sqlstate_of_connect("connection refused\n\tIs the server running:  or not?").empty());
  CHECK(sqlstate_of_connect("").empty());
}

TEST_CASE("postgresql: errors of statements carry class, constraint, table, columns and our own words") {
  const Schema schema;
  const auto session = connect();
  const TableDesc u = users(schema);
  const TableDesc n = notes(schema);
  session->create_tables(std::vector<const TableDesc*>{&u, &n});
  auto& people = session->repository(u);
  auto& texts = session->repository(n);
  const std::vector<std::uint32_t> name_only{1};
  const std::vector<std::uint32_t> note_columns{1, 2};
  const Cell ann = Cell::text("ann");
  people.insert({name_only, &ann, 1, {}});

  ErrorInfo error = failure_of([&] { people.insert({name_only, &ann, 1, {}}); });
  CHECK(error.code == ErrorCode::unique_violation);
  CHECK(error.message ==
        "insert into " + schema.table("users") + ": username is taken (unique constraint users_username_key)");
  CHECK(error.constraint == "users_username_key");
  CHECK(error.table == "users");
  CHECK(error.columns == std::vector<std::string>{"username"});
  CHECK(error.sqlstate == "23505");
  CHECK(error.backend == "postgresql");
  CHECK(error.detail.find("ann") != std::string::npos);
  CHECK((error.message + error.hint).find("ann") == std::string::npos);

  const Cell null = Cell::null();
  error = failure_of([&] { people.insert({name_only, &null, 1, {}}); });
  CHECK(error.code == ErrorCode::not_null_violation);
  CHECK(error.columns == std::vector<std::string>{"username"});
  CHECK(error.message == "insert into " + schema.table("users") + ": username must have a value");

  const Cell stray[] = {Cell::int64(99), Cell::text("x")};
  error = failure_of([&] { texts.insert({note_columns, stray, 1, {}}); });
  CHECK(error.code == ErrorCode::foreign_key_violation);
  CHECK(error.constraint == "notes_user_id_fkey");
  CHECK(error.columns == std::vector<std::string>{"user_id"});
  CHECK(error.message == "insert into " + schema.table("notes") +
                             ": user_id refers to a row that is not there (foreign key notes_user_id_fkey)");

  const Cell mine[] = {Cell::int64(1), Cell::text("x")};
  texts.insert({note_columns, mine, 1, {}});
  error = failure_of([&] { people.remove({}); });
  CHECK(error.code == ErrorCode::foreign_key_violation);
  CHECK(error.message == "delete from " + schema.table("users") +
                             ": other rows still refer to this one (foreign key notes_user_id_fkey)");

  TableDesc gone = u;
  gone.name = "gone";
  error = failure_of([&] { static_cast<void>(session->repository(gone).count({})); });
  CHECK(error.code == ErrorCode::programming);
  CHECK(error.sqlstate == "42P01");
  CHECK(error.message == "select from " + schema.table("gone") + ": there is no table " + schema.table("gone"));
  CHECK(error.hint.find("create_tables") != std::string::npos);
}

TEST_CASE("postgresql: what the server refuses in the caller's own SQL has its class") {
  const Schema schema;
  const auto session = connect();
  run(*session, "CREATE TABLE " + schema.table("t") + " (n int CHECK (n > 0), s varchar(3), during int4range, " +
                    "EXCLUDE USING gist (during WITH &&))");
  const std::vector<std::pair<std::string, ErrorCode>> table{
      {"INSERT INTO " + schema.table("t") + " VALUES (0)", ErrorCode::check_violation},
      {"INSERT INTO " + schema.table("t") + " VALUES (1, 'long')", ErrorCode::data},
      {"INSERT INTO " + schema.table("t") + " (during) VALUES ('[1,5)'), ('[2,3)')", ErrorCode::exclusion_violation},
      {"SELECT 1/0", ErrorCode::data},
      {"SELECT 99999999999::int", ErrorCode::data},
      {"SELECT 'x'::int", ErrorCode::data},
      {"SELECT '{'::json", ErrorCode::data},
      {"SELEKT", ErrorCode::programming},
      {"SELECT nothing", ErrorCode::programming},
      {"SELECT * FROM nowhere", ErrorCode::programming},
      {"SELECT 1; SELECT 2", ErrorCode::programming},
      {"SELECT pg_read_file('/etc/hostname')", ErrorCode::permission},
      {"DO $$ BEGIN RAISE EXCEPTION 'secret'; END $$", ErrorCode::operational},
      {"COPY (SELECT 1) TO STDOUT", ErrorCode::not_supported},
  };
  for (const auto& [sql, code] : table) {
    CAPTURE(sql);
    const auto fresh = connect(); // COPY costs the connection
    const ErrorInfo error = failure_of([&, &text = sql] { run(*fresh, text); });
    CAPTURE(error.message);
    CHECK(error_name(error.code) == error_name(code));
    CHECK(error.code == code);
    CHECK(error.message.find("secret") == std::string::npos);
    CHECK(fresh->alive() == (code != ErrorCode::not_supported));
  }
  CHECK(failure_of([&] { run(*session, "SELECT 1 FROM x WHERE 'secret' 'x' ="); }).message.find("secret") ==
        std::string::npos);
  CHECK(failure_of([&] { run(*session, "SELECT 1 'secret'"); }).message == "execute: a syntax error in the statement");
}

TEST_CASE("postgresql: a wrong number of parameters is a ProgrammingError, whatever the text hides") {
  const auto session = connect();
  const Cell one = Cell::int64(1);
  CHECK(failure_of([&] { run(*session, "SELECT $1::bigint"); }).code == ErrorCode::programming);
  CHECK(failure_of([&] { run(*session, "SELECT 1", {one}); }).code == ErrorCode::programming);
  CHECK(failure_of([&] { run(*session, "SELECT $2::bigint", {one}); }).code == ErrorCode::programming);
  CHECK(session->alive());
  for (const char* sql : {"SELECT $1::bigint, '$2', \"$3\".x FROM (SELECT 1) AS \"$3\"(x) -- $4",
                          "SELECT $1::bigint /* $2 /* $3 */ $4 */", "SELECT $1::bigint, $$ $2 $$, $a$ $3 $$ $a$",
                          "SELECT $1::bigint, E'\\'$2', 'it''s $3'", "-- $2\rSELECT $1::bigint"}) {
    CAPTURE(sql);
    CHECK(rows_of(*session, sql, {one}).front().front() == "1");
  }
}

TEST_CASE("postgresql: why a connect fails is told by class, place and next step, without the password") {
  struct Row {
    Pairs changes;
    ErrorCode code;
    const char* sqlstate;
    const char* text;
  };
  for (const Row& row : {Row{{{"password", "s3cret"}}, ErrorCode::auth, "28P01", "password was refused"},
                         Row{{{"user", "nobody_here"}, {"password", "s3cret"}}, ErrorCode::auth, "28P01", "refused"},
                         Row{{{"database", "nowhere"}}, ErrorCode::auth, "3D000", "no such database"},
                         Row{{{"password", ""}}, ErrorCode::auth, "", "asks for a password"},
                         Row{{{"port", "1"}}, ErrorCode::connection, "", "connection refused"},
                         Row{{{"host", "no.such.host.invalid"}}, ErrorCode::connection, "", "name is unknown"},
                         Row{{{"host", "/nowhere"}}, ErrorCode::connection, "", "no socket"},
                         Row{{{"tls.mode", "require"}}, ErrorCode::connection, "", "does not offer TLS"},
                         Row{{{"target_session_attrs", "standby"}}, ErrorCode::connection, "", "it is no standby"}}) {
    CAPTURE(row.text);
    const auto backend = open_backend(server_options(row.changes));
    const ErrorInfo error = failure_of([&] { static_cast<void>(backend->connect(Deadline::max())); });
    CAPTURE(error.message, error.detail);
    CHECK(error.code == row.code);
    CHECK(error.sqlstate == row.sqlstate);
    CHECK(error.message.find("cannot connect to " + backend->endpoint() + ": ") == 0);
    CHECK(error.message.find(row.text) != std::string::npos);
    CHECK_FALSE(error.hint.empty());
    const bool lasting = error.code == ErrorCode::auth || error.message.find("TLS") != std::string::npos;
    CHECK(error.retryable == !lasting);
    CHECK((error.message + error.hint + error.detail).find("s3cret") == std::string::npos);
  }
}

TEST_CASE("postgresql: a full server is ResourceExhausted, one that shuts down NotReady") {
  auto small = testing::PostgresServer::start({.settings = {{"max_connections", "5"}}});
  const Pairs options{{"host", small.host()},
                      {"port", std::to_string(small.port())},
                      {"user", small.user()},
                      {"password", small.password()},
                      {"database", small.database()}};
  const auto backend = open_backend(options);
  std::vector<std::unique_ptr<ISession>> sessions;
  ErrorInfo error;
  for (int i = 0; i < 6 && error.message.empty(); ++i) {
    try {
      sessions.push_back(backend->connect(Deadline::max()));
    } catch (const Error& refused) {
      error = refused.info();
    }
  }
  CHECK(error.code == ErrorCode::resource_exhausted);
  CHECK(error.sqlstate == "53300");
  CHECK(error.retryable);
  REQUIRE_FALSE(sessions.empty());

  kill(small.pid(), SIGTERM); // smart: it waits for the sessions and lets nobody else in
  wait_until([&] {
    try {
      static_cast<void>(backend->connect(Deadline::max()));
      return false;
    } catch (const NotReady& refused) {
      CHECK(refused.sqlstate() == "57P03");
      CHECK(refused.retryable());
      return true;
    } catch (const Error&) {
      return false;
    }
  });
}

} // namespace
} // namespace tenon::postgresql::test
