#include <tenon/adpa/user.hpp>

namespace tenon::adpa {

std::optional<User> UserRepository::by_username(std::string_view username) const {
  return find_by<&User::username>(username);
}

std::optional<User> UserRepository::by_email(std::string_view email) const { return find_by<&User::email>(email); }

std::vector<User> UserRepository::of_project(std::int64_t project_id) const {
  return query().where(col<&User::project_id> == project_id).order_by(col<&User::username>.asc()).all();
}

void UserRepository::record_login(std::int64_t id, Timestamp at) {
  const auto one_more = set<&User::login_count>(col<&User::login_count> + 1);
  const auto earlier = col<&User::last_login_at>.is_null() || col<&User::last_login_at> < at;
  if (update(col<&User::id> == id && earlier, {one_more, set<&User::last_login_at>(at)}) == 0) update(id, {one_more});
}

} // namespace tenon::adpa
