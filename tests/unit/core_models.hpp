#pragma once
// Models of the unit tests of core.

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>

#include <tenon/core/model.hpp>
#include <tenon/core/table.hpp>

namespace tenon::fake {

struct Team : Model<Team> {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Team, (Model<Team>), (name))

struct Player : Model<Player> {
  std::string nick;
  std::optional<std::string> motto;
  std::int64_t team_id = 0;
  int score = 0;
};
BOOST_DESCRIBE_STRUCT(Player, (Model<Player>), (nick, motto, team_id, score))

/// A struct with a key of its own, and no Model.
struct Setting {
  std::string scope, name;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Setting, (), (scope, name, value))

} // namespace tenon::fake

template <> struct tenon::Table<tenon::fake::Team> {
  static constexpr auto spec = tenon::table("teams", tenon::unique<&tenon::fake::Team::name>);
};
template <> struct tenon::Table<tenon::fake::Player> {
  static constexpr auto spec =
      tenon::table("players", tenon::unique<&tenon::fake::Player::nick>,
                   tenon::references<&tenon::fake::Player::team_id, &tenon::fake::Team::id>(tenon::OnDelete::cascade),
                   tenon::index<&tenon::fake::Player::score>, tenon::column<&tenon::fake::Player::nick>("nickname"),
                   tenon::max_length<&tenon::fake::Player::nick>(20));
};
template <> struct tenon::Table<tenon::fake::Setting> {
  static constexpr auto spec = tenon::table(
      "settings", tenon::schema("app"), tenon::primary_key<&tenon::fake::Setting::scope, &tenon::fake::Setting::name>);
};
