// Relations: declared by member pointers, loaded in one statement each, never in secret.
#include <iostream>

#include <tenon/tenon.hpp>

struct Post;
struct Portrait;
struct Author : tenon::Model<Author> {
  std::string name;
  tenon::RelatedMany<Post> posts; // no column, so BOOST_DESCRIBE_STRUCT does not name it
  tenon::Related<Portrait> portrait;
};
BOOST_DESCRIBE_STRUCT(Author, (tenon::Model<Author>), (name))

struct Portrait : tenon::Model<Portrait> {
  std::int64_t author_id = 0;
  std::string file;
};
BOOST_DESCRIBE_STRUCT(Portrait, (tenon::Model<Portrait>), (author_id, file))

struct Tag {
  std::int64_t id = 0;
  std::string word;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (id, word))

struct Post : tenon::Model<Post> {
  std::string title;
  std::int64_t author_id = 0;
  tenon::Related<Author> author;
  tenon::RelatedMany<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(Post, (tenon::Model<Post>), (title, author_id))

struct PostTag { // links the two
  std::int64_t post_id = 0, tag_id = 0;
};
BOOST_DESCRIBE_STRUCT(PostTag, (), (post_id, tag_id))

template <> struct tenon::Table<Author> {
  static constexpr auto spec =
      tenon::table("guide_authors", tenon::unique<&Author::name>, tenon::has_many<&Author::posts, &Post::author_id>,
                   tenon::has_one<&Author::portrait, &Portrait::author_id>);
};
template <> struct tenon::Table<Portrait> {
  static constexpr auto spec =
      tenon::table("guide_portraits", tenon::unique<&Portrait::author_id>,
                   tenon::references<&Portrait::author_id, &Author::id>(tenon::OnDelete::cascade));
};
template <> struct tenon::Table<Tag> {
  static constexpr auto spec = tenon::table("guide_tags", tenon::unique<&Tag::word>);
};
template <> struct tenon::Table<Post> {
  static constexpr auto spec = tenon::table(
      "guide_posts", tenon::belongs_to<&Post::author, &Post::author_id>(tenon::OnDelete::cascade),
      tenon::many_to_many<&Post::tags, &PostTag::post_id, &PostTag::tag_id>, tenon::index<&Post::author_id>);
};
template <> struct tenon::Table<PostTag> {
  static constexpr auto spec = tenon::table("guide_post_tags", tenon::primary_key<&PostTag::post_id, &PostTag::tag_id>,
                                            tenon::references<&PostTag::post_id, &Post::id>(tenon::OnDelete::cascade),
                                            tenon::references<&PostTag::tag_id, &Tag::id>(tenon::OnDelete::cascade));
};

int main() {
  using tenon::col;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Author, Portrait, Tag, Post, PostTag>();
  auto session = store.session();
  tenon::Repository<Author> authors{session};
  tenon::Repository<Post> posts{session};
  const auto made = authors.create_many({{.name = "ada"}, {.name = "bob"}, {.name = "cid"}});
  const auto written = posts.create_many({{.title = "engines", .author_id = made[0].id},
                                          {.title = "numbers", .author_id = made[0].id},
                                          {.title = "trees", .author_id = made[1].id}});
  tenon::Repository<Portrait>{session}.create({.author_id = made[0].id, .file = "ada.png"});
  const auto tags = tenon::Repository<Tag>{session}.create_many({{.word = "new"}, {.word = "long"}});
  tenon::Repository<PostTag>{session}.create_many({{.post_id = written[0].id, .tag_id = tags[0].id},
                                                   {.post_id = written[0].id, .tag_id = tags[1].id},
                                                   {.post_id = written[2].id, .tag_id = tags[1].id}});

  // Three statements, however many authors there are; counting them is how a test forbids one for each row.
  const auto before = session.statements();
  for (const Author& author :
       authors.query().with<&Author::posts, &Author::portrait>().order_by(col<&Author::name>.asc()).all()) {
    std::cout << author.name << (author.portrait ? ", see " + author.portrait->file : "") << ':';
    for (const Post& post : author.posts)
      std::cout << ' ' << post.title;
    std::cout << '\n';
  }
  std::cout << session.statements() - before << " statements\n";

  // Nested: a relation of another model follows the one that leads to it.
  for (const Post& post :
       posts.query().with<&Post::author, &Author::posts, &Post::tags>().order_by(col<&Post::id>.asc()).all()) {
    std::cout << post.title << " by " << post.author->name << ", who wrote " << post.author->posts.size() << ';';
    for (const Tag& tag : post.tags)
      std::cout << ' ' << tag.word;
    std::cout << '\n';
  }

  // Of rows that are here already.
  Author bob = authors.get_by<&Author::name>("bob");
  authors.load<&Author::posts>(bob);
  std::cout << bob.posts[0].title << " is bob's\n";

  // Conditions on related rows, and on joined ones.
  std::cout << authors.count(tenon::exists<&Author::posts>(col<&Post::title>.contains("n"))) << " with an n, "
            << authors.count(!tenon::exists<&Author::posts>()) << " without posts, "
            << posts.count(tenon::exists<&Post::tags>(col<&Tag::word> == "long")) << " long\n"
            << posts.query().join<&Post::author>().where(col<&Author::name> == "ada").count() << " posts of ada\n";
  for (const auto& [author, title] : posts.query()
                                         .join<&Post::author>()
                                         .order_by(col<&Author::name>.desc(), col<&Post::title>.asc())
                                         .select<&Author::name, &Post::title>()
                                         .all()) {
    std::cout << author << ": " << title << '\n';
  }

  try { // what was not loaded is an error, not a query
    std::cout << posts.query().first()->author->name;
  } catch (const tenon::NotLoaded& error) {
    std::cout << error.message() << '\n';
  }

  authors.remove(made[0].id); // takes her posts along: the schema says cascade
  std::cout << posts.count() << " left\n";
}
