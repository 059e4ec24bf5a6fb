#pragma once
// Models of the unit tests of core.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <tenon/core/model.hpp>
#include <tenon/core/relations.hpp>
#include <tenon/core/table.hpp>

namespace tenon::fake {

struct Player;

struct Team : Model<Team> {
  std::string name;
  RelatedMany<Player> players;
};
BOOST_DESCRIBE_STRUCT(Team, (Model<Team>), (name))

struct Medal : Model<Medal> {
  std::string title;
};
BOOST_DESCRIBE_STRUCT(Medal, (Model<Medal>), (title))

struct Player : Model<Player> {
  std::string nick;
  std::optional<std::string> motto;
  std::int64_t team_id = 0;
  int score = 0;
  Related<Team> team;
  RelatedMany<Medal> medals;
};
BOOST_DESCRIBE_STRUCT(Player, (Model<Player>), (nick, motto, team_id, score))

/// Links players and medals.
struct Award {
  std::int64_t player_id = 0, medal_id = 0;
};
BOOST_DESCRIBE_STRUCT(Award, (), (player_id, medal_id))

/// A struct with a key of its own, and no Model.
struct Setting {
  std::string scope, name;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Setting, (), (scope, name, value))

/// Optimistically locked, of a tenant, with a filter of its own.
struct Document : Model<Document> {
  std::int64_t tenant_id = 0;
  std::string title;
  Json body;
  std::vector<std::string> tags;
  std::optional<std::chrono::seconds> length;
  bool published = true;
  int version = 1;
};
BOOST_DESCRIBE_STRUCT(Document, (Model<Document>), (tenant_id, title, body, tags, length, published, version))

/// Has a UUID as its key, made by the client.
struct Event {
  Uuid id{};
  std::string what;
};
BOOST_DESCRIBE_STRUCT(Event, (), (id, what))

} // namespace tenon::fake

template <> struct tenon::Table<tenon::fake::Team> {
  static constexpr auto spec =
      tenon::table("teams", tenon::unique<&tenon::fake::Team::name>,
                   tenon::has_many<&tenon::fake::Team::players, &tenon::fake::Player::team_id>);
};
template <> struct tenon::Table<tenon::fake::Player> {
  static constexpr auto spec = tenon::table(
      "players", tenon::unique<&tenon::fake::Player::nick>,
      tenon::belongs_to<&tenon::fake::Player::team, &tenon::fake::Player::team_id>(tenon::OnDelete::cascade),
      tenon::many_to_many<&tenon::fake::Player::medals, &tenon::fake::Award::player_id, &tenon::fake::Award::medal_id>,
      tenon::index<&tenon::fake::Player::score>, tenon::column<&tenon::fake::Player::nick>("nickname"),
      tenon::max_length<&tenon::fake::Player::nick>(20));
};
template <> struct tenon::Table<tenon::fake::Award> {
  static constexpr auto spec =
      tenon::table("awards", tenon::primary_key<&tenon::fake::Award::player_id, &tenon::fake::Award::medal_id>);
};
template <> struct tenon::Table<tenon::fake::Setting> {
  static constexpr auto spec = tenon::table(
      "settings", tenon::schema("app"), tenon::primary_key<&tenon::fake::Setting::scope, &tenon::fake::Setting::name>);
};
template <> struct tenon::Table<tenon::fake::Document> {
  using T = tenon::fake::Document;
  static constexpr auto spec =
      tenon::table("documents", tenon::version<&T::version>, tenon::unique<&T::tenant_id, &T::title>,
                   tenon::global_filter("published", [] { return tenon::col<&T::published> == true; }));
};
