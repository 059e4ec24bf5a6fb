#pragma once
// The model of the benchmarks, its rows, and the sum that shows that a driver has read them. The same struct for every
// driver. Threads: values and pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tenon/tenon.hpp>

namespace tenon::benchmarks {

/// Eleven columns: those of Model<User> and these.
struct User : Model<User> {
  std::string username; ///< unique; short enough to need no heap
  std::string email;    ///< long enough to need it
  std::optional<std::string> full_name;
  std::string role;
  std::int64_t project_id = 0;
  std::optional<Timestamp> last_login_at;
  std::int64_t login_count = 0;
};
BOOST_DESCRIBE_STRUCT(User, (tenon::Model<User>),
                      (username, email, full_name, role, project_id, last_login_at, login_count))

inline constexpr std::int64_t kSeeded = 100'000;      ///< rows that are there before a benchmark and after it
inline constexpr std::int64_t kRowsPerProject = 1000; ///< what the select of filtered rows finds

/// Row `number`, counted from 0, as it is before it has a key. Rows of different `series` share no unique value.
[[nodiscard]] User make_user(char series, std::int64_t number);
[[nodiscard]] std::vector<User> make_users(char series, std::int64_t count);
[[nodiscard]] std::string username_of(char series, std::int64_t number);

/// Touches every member, so that reading a row cannot be left out.
[[nodiscard]] inline std::uint64_t sum_of(const User& user) {
  const auto low = [](std::int64_t value) { return static_cast<std::uint64_t>(value) & 0xffU; };
  return low(user.id) + (user.is_active ? 1U : 0U) + low(user.created_at.time_since_epoch().count()) +
         low(user.updated_at.time_since_epoch().count()) + user.username.size() + user.email.size() +
         (user.full_name ? user.full_name->size() : 0) + user.role.size() + low(user.project_id) +
         (user.last_login_at ? low(user.last_login_at->time_since_epoch().count()) : 0) + low(user.login_count);
}

} // namespace tenon::benchmarks

template <> struct tenon::Table<tenon::benchmarks::User> {
  using User = tenon::benchmarks::User;
  static constexpr auto spec = tenon::table("users", tenon::unique<&User::username>, tenon::index<&User::project_id>);
};
