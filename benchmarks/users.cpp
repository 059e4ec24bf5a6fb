#include "users.hpp"

#include <fmt/format.h>

namespace tenon::benchmarks {

std::string username_of(char series, std::int64_t number) { return fmt::format("{}-{:08}", series, number); }

User make_user(char series, std::int64_t number) {
  using std::chrono::microseconds;
  constexpr std::int64_t kStart = 1'700'000'000'000'000;
  User user;
  user.created_at = user.updated_at = Timestamp{microseconds{kStart + number}};
  user.username = username_of(series, number);
  user.email = user.username + "@example.com";
  if (number % 4 != 0) user.full_name = fmt::format("Full name of user {}", number);
  user.role = number % 10 == 0 ? "admin" : "viewer";
  user.project_id = 1 + number % (kSeeded / kRowsPerProject);
  if (number % 3 != 0) user.last_login_at = Timestamp{microseconds{kStart + 1000 * number}};
  user.login_count = number % 100;
  return user;
}

std::vector<User> make_users(char series, std::int64_t count) {
  std::vector<User> users;
  users.reserve(static_cast<std::size_t>(count));
  for (std::int64_t number = 0; number < count; ++number)
    users.push_back(make_user(series, number));
  return users;
}

} // namespace tenon::benchmarks
