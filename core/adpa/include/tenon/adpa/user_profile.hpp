#pragma once
// UserProfile: how a user wants to see things, at most one per user, and its repository. Used by applications.
// Threads: the model is a value; a repository is used as its session, by one thread at a time.

#include <cstdint>
#include <optional>
#include <string>

#include <tenon/adpa/user.hpp>

namespace tenon::adpa {

struct UserProfile : Model<UserProfile> {
  std::int64_t user_id = 0; ///< User::id
  std::optional<std::string> display_name;
  std::string locale = "en";    ///< a BCP 47 tag
  std::string timezone = "UTC"; ///< a name of the IANA time zone database
  Json preferences = Json::trusted("{}");
  Related<User> user; ///< of user_id; loaded by with<&UserProfile::user>()

  friend bool operator==(const UserProfile&, const UserProfile&) = default;
};
BOOST_DESCRIBE_STRUCT(UserProfile, (tenon::Model<UserProfile>), (user_id, display_name, locale, timezone, preferences))

} // namespace tenon::adpa

/// A profile goes when its user is removed.
template <> struct tenon::Table<tenon::adpa::UserProfile> {
  using UserProfile = tenon::adpa::UserProfile;
  static constexpr auto spec =
      tenon::table("user_profiles", tenon::unique<&UserProfile::user_id>,
                   tenon::belongs_to<&UserProfile::user, &UserProfile::user_id>(tenon::OnDelete::cascade),
                   tenon::max_length<&UserProfile::display_name>(200), tenon::max_length<&UserProfile::locale>(35),
                   tenon::max_length<&UserProfile::timezone>(64));
};

namespace tenon::adpa {

class UserProfileRepository : public Repository<UserProfile> {
public:
  using Repository::Repository;

  [[nodiscard]] std::optional<UserProfile> of_user(std::int64_t user_id) const;
  /// Creates the user's profile or replaces the one that is there, in one statement; of two at once the later one
  /// stays. Returns it as stored. Errors: IntegrityError if there is no such user. Capability: upsert.
  UserProfile save(const UserProfile& profile);
};

} // namespace tenon::adpa
