// Mistakes that the typed front refuses, one for each CASE; wrong_test.sh compiles each and looks for the message that
// stands behind it. CASE 0 is right.

#include <tenon/core/batch.hpp>
#include <tenon/core/relations.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/sql_query.hpp>

struct Post;
struct Team : tenon::Model<Team> {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Team, (tenon::Model<Team>), (name))

struct User : tenon::Model<User> {
  std::string name;
  std::optional<std::string> nick;
  int age = 0;
  tenon::Id<Team> team_id;
  int version = 1;
  tenon::Json prefs;
  int undescribed = 0;
  tenon::RelatedMany<Post> posts;
  tenon::Related<Team> team;
};
BOOST_DESCRIBE_STRUCT(User, (tenon::Model<User>), (name, nick, age, team_id, version, prefs))

struct Post : tenon::Model<Post> {
  std::int64_t user_id = 0;
  tenon::Related<User> user;
};
BOOST_DESCRIBE_STRUCT(Post, (tenon::Model<Post>), (user_id))

template <> struct tenon::Table<User> {
  static constexpr auto spec = tenon::table("users", tenon::version<&User::version>, tenon::unique<&User::name>,
                                            tenon::has_many<&User::posts, &Post::user_id>);
};
template <> struct tenon::Table<Post> {
  static constexpr auto spec = tenon::table("posts", tenon::belongs_to<&Post::user, &Post::user_id>);
};

struct Alone : tenon::Model<Alone> { // declares no relation
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Alone, (tenon::Model<Alone>), (name))
struct Bare {
  std::int64_t id = 0;
};
struct BareModel : tenon::Model<BareModel> {};
struct Pointer : tenon::Model<Pointer> {
  int* address = nullptr;
};
BOOST_DESCRIBE_STRUCT(Pointer, (tenon::Model<Pointer>), (address))
struct Smaller {
  int name = 0;
};
BOOST_DESCRIBE_STRUCT(Smaller, (), (name))

void use(tenon::Repository<User>& users, [[maybe_unused]] tenon::Repository<Post>& posts) {
  using tenon::col;
#if CASE == 0
  static_cast<void>(users.query().where(col<&User::name> == "x").order_by(col<&User::age>.desc()).page());
#elif CASE == 1  // a column is compared with a value of its own type
  static_cast<void>(users.count(col<&User::age> == "x"));
#elif CASE == 2  // like and its kin ask a text column
  static_cast<void>(users.count(col<&User::age>.contains("x")));
#elif CASE == 3  // this member is not described: name it in BOOST_DESCRIBE_STRUCT
  static_cast<void>(users.count(col<&User::undescribed> == 1));
#elif CASE == 4  // these are conditions on different models
  static_cast<void>(users.count(col<&User::age> == 1 && col<&Post::user_id> == 1));
#elif CASE == 5  // pages cannot be ordered by an optional member
  static_cast<void>(users.query().order_by(col<&User::nick>.asc()).page());
#elif CASE == 6  // only a std::optional member can be set to NULL
  users.update(1, {tenon::set<&User::name>(std::nullopt)});
#elif CASE == 7  // this member's type cannot be stored
  static_cast<void>(tenon::described<Pointer>());
#elif CASE == 8  // a relation of another model follows the relation that leads to that model
  static_cast<void>(users.query().with<&Post::user>().all());
#elif CASE == 9  // declare the relation in tenon::Table<Type>::spec
  static_cast<void>(users.query().with<&User::team>().all());
#elif CASE == 10 // sum asks integers, floating-point numbers, decimals or durations
  static_cast<void>(users.query().sum<&User::name>());
#elif CASE == 11 // a member of the struct has no counterpart of the same name and type in the model
  static_cast<void>(users.query().into<Smaller>().all());
#elif CASE == 12 // an upsert cannot check a version
  users.upsert<&User::name>({});
#elif CASE == 13 // a path leads into a tenon::Json column
  static_cast<void>(users.count(col<&User::name>.path("x").exists()));
#elif CASE == 14 // give one value per member of the primary key
  static_cast<void>(users.get(1, 2));
#elif CASE == 15 // arithmetic asks integers or floating-point numbers
  static_cast<void>(users.count(col<&User::name> + 1 == 2));
#elif CASE == 16 // a column is compared with a value of its own type
  static_cast<void>(users.count(col<&User::team_id> == tenon::Id<Post>{1}));
#elif CASE == 17 // for NULL ask is_null() or is_not_null()
  static_cast<void>(users.count(col<&User::nick> == std::nullopt));
#elif CASE == 18 // columns of the same type are compared
  static_cast<void>(users.count(col<&User::name> == col<&User::age>));
#elif CASE == 19 // relations are loaded into whole rows
  static_cast<void>(users.query().select<&User::name>().with<&User::posts>().all());
#elif CASE == 20 // a parameter is of a type that can be stored
  users.session().sql("select $1", static_cast<int*>(nullptr)).run();
#elif CASE == 21 // find_by and get_by name a member of their own model
  static_cast<void>(users.find_by<&Team::name>("x"));
#elif CASE == 22 // upsert names members of its own model
  posts.upsert<&User::name>({});
#elif CASE == 23 // this condition is on another model, and no relation of the queried one is declared to join it by
  static_cast<void>(tenon::Repository<Alone>{users.session()}.query().where(col<&User::age> == 1).all());
#elif CASE == 24 // this order is by another model, and no relation of the queried one is declared to join it by
  static_cast<void>(tenon::Repository<Alone>{users.session()}.query().order_by(col<&User::age>.asc()).all());
#elif CASE == 25 // order_by asks which way: col<&Type::member>.asc() or .desc()
  static_cast<void>(users.query().order_by(col<&User::name>).all());
#elif CASE == 26 // name a relation: a member of type tenon::Related or tenon::RelatedMany
  static_cast<void>(users.query().with<&User::team_id>().all());
#elif CASE == 27 // describe the struct: BOOST_DESCRIBE_STRUCT
  static_cast<void>(tenon::Repository<Bare>{users.session()}.find(1));
#elif CASE == 28 // describe the struct: BOOST_DESCRIBE_STRUCT
  static_cast<void>(tenon::Repository<BareModel>{users.session()}.create({}));
#elif CASE == 29 // describe the struct: BOOST_DESCRIBE_STRUCT
  static_cast<void>(col<&Bare::id> == 1);
#endif
}
