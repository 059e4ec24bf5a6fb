// Tables and rows of an application that used SQLAlchemy 1.4 (sqlalchemy/): read, written, and read again by plain SQL
// in the form that SQLAlchemy expects.

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include <tenon/adpa/adpa.hpp>

#include "adpa_database.hpp"

namespace {

using namespace tenon::adpa;
using adpa_test::Database;
using adpa_test::error_of;
using adpa_test::Place;
using tenon::Json;
using tenon::Timestamp;
using namespace std::chrono_literals;

/// The application's moment: 2023-03-14 15:09:26.535897.
constexpr Timestamp kMoment = std::chrono::sys_days{std::chrono::year{2023} / 3 / 14} + 15h + 9min + 26s + 535897us;
constexpr const char* kNextDay = "2023-03-15 15:09:26.535897";
constexpr const char* kYearLater = "2024-03-12 15:09:26.500000";

/// The schema of the tables below; SQLite has none, and the application left it out there.
constexpr std::string_view schema_on(Place place) { return place == Place::postgresql ? "legacy" : ""; }

/// An account under names of our own: no part of it is called as the table calls it.
template <Place place> struct Account : tenon::Model<Account<place>> {
  std::string username;
  std::optional<std::string> email;
  std::optional<tenon::Date> birthday;
  tenon::Decimal credit;
  std::optional<tenon::Bytes> picture;
  std::int16_t position = 0;
  BOOST_DESCRIBE_CLASS(Account, (tenon::Model<Account<place>>), (username, email, birthday, credit, picture, position),
                       (), ())
};

/// A key of two columns, and none of the members that models share.
template <Place place> struct Usage {
  std::int64_t account = 0;
  tenon::Date day{};
  std::int64_t queries = 0;
  std::optional<double> share;
  std::optional<Json> settings;
  BOOST_DESCRIBE_CLASS(Usage, (), (account, day, queries, share, settings), (), ())
};

} // namespace

template <Place place> struct tenon::Table<Account<place>> {
  using A = Account<place>;
  static constexpr auto spec = tenon::table(
      "tbl_account", tenon::schema(schema_on(place)), tenon::unique<&A::username>, tenon::column<&A::id>("pk"),
      tenon::column<&A::is_active>("active"), tenon::column<&A::created_at>("date_created"),
      tenon::column<&A::updated_at>("date_modified"), tenon::column<&A::username>("login"),
      tenon::column<&A::email>("mail_address"), tenon::column<&A::birthday>("born"),
      tenon::column<&A::credit>("balance"), tenon::column<&A::picture>("avatar"), tenon::column<&A::position>("order"));
};
template <Place place> struct tenon::Table<Usage<place>> {
  using U = Usage<place>;
  static constexpr auto spec =
      tenon::table("Usage per day", tenon::schema(schema_on(place)), tenon::primary_key<&U::account, &U::day>,
                   tenon::references<&U::account, &Account<place>::id>(), tenon::column<&U::account>("account_pk"));
};

namespace {

std::string read_script(Place place) {
  const std::string file =
      std::string(TENON_SQLALCHEMY_FOLDER) + (place == Place::postgresql ? "/postgresql.sql" : "/sqlite.sql");
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The application's database as SQLAlchemy left it, opened by Tenon.
struct Application {
  explicit Application(Place place) : database(place) {
    database.script(read_script(place));
    if (place == Place::postgresql) { // times without a zone are UTC, wherever the server stands
      database.script(
          "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET timezone TO ''Asia/Kolkata'''"
          "; END $$");
    }
    store.emplace(database.open());
  }

  Database database;
  std::optional<tenon::Store> store;
};

} // namespace

TEST_CASE("what SQLAlchemy wrote is read as it was meant") {
  const Place place = GENERATE(Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  Application app(place);
  auto s = app.store->session();

  ProjectRepository projects{s};
  const auto orion = projects.by_project_id("orion");
  REQUIRE(orion.has_value());
  CHECK(orion->id == 1);
  CHECK(orion->name == "Orion");
  CHECK(orion->description == std::nullopt);
  CHECK(orion->owner == "ann");
  CHECK(orion->settings == Json::parse(R"({"limits": [1, 2.5, null], "theme": "dark"})"));
  CHECK(orion->created_at == kMoment);
  CHECK(projects.by_project_id("closed") == std::nullopt);
  const Project closed = projects.with_deleted().get(2);
  CHECK(closed.name == "Zürich ☃");
  CHECK(closed.description == "it's over");
  CHECK_FALSE(closed.is_active);

  const auto ann = UserRepository{s}.by_username("ann");
  REQUIRE(ann.has_value());
  CHECK(ann->role == UserRole::admin);
  CHECK(ann->last_login_at == kMoment + 24h);
  CHECK(ann->login_count == 7);
  CHECK(UserRepository{s}.by_email("bob@example.com")->last_login_at == std::nullopt);
  CHECK(projects.members("orion").size() == 2);
  CHECK(UserRepository{s}.count(tenon::col<&User::role> == UserRole::admin) == 1);
  CHECK(UserProfileRepository{s}.of_user(ann->id)->preferences == Json::parse(R"({"columns": ["a", "b"]})"));

  const AppStateRepository states{s};
  CHECK(states.get("cursor").version == 5);
  CHECK(states.get("cursor").value == Json::parse(R"({"page": 3})"));
  CHECK(states.find("lease") == std::nullopt); // it ended when it was written
  CHECK(states.find_by<&AppState::key>("lease")->value == Json::parse(R"("held")"));

  const ModelConfigRepository configs{s};
  CHECK(configs.default_of("ranker")->version == 1);
  CHECK(configs.latest("ranker")->parameters == Json::parse(R"({"alpha": 0.2})"));

  const SystemHealthRepository health{s};
  CHECK(health.latest("api")->status == HealthStatus::degraded);
  CHECK(health.latest("api")->message == "slow");
  CHECK(health.history("api", kMoment).front().latency_ms == 1.5);
  CHECK(health.latest("db")->recorded_at == kMoment - 535897us);
  CHECK(health.history("api", kMoment + 1us).size() == 1);
  CHECK(health.summary() == HealthSummary{.healthy = 1, .degraded = 1, .unhealthy = 0});
}

TEST_CASE("what the repositories write is in the form that SQLAlchemy reads") {
  const Place place = GENERATE(Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  Application app(place);
  Database& database = app.database;
  const bool sqlite = place == Place::sqlite_file;
  app.store->transaction([](tenon::Session& s) {
    const Project vega = ProjectRepository{s}.create(
        {.project_id = "vega", .name = "Vega", .settings = Json::parse(R"({"theme":"light"})")});
    UserRepository users{s};
    static_cast<void>(users.create(
        {.username = "cid", .email = "cid@example.com", .role = UserRole::analyst, .project_id = vega.id}));
    users.record_login(users.by_username("bob")->id, kMoment + 364 * 24h - 35897us);
    users.soft_delete(users.by_username("ann")->id);
    AppStateRepository states{s};
    CHECK(states.compare_and_set("cursor", 5, Json::parse(R"({"page": 4})")));
    CHECK(states.set("lease", Json::parse("2")).version == 2);
    static_cast<void>(ModelConfigRepository{s}.set_default("ranker", 2));
    static_cast<void>(SystemHealthRepository{s}.record(
        {.component = "db", .status = HealthStatus::unhealthy, .latency_ms = 0.5, .recorded_at = kMoment + 24h}));
  });

  // Numbers of rows go on where SQLAlchemy's stopped.
  CHECK(database.value("SELECT id FROM projects WHERE project_id = 'vega'") == "3");
  CHECK(database.value("SELECT settings FROM projects WHERE id = 3") == R"({"theme":"light"})");
  CHECK(database.value("SELECT role FROM users WHERE username = 'cid'") == "analyst");
  CHECK(database.value("SELECT project_id FROM users WHERE username = 'cid'") == "3");
  CHECK(database.value("SELECT last_login_at FROM users WHERE username = 'cid'") == "(null)");
  CHECK(database.value("SELECT login_count FROM users WHERE username = 'bob'") == "1");
  CHECK(database.value("SELECT is_active FROM users WHERE username = 'ann'") == (sqlite ? "0" : "f"));
  CHECK(database.value("SELECT version FROM app_states WHERE key = 'cursor'") == "6");
  CHECK(database.value("SELECT value FROM app_states WHERE key = 'cursor'") == R"({"page": 4})");
  CHECK(database.value("SELECT expires_at FROM app_states WHERE key = 'lease'") == "(null)");
  CHECK(database.rows("SELECT version FROM model_configs WHERE is_default") ==
        std::vector<std::vector<std::optional<std::string>>>{{"2"}});
  CHECK(database.value("SELECT status FROM system_health WHERE id = 4") == "unhealthy");

  const std::string login = "last_login_at FROM users WHERE username = 'bob'";
  const std::string recorded = "recorded_at FROM system_health WHERE id = 4";
  const std::string created = "created_at FROM projects WHERE id = 3";
  if (sqlite) {
    CHECK(database.value("SELECT typeof(last_login_at), " + login) == "text");
    CHECK(database.value("SELECT " + login) == kYearLater);
    CHECK(database.value("SELECT " + recorded) == kNextDay);
    CHECK(database.value("SELECT created_at GLOB '2[0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:"
                         "[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]', " +
                         created) == "1");
    CHECK(database.value("SELECT abs(julianday('now') - julianday(created_at)) < 0.01, " + created) == "1");
  } else {
    CHECK(database.value("SELECT to_char(last_login_at, 'YYYY-MM-DD HH24:MI:SS.US'), " + login) == kYearLater);
    CHECK(database.value("SELECT to_char(recorded_at, 'YYYY-MM-DD HH24:MI:SS.US'), " + recorded) == kNextDay);
    CHECK(database.value("SELECT abs(extract(epoch FROM now() AT TIME ZONE 'UTC' - created_at)) < 600, " + created) ==
          "t");
  }
}

TEST_CASE("rules of tables that SQLAlchemy created are reported as those of our own") {
  const Place place = GENERATE(Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  Application app(place);
  auto s = app.store->session();
  UserRepository users{s};
  const auto taken = error_of<tenon::IntegrityError>([&] {
    s.nested([&] { static_cast<void>(users.create({.username = "ann", .email = "x@y", .project_id = 1})); });
  });
  CHECK(taken.kind() == tenon::IntegrityKind::unique);
  CHECK(taken.constraint() == "users_username_key");
  CHECK(taken.columns() == std::vector<std::string>{"username"});
  CHECK(error_of<tenon::IntegrityError>([&] { s.nested([&] { ProjectRepository{s}.remove(1); }); }).kind() ==
        tenon::IntegrityKind::foreign_key);
}

TEST_CASE("tables that are there are not created again") {
  const Place place = GENERATE(Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  Application app(place);
  const std::string columns = place == Place::sqlite_file
                                  ? "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY 1"
                                  : "SELECT table_name, column_name, data_type FROM information_schema.columns "
                                    "WHERE table_schema IN ('public', 'legacy') ORDER BY 1, 2";
  const auto before = app.database.rows(columns);
  create_tables(*app.store);
  if (place == Place::sqlite_file) {
    app.store->create_tables<Account<Place::sqlite_file>, Usage<Place::sqlite_file>>();
  } else {
    app.store->create_tables<Account<Place::postgresql>, Usage<Place::postgresql>>();
  }
  CHECK(app.database.rows(columns) == before);
  CHECK(app.database.value("SELECT count(*) FROM users") == "2");
}

namespace {

template <Place place> void check_renamed() {
  CAPTURE(name(place));
  Application app(place);
  const std::string table = place == Place::sqlite_file ? "tbl_account" : "legacy.tbl_account";
  Account<place> zoe;
  {
    auto s = app.store->session();
    tenon::Repository<Account<place>> accounts{s};
    Account<place> eve = accounts.template get_by<&Account<place>::username>("eve");
    CHECK(eve.id == 1);
    CHECK(eve.created_at == kMoment);
    CHECK(eve.updated_at == kMoment); // with a time zone on PostgreSQL
    CHECK(eve.email == std::nullopt);
    CHECK(eve.birthday == tenon::Date{std::chrono::year{1969} / 7 / 20});
    CHECK(eve.credit == tenon::Decimal::parse("-12.50"));
    CHECK(eve.picture == tenon::Bytes{0x00, 0xff, 0x27});
    CHECK(eve.position == 3);
    CHECK(accounts.count(tenon::col<&Account<place>::credit> < tenon::Decimal(0) &&
                         tenon::col<&Account<place>::position> == 3) == 1);

    eve.email = "eve@example.com";
    eve.credit = tenon::Decimal::parse("99.75");
    eve.birthday = tenon::Date{std::chrono::year{1970} / 1 / 1};
    static_cast<void>(accounts.update(eve));
    zoe = accounts.create({.username = "zoe", .credit = tenon::Decimal(0), .picture = tenon::Bytes{}, .position = -1});
    CHECK(zoe.id == 2);
    accounts.soft_delete(zoe.id);
    CHECK(accounts.template find_by<&Account<place>::username>("zoe") == std::nullopt);
    CHECK(accounts.with_deleted().get(zoe.id).picture == tenon::Bytes{});
    const auto taken = error_of<tenon::IntegrityError>(
        [&] { s.nested([&] { static_cast<void>(accounts.create({.username = "eve"})); }); });
    CHECK(taken.columns() == std::vector<std::string>{"login"});
    s.commit();
  }
  Database& database = app.database;
  CHECK(database.rows("SELECT login, mail_address, born FROM " + table + " ORDER BY pk") ==
        std::vector<std::vector<std::optional<std::string>>>{{"eve", "eve@example.com", "1970-01-01"},
                                                             {"zoe", std::nullopt, std::nullopt}});
  CHECK(database.value("SELECT balance FROM " + table + " WHERE pk = 1") == "99.75");
  CHECK(database.value("SELECT balance = 0 AND \"order\" = -1 AND NOT active AND length(avatar) = 0 FROM " + table +
                       " WHERE pk = 2") == (place == Place::sqlite_file ? "1" : "t"));
  CHECK(database.value("SELECT count(*) FROM " + table + " WHERE date_created > '2025-01-01'") == "1");
}

template <Place place> void check_composite_key() {
  CAPTURE(name(place));
  Application app(place);
  const tenon::Date day{std::chrono::year{2023} / 3 / 14};
  const tenon::Date next{std::chrono::year{2023} / 3 / 15};
  const tenon::Date last{std::chrono::year{2023} / 3 / 16};
  {
    auto s = app.store->session();
    tenon::Repository<Usage<place>> usage{s};
    const Usage<place> first = usage.get(1, day);
    CHECK(first.queries == std::int64_t{1} << 40);
    CHECK(first.share == 0.25);
    CHECK(first.settings == Json::parse(R"({"k": "v"})"));
    Usage<place> second = usage.get(1, next);
    CHECK(second.share == std::nullopt);
    CHECK(second.settings == std::nullopt);
    CHECK(usage.find(2, day).has_value() == false);

    second.share = 0.5;
    static_cast<void>(usage.update(second));
    static_cast<void>(usage.create({.account = 1, .day = last, .queries = -1}));
    usage.remove(1, day);
    const auto orphan = error_of<tenon::IntegrityError>(
        [&] { s.nested([&] { static_cast<void>(usage.create({.account = 4711, .day = day})); }); });
    CHECK(orphan.kind() == tenon::IntegrityKind::foreign_key);
    s.commit();
  }
  const std::string table = place == Place::sqlite_file ? "\"Usage per day\"" : "legacy.\"Usage per day\"";
  CHECK(app.database.rows("SELECT day, queries, share, settings FROM " + table + " ORDER BY day") ==
        std::vector<std::vector<std::optional<std::string>>>{{"2023-03-15", "0", "0.5", std::nullopt},
                                                             {"2023-03-16", "-1", std::nullopt, std::nullopt}});
}

} // namespace

TEST_CASE("a model with names of its own works on a schema, tables and columns that are named otherwise") {
  check_renamed<Place::sqlite_file>();
  check_renamed<Place::postgresql>();
}

TEST_CASE("a key of several columns works on a table with a name that has to be quoted") {
  check_composite_key<Place::sqlite_file>();
  check_composite_key<Place::postgresql>();
}
