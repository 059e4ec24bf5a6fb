#pragma once
// User: somebody who works in a project, and the repository of users. Used by applications.
// Threads: the model is a value; a repository is used as its session, by one thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/enum.hpp>

#include <tenon/adpa/project.hpp>
#include <tenon/core/relations.hpp>

namespace tenon::adpa {

/// What a user may do, from least to most. Stored by name.
enum class UserRole { viewer, analyst, admin };
BOOST_DESCRIBE_ENUM(UserRole, viewer, analyst, admin)

struct User : Model<User> {
  std::string username; ///< unique, soft-deleted users included; so is the email. Case matters in both.
  std::string email;
  std::optional<std::string> full_name;
  UserRole role = UserRole::viewer;
  std::int64_t project_id = 0; ///< Project::id
  std::optional<Timestamp> last_login_at;
  std::int64_t login_count = 0;
  Related<Project> project; ///< of project_id; loaded by with<&User::project>()

  friend bool operator==(const User&, const User&) = default;
};
BOOST_DESCRIBE_STRUCT(User, (tenon::Model<User>),
                      (username, email, full_name, role, project_id, last_login_at, login_count))

} // namespace tenon::adpa

/// A project that still has users cannot be removed.
template <> struct tenon::Table<tenon::adpa::User> {
  using User = tenon::adpa::User;
  static constexpr auto spec =
      tenon::table("users", tenon::unique<&User::username>, tenon::unique<&User::email>,
                   tenon::belongs_to<&User::project, &User::project_id>, tenon::index<&User::project_id>,
                   tenon::max_length<&User::username>(64), tenon::max_length<&User::email>(254),
                   tenon::max_length<&User::full_name>(200), tenon::max_length<&User::role>(16));
};

namespace tenon::adpa {

class UserRepository : public Repository<User> {
public:
  using Repository::Repository;

  [[nodiscard]] std::optional<User> by_username(std::string_view username) const;
  [[nodiscard]] std::optional<User> by_email(std::string_view email) const;
  /// The users of the project with this id, by username; none for a project that is not there.
  [[nodiscard]] std::vector<User> of_project(std::int64_t project_id) const;

  /// Counts one login and moves last_login_at to `at`, never backwards. Logins of several sessions at once are all
  /// counted: each waits at the user's row for the one before it to end its transaction.
  /// Errors: NotFound if there is no such user, or it is hidden; SerializationFailure, retryable, where the isolation
  /// forbids to see what another session wrote.
  void record_login(std::int64_t id, Timestamp at = now());
};

} // namespace tenon::adpa
