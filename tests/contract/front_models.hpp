#pragma once
// Models of the contract cases of the typed front: related tables, every type, tenants, versions.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <tenon/core/batch.hpp>
#include <tenon/core/relations.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/sql_query.hpp>
#include <tenon/core/store.hpp>

#include "support.hpp"

namespace tenon::contract::front {

struct Person;
struct Post;

struct Team : Model<Team> {
  std::string name;
  RelatedMany<Person> people;
};
BOOST_DESCRIBE_STRUCT(Team, (Model<Team>), (name))

struct Tag : Model<Tag> {
  std::string word;
};
BOOST_DESCRIBE_STRUCT(Tag, (Model<Tag>), (word))

struct Profile : Model<Profile> {
  std::int64_t person_id = 0;
  std::string bio;
};
BOOST_DESCRIBE_STRUCT(Profile, (Model<Profile>), (person_id, bio))

struct Person : Model<Person> {
  std::string name;
  std::optional<std::string> nick;
  std::optional<std::int64_t> team_id;
  int logins = 0;
  double score = 0;
  Related<Team> team;
  Related<Profile> profile;
  RelatedMany<Post> posts;
  RelatedMany<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(Person, (Model<Person>), (name, nick, team_id, logins, score))

struct PersonTag {
  std::int64_t person_id = 0, tag_id = 0;
};
BOOST_DESCRIBE_STRUCT(PersonTag, (), (person_id, tag_id))

struct Post : Model<Post> {
  std::int64_t person_id = 0;
  std::string title;
  int likes = 0;
  Related<Person> person;
};
BOOST_DESCRIBE_STRUCT(Post, (Model<Post>), (person_id, title, likes))

/// Of a tenant, and optimistically locked.
struct Note : Model<Note> {
  std::int64_t tenant_id = 0;
  std::string title;
  int version = 1;
};
BOOST_DESCRIBE_STRUCT(Note, (Model<Note>), (tenant_id, title, version))

/// Of a tenant, with a key over it.
struct Label {
  std::int64_t id = 0;
  std::int64_t tenant_id = 0;
  std::string name;
  std::string colour;
};
BOOST_DESCRIBE_STRUCT(Label, (), (id, tenant_id, name, colour))

/// Keyed by a UUID that the client makes.
struct Ticket {
  Id<Ticket, Uuid> id;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Ticket, (), (id, text))

enum class Level : std::int8_t { low = -1, high = 1 };
BOOST_DESCRIBE_ENUM(Level, low, high)
enum class Mood { calm, wild };
BOOST_DESCRIBE_ENUM(Mood, calm, wild)

/// Degrees, as an application's own type.
struct Celsius {
  double degrees = 0;
  friend bool operator==(const Celsius&, const Celsius&) = default;
};

/// A member of every type.
struct Everything : Model<Everything> {
  bool flag = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  std::string text;
  Bytes bytes;
  Timestamp at{};
  Date day{std::chrono::year(1970), std::chrono::month(1), std::chrono::day(1)};
  std::chrono::seconds lasts{};
  Uuid uuid{};
  Decimal decimal;
  Json json;
  Level level = Level::low;
  Mood mood = Mood::calm;
  Id<Team> team;
  Celsius warmth;
  std::optional<std::int64_t> maybe;
};
BOOST_DESCRIBE_STRUCT(Everything, (Model<Everything>),
                      (flag, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, text, bytes, at, day, lasts, uuid, decimal,
                       json, level, mood, team, warmth, maybe))

struct Lists : Model<Lists> {
  std::vector<std::string> words;
  std::vector<std::int64_t> numbers;
  std::vector<bool> flags;
  std::optional<std::vector<double>> reals;
  std::vector<std::optional<std::string>> holes;
};
BOOST_DESCRIBE_STRUCT(Lists, (Model<Lists>), (words, numbers, flags, reals, holes))

struct Settings : Model<Settings> {
  std::string owner;
  Json prefs;
};
BOOST_DESCRIBE_STRUCT(Settings, (Model<Settings>), (owner, prefs))

} // namespace tenon::contract::front

template <> inline constexpr auto tenon::enum_form<tenon::contract::front::Level> = tenon::EnumForm::number;

template <> struct tenon::TypeMap<tenon::contract::front::Celsius> {
  using Celsius = contract::front::Celsius;
  static constexpr CellType type = CellType::float64;
  static Cell write(const Celsius& value) { return TypeMap<double>::write(value.degrees); }
  static void read(const Cell& cell, Celsius& value) { value.degrees = cell.real; }
};

template <> struct tenon::Table<tenon::contract::front::Team> {
  using T = tenon::contract::front::Team;
  static constexpr auto spec = tenon::table("front_teams", tenon::unique<&T::name>,
                                            tenon::has_many<&T::people, &tenon::contract::front::Person::team_id>);
};
template <> struct tenon::Table<tenon::contract::front::Tag> {
  static constexpr auto spec = tenon::table("front_tags", tenon::unique<&tenon::contract::front::Tag::word>);
};
template <> struct tenon::Table<tenon::contract::front::Profile> {
  using T = tenon::contract::front::Profile;
  static constexpr auto spec =
      tenon::table("front_profiles", tenon::unique<&T::person_id>,
                   tenon::references<&T::person_id, &tenon::contract::front::Person::id>(tenon::OnDelete::cascade));
};
template <> struct tenon::Table<tenon::contract::front::Person> {
  using T = tenon::contract::front::Person;
  static constexpr auto spec = tenon::table("front_people", tenon::unique<&T::name>,
                                            tenon::belongs_to<&T::team, &T::team_id>(tenon::OnDelete::set_null),
                                            tenon::has_one<&T::profile, &tenon::contract::front::Profile::person_id>,
                                            tenon::has_many<&T::posts, &tenon::contract::front::Post::person_id>,
                                            tenon::many_to_many<&T::tags, &tenon::contract::front::PersonTag::person_id,
                                                                &tenon::contract::front::PersonTag::tag_id>);
};
template <> struct tenon::Table<tenon::contract::front::PersonTag> {
  using T = tenon::contract::front::PersonTag;
  static constexpr auto spec =
      tenon::table("front_person_tags", tenon::primary_key<&T::person_id, &T::tag_id>,
                   tenon::references<&T::person_id, &tenon::contract::front::Person::id>(tenon::OnDelete::cascade),
                   tenon::references<&T::tag_id, &tenon::contract::front::Tag::id>(tenon::OnDelete::cascade));
};
template <> struct tenon::Table<tenon::contract::front::Post> {
  using T = tenon::contract::front::Post;
  static constexpr auto spec = tenon::table("front_posts", tenon::index<&T::person_id>,
                                            tenon::belongs_to<&T::person, &T::person_id>(tenon::OnDelete::cascade));
};
template <> struct tenon::Table<tenon::contract::front::Note> {
  static constexpr auto spec = tenon::table("front_notes", tenon::version<&tenon::contract::front::Note::version>);
};
template <> struct tenon::Table<tenon::contract::front::Label> {
  using T = tenon::contract::front::Label;
  static constexpr auto spec =
      tenon::table("front_labels", tenon::unique<&T::tenant_id, &T::name>, tenon::unique<&T::colour>);
};
template <> struct tenon::Table<tenon::contract::front::Ticket> {
  static constexpr auto spec = tenon::table("front_tickets");
};
template <> struct tenon::Table<tenon::contract::front::Everything> {
  static constexpr auto spec = tenon::table("front_everything");
};
template <> struct tenon::Table<tenon::contract::front::Lists> {
  static constexpr auto spec = tenon::table("front_lists");
};
template <> struct tenon::Table<tenon::contract::front::Settings> {
  static constexpr auto spec = tenon::table("front_settings");
};

namespace tenon::contract::front {

/// A store with the tables of these models, and a session.
template <class... Models> struct Fixture {
  Database database;
  Store store = database.store();
  Session session = (store.create_tables<Models...>(), store.session());
};

/// Whether the backend evaluates expressions; one that does not says NotSupported.
template <class T> bool calculates(Repository<T>& repository) {
  try {
    static_cast<void>(repository.count(col<&T::id> + 1 > 0));
    return true;
  } catch (const NotSupported&) {
    if (repository.session().capabilities().has(Capability::transactions)) repository.session().rollback();
    return false;
  }
}

template <class T, class Member> std::vector<Member> pick(const std::vector<T>& rows, Member T::*member) {
  std::vector<Member> picked;
  for (const T& row : rows)
    picked.push_back(row.*member);
  return picked;
}

using Names = std::vector<std::string>;
template <class T> Names names(const std::vector<T>& rows, std::string T::*member) { return pick(rows, member); }

} // namespace tenon::contract::front
