// A plugin that breaks its contract at run time gets a clear error and does no harm; what it leaves out, the host does.

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "host_support.hpp"

using Catch::Matchers::Contains;
using host_test::Folder;
using tenon::Cell;

namespace {

std::vector<std::string> logged;

tenon::TableDesc table(std::string name) {
  return {"", std::move(name), {{"id", tenon::CellType::int64}, {"name", tenon::CellType::text}}, {{"pk", {1, 0}}}, {},
          {}};
}

/// A database of the plugin in the given mode.
struct Misbehaving {
  explicit Misbehaving(std::string_view mode = "none") {
    folder.install("misbehaving", "misbehaving");
    const std::vector<tenon::Option> options{{"mode", mode}};
    backend = tenon::host::open_backend(tenon::host::load_plugin(folder.request("misbehaving")), options);
  }
  Folder folder;
  std::unique_ptr<tenon::IBackend> backend;
};

struct Opened {
  explicit Opened(const std::string& name) : described(table(name)) {
    session = plugin.backend->connect(tenon::Deadline::max());
    repository = &session->repository(described);
  }
  tenon::RowBatch insert_two() {
    const std::vector<std::uint32_t> columns{0};
    const std::vector<Cell> cells{Cell::int64(1), Cell::int64(2)};
    return repository->insert({columns, cells.data(), 2, columns});
  }
  Misbehaving plugin;
  tenon::TableDesc described;
  std::unique_ptr<tenon::ISession> session;
  tenon::IRepository* repository = nullptr;
};

/// The counters of the plugin: errors released, cursors open.
std::pair<std::int64_t, std::int64_t> counters(Opened& opened) {
  const auto asked = table("released_errors");
  const auto row = opened.session->repository(asked).find(0, {});
  return {row.cells[0].integer, row.cells[1].integer};
}

template <class Call> tenon::ErrorInfo broken(Call call) {
  try {
    call();
  } catch (const tenon::PluginError& e) {
    CHECK(e.vendor_code() == static_cast<std::int32_t>(tenon::host::LoadCode::broken_contract));
    CHECK(e.broken());
    CHECK(e.backend() == "misbehaving");
    CHECK(e.hint() == "report this to the plugin's author");
    return e.info();
  }
  FAIL("no PluginError");
  return {};
}

} // namespace

TEST_CASE("an exception that crosses the boundary becomes a PluginError that names the call") {
  for (const char* name : {"throws", "throws_a_number"}) {
    Opened opened(name);
    const auto info = broken([&] { (void)opened.insert_two(); });
    CHECK(info.message == "backend \"misbehaving\" in repository_insert of table \"" + std::string(name) +
                              "\" let an exception cross the boundary [BROKEN_CONTRACT]");
    CHECK(info.table == name);
    CHECK_FALSE(Catch::contains(info.message, "4711"));
  }
  Opened opened("throws");
  const auto cursor = opened.repository->select({});
  tenon::RowBatch batch;
  CHECK_THAT(broken([&] { cursor->next(batch); }).message, Contains("in cursor_next of table \"throws\""));
  CHECK_THAT(broken([] { const Misbehaving plugin("open_throws"); }).message, Contains("in database_open"));
}

TEST_CASE("an exception out of a function that cannot report one goes to the log") {
  logged.clear();
  tenon::host::set_plugin_log([](int level, std::string_view message) {
    logged.push_back(std::to_string(level) + " " + std::string(message));
  });
  {
    Opened opened("close_throws");
    (void)opened.repository->select({});
  }
  {
    const Misbehaving plugin("session_close_throws");
    (void)plugin.backend->connect(tenon::Deadline::max());
  }
  tenon::host::set_plugin_log(nullptr);
  { const Misbehaving unheard; }
  REQUIRE(logged.size() == 4);
  CHECK(logged[0] == "3 misbehaving was asked for its table");
  CHECK(logged[1] ==
        "4 backend \"misbehaving\" in cursor_close of table \"close_throws\" let an exception cross the boundary");
  CHECK(logged[2] == "3 misbehaving was asked for its table");
  CHECK(logged[3] == "4 backend \"misbehaving\" in session_close let an exception cross the boundary");
}

TEST_CASE("a log sink that throws does not harm the plugin") {
  tenon::host::set_plugin_log([](int, std::string_view) { throw 1; });
  CHECK_NOTHROW(Misbehaving());
  tenon::host::set_plugin_log(nullptr);
}

TEST_CASE("success without a result is a broken contract") {
  CHECK_THAT(broken([] { const Misbehaving plugin("open_gives_nothing"); }).message,
             Contains("in database_open gave no database and no error"));
  const Misbehaving plugin("session_gives_nothing");
  CHECK_THAT(broken([&] { (void)plugin.backend->connect(tenon::Deadline::max()); }).message,
             Contains("in session_open gave no session and no error"));
  CHECK_THAT(broken([] { Opened("repository_gives_nothing"); }).message,
             Contains("in repository_open of table \"repository_gives_nothing\" gave no repository and no error"));
  Opened opened("cursor_gives_nothing");
  CHECK_THAT(broken([&] { (void)opened.repository->select({}); }).message,
             Contains("in repository_select of table \"cursor_gives_nothing\" gave no cursor and no error"));
}

TEST_CASE("rows that are not what was asked for are a broken contract") {
  const auto insert = [](const char* name) { return broken([&] { (void)Opened(name).insert_two(); }).message; };
  CHECK_THAT(insert("row_too_few"), Contains("returned 1 rows for 2 rows written"));
  CHECK_THAT(insert("column_too_many"), Contains("gave rows of 2 columns where 1 were asked for"));
  CHECK_THAT(insert("no_cells"), Contains("gave rows without cells"));

  const auto find = [](const char* name) {
    return broken([&] { (void)Opened(name).repository->find(0, {}); }).message;
  };
  CHECK_THAT(find("two_for_one_key"), Contains("in repository_find") && Contains("gave 2 rows for one key"));
  CHECK_THAT(find("column_too_many"), Contains("gave rows of 3 columns where 2 were asked for"));

  Opened opened("column_too_many");
  const std::vector<tenon::Output> projection{{{0, 1}, tenon::Aggregate::none, 0}};
  tenon::Query query;
  query.outputs = projection;
  tenon::RowBatch batch;
  CHECK_THAT(broken([&] { opened.repository->select(query)->next(batch); }).message,
             Contains("in cursor_next") && Contains("gave rows of 2 columns where 1 were asked for"));
  CHECK(batch.empty());
}

TEST_CASE("an error is taken over field by field, and released once") {
  Opened opened("fails_fully");
  const auto before = counters(opened).first;
  try {
    (void)opened.insert_two();
    FAIL("no error");
  } catch (const tenon::IntegrityError& e) {
    CHECK(e.code() == tenon::ErrorCode::unique_violation);
    CHECK(e.vendor_code() == 42);
    CHECK(e.retryable());
    CHECK(e.broken());
    CHECK(e.message() == "the message");
    CHECK(e.hint() == "the hint");
    CHECK(e.sqlstate() == "23505");
    CHECK(e.constraint() == "the_key");
    CHECK(e.table() == "the_table"); // as the plugin said, not as the host knows
    CHECK(e.columns() == std::vector<std::string>{"a", "b"});
    CHECK(e.statement() == "insert into the_table");
    CHECK(e.detail() == "the detail");
    CHECK(e.backend() == "misbehaving");
  }
  CHECK(counters(opened).first == before + 1);
}

TEST_CASE("an error without a text, or with a number of a later minor, is still an error with its place") {
  Opened silent("fails_silently");
  try {
    (void)silent.insert_two();
    FAIL("no error");
  } catch (const tenon::OperationalError& e) {
    CHECK(e.message() ==
          "backend \"misbehaving\" in repository_insert of table \"fails_silently\" failed without saying why");
    CHECK(e.table() == "fails_silently");
  }
  Opened unheard_of("fails_unheard_of");
  try {
    (void)unheard_of.insert_two();
    FAIL("no error");
  } catch (const tenon::OperationalError& e) {
    CHECK(e.code() == tenon::ErrorCode::operational);
    CHECK(e.message() == "of a later minor");
  }
  CHECK_THROWS_AS(Misbehaving("unknown_option"), tenon::ConfigError);
}

TEST_CASE("what is not claimed is answered by the host, function or not") {
  Opened opened("any");
  auto& session = *opened.session;
  CHECK(opened.plugin.backend->capabilities() == tenon::Capabilities());
  const auto answer = [](auto call) -> std::string {
    try {
      call();
      return "no error";
    } catch (const tenon::NotSupported& e) {
      CHECK(e.backend() == "misbehaving");
      return e.message();
    }
  };
  const std::string refusal = "backend \"misbehaving\" does not support ";
  CHECK(answer([&] { session.begin({}); }) == refusal + "transactions");
  CHECK(answer([&] { session.commit(); }) == refusal + "transactions");
  CHECK_NOTHROW(session.rollback()); // there is nothing to undo
  CHECK(answer([&] { session.savepoint(tenon::SavepointAction::create, 1); }) == refusal + "savepoints");
  CHECK(answer([&] { session.create_tables({}); }) == refusal + "create_tables");
  CHECK(answer([&] { (void)session.execute("select 1", {}); }) == refusal + "sql");
  CHECK(answer([&] { session.set_deadline(tenon::Deadline::max()); }) == refusal + "deadlines");
  CHECK(answer([&] { (void)opened.repository->upsert({}, 0, {}); }) == refusal + "upsert");
  CHECK(answer([&] { (void)opened.repository->update({{}, {}, {}}); }) == "no updates here"); // its own words
  CHECK_NOTHROW(session.cancel());
}

TEST_CASE("the host does what an optional function would have done") {
  Opened opened("any");
  CHECK(opened.session->alive());
  CHECK_NOTHROW(opened.session->ping());
  CHECK_NOTHROW(opened.session->rollback());
  CHECK(opened.plugin.backend->endpoint() == "misbehaving");
  CHECK(opened.repository->count({}) == 5); // over three batches
  CHECK(opened.repository->exists({}));
  CHECK(counters(opened).second == 0); // and closes its cursors

  const auto only_one_key = table("only_one_key");
  CHECK(opened.session->repository(only_one_key).exists({})); // and reads no more than it must
  const auto empty = table("empty");
  CHECK(opened.session->repository(empty).count({}) == 0);
  CHECK_FALSE(opened.session->repository(empty).exists({}));
}
