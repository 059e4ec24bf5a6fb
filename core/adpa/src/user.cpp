#include <tenon/adpa/user.hpp>

#include <algorithm>

namespace tenon::adpa {

std::optional<User> UserRepository::by_username(std::string_view username) const {
  return find_by<&User::username>(username);
}

std::optional<User> UserRepository::by_email(std::string_view email) const { return find_by<&User::email>(email); }

std::vector<User> UserRepository::of_project(std::int64_t project_id) const {
  return query().where(col<&User::project_id> == project_id).order_by(col<&User::username>.asc()).all();
}

void UserRepository::record_login(std::int64_t id, Timestamp at) {
  if (!session().capabilities().has(Capability::transactions)) {
    throw_error(ErrorCode::not_supported, "logins cannot be counted without transactions");
  }
  update(id, {}); // from here on the row is ours, so what is read next cannot change before it is written
  const User user = get(id);
  update(id, {set<&User::login_count>(user.login_count + 1),
              set<&User::last_login_at>(std::max(user.last_login_at.value_or(at), at))});
}

} // namespace tenon::adpa
