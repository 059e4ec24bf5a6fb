#include <tenon/adpa/user_profile.hpp>

namespace tenon::adpa {

std::optional<UserProfile> UserProfileRepository::of_user(std::int64_t user_id) const {
  return find_by<&UserProfile::user_id>(user_id);
}

UserProfile UserProfileRepository::save(const UserProfile& profile) { return upsert<&UserProfile::user_id>(profile); }

} // namespace tenon::adpa
