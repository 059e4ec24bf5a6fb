#include "sqlite_support.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>

#include <tenon/interface/error.hpp>

using namespace tenon;
using namespace tenon::test;

namespace {

struct Functions : OneSession {
  bool is_null(const std::string& expression) { return number("SELECT (" + expression + ") IS NULL") == 1; }
  /// The sum of decimals, as text.
  std::string sum(const std::string& values) {
    return text("SELECT tenon_decimal_sum(column1) FROM (VALUES " + values + ")");
  }
  std::string refusal(const std::string& expression) {
    const ErrorInfo info = error_of([&] {
      RowBatch batch;
      session->execute("SELECT " + expression, {})->next(batch);
    });
    CHECK(info.code == ErrorCode::data);
    return info.message;
  }
};

} // namespace

TEST_CASE_METHOD(Functions, "integers are computed exactly, or not at all") {
  CHECK(number("SELECT tenon_add(9223372036854775806, 1)") == std::numeric_limits<std::int64_t>::max());
  CHECK(number("SELECT tenon_divide(-7, 2)") == -3);
  CHECK(number("SELECT tenon_multiply(3.0, 4)") == 12); // an existing column may store integers as reals
  CHECK(is_null("tenon_add(NULL, 1)"));
  CHECK(refusal("tenon_add(9223372036854775807, 1)") == "execute: a number is out of range");
  CHECK(refusal("tenon_divide(1, 0)") == "execute: division by zero");
  CHECK(refusal("tenon_add(1.5, 1)") == "execute: a stored value is no int64");
  CHECK(refusal("tenon_add('1', 1)") == "execute: a stored value is no int64");
  CHECK(refusal("tenon_real_multiply(1e300, 1e300)") == "execute: a number is out of range");
  CHECK(refusal("tenon_real_multiply(1e-300, 1e-300)") == "execute: a number is out of range");
  CHECK(refusal("tenon_real_divide(1.0, 0.0)") == "execute: division by zero");
}

TEST_CASE_METHOD(Functions, "decimals are summed exactly, with the largest scale among them") {
  CHECK(sum("('1.10'), ('2.250'), ('-3')") == "0.350");
  CHECK(sum("('-0.5'), ('0.25')") == "-0.25");
  CHECK(sum("('-1'), ('1.00')") == "0.00");
  CHECK(sum("('99999999999999999999'), ('1')") == "100000000000000000000");
  CHECK(sum("('-99999999999999999999'), ('-1')") == "-100000000000000000000");
  CHECK(sum("('100000000000000000000'), ('-0.00000000000000001')") == "99999999999999999999.99999999999999999");
  CHECK(sum("('0.000000001'), ('0.999999999')") == "1.000000000");
  CHECK(sum("('-1000000000'), ('1')") == "-999999999");
  CHECK(sum("(2), (0.5), ('1')") == "3.5"); // of a column of numbers
  CHECK(is_null("(SELECT tenon_decimal_sum(column1) FROM (VALUES (NULL)))"));
  CHECK(refusal("tenon_decimal_sum('one')") == "execute: a stored value is no decimal");
  std::string many;
  for (int i = 0; i < 2000; ++i)
    many += std::string(i == 0 ? "" : ", ") + "('999999999999999999.99')";
  CHECK(sum(many) == "1999999999999999999980.00");
}

TEST_CASE_METHOD(Functions, "a path walks through JSON as it is written") {
  CHECK(
      text("SELECT tenon_json_text(' { \"a\" : [ {} , { \"b\" : \"x\\u0041\\ud83d\\ude00\\n\" } ] } ', 'a', 1, 'b')") ==
      "xA\xF0\x9F\x98\x80\n");
  CHECK(number("SELECT tenon_json_exists('{\"a,b\": {\"}\": [\"]\"]}}', 'a,b', '}', 0)") == 1);
  CHECK(number("SELECT tenon_json_exists('[]', 0)") == 0);
  CHECK(number("SELECT tenon_json_int64('{\"k\\\"ey\": -12}', 'k\"ey')") == -12);
  CHECK(is_null("tenon_json_int64('{\"a\": 12.0}', 'a')"));
  CHECK(is_null("tenon_json_text('{\"a\": \"x\"}', 'a', 'b')"));
  CHECK(is_null("tenon_json_exists(NULL, 'a')"));
  CHECK(number("SELECT tenon_json_boolean('true')") == 1);
  CHECK(refusal("tenon_json_text('{\"a\": ', 'a')") == "execute: a stored value is not JSON");
}

TEST_CASE_METHOD(Functions, "a cancel that comes between the writes of a batch ends it, and nothing is written") {
  const TableDesc table = people();
  create(table);
  constexpr std::size_t kWrites = 200'000;
  std::vector<BatchItem> items(kWrites);
  const std::vector<Node> nobody = node(NodeKind::eq, {column(0), literal(-1)});
  const std::vector<std::uint32_t> columns{1, 4};
  const std::vector<Cell> cells{Cell::text("first"), Cell::boolean(true)};
  for (BatchItem& item : items) {
    item.table = &table;
    item.kind = BatchKind::remove;
    item.update.filter = nobody;
  }
  items.front().kind = BatchKind::insert;
  items.front().rows = {columns, cells.data(), 1, {}};
  std::vector<std::uint64_t> affected(kWrites);
  std::atomic<bool> ended{false};
  std::thread canceller([&] { // again and again: one that comes before the call is for nobody
    while (!ended) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      session->cancel();
    }
  });
  ErrorInfo info;
  try {
    session->batch(items, affected);
  } catch (const Error& error) {
    info = error.info();
  }
  ended = true;
  canceller.join();
  CHECK(info.code == ErrorCode::cancelled);
  CHECK(session->repository(table).count({}) == 0);
  session->set_deadline(soon(20));
  CHECK(error_of([&] { session->batch(items, affected); }).code == ErrorCode::timeout);
  session->set_deadline(Deadline::max());
  CHECK(session->repository(table).count({}) == 0);
}
