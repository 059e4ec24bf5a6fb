// Relations: declared by member pointers, loaded in one statement each, never in secret.
#include <iostream>

#include <tenon/tenon.hpp>

struct Post;
struct Author : tenon::Model<Author> {
  std::string name;
  tenon::RelatedMany<Post> posts; // no column, so BOOST_DESCRIBE_STRUCT does not name it
};
BOOST_DESCRIBE_STRUCT(Author, (tenon::Model<Author>), (name))

struct Post : tenon::Model<Post> {
  std::string title;
  std::int64_t author_id = 0;
  tenon::Related<Author> author;
};
BOOST_DESCRIBE_STRUCT(Post, (tenon::Model<Post>), (title, author_id))

template <> struct tenon::Table<Author> {
  static constexpr auto spec =
      tenon::table("guide_authors", tenon::unique<&Author::name>, tenon::has_many<&Author::posts, &Post::author_id>);
};
template <> struct tenon::Table<Post> {
  static constexpr auto spec =
      tenon::table("guide_posts", tenon::belongs_to<&Post::author, &Post::author_id>(tenon::OnDelete::cascade),
                   tenon::index<&Post::author_id>);
};

int main() {
  using tenon::col;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Author, Post>();
  auto session = store.session();
  tenon::Repository<Author> authors{session};
  tenon::Repository<Post> posts{session};
  const auto made = authors.create_many({{.name = "ada"}, {.name = "bob"}, {.name = "cid"}});
  posts.create_many({{.title = "engines", .author_id = made[0].id},
                     {.title = "numbers", .author_id = made[0].id},
                     {.title = "trees", .author_id = made[1].id}});

  // Two statements, however many authors there are.
  for (const Author& author : authors.query().with<&Author::posts>().order_by(col<&Author::name>.asc()).all()) {
    std::cout << author.name << ':';
    for (const Post& post : author.posts)
      std::cout << ' ' << post.title;
    std::cout << '\n';
  }

  // Nested: a relation of another model follows the one that leads to it.
  for (const Post& post : posts.query().with<&Post::author, &Author::posts>().order_by(col<&Post::id>.asc()).all())
    std::cout << post.title << " by " << post.author->name << ", who wrote " << post.author->posts.size() << '\n';

  // Conditions on related rows, and on joined ones.
  std::cout << authors.count(tenon::exists<&Author::posts>(col<&Post::title>.contains("n"))) << " with an n\n"
            << posts.query().join<&Post::author>().where(col<&Author::name> == "ada").count() << " posts of ada\n";

  try { // what was not loaded is an error, not a query
    std::cout << posts.query().first()->author->name;
  } catch (const tenon::NotLoaded& error) {
    std::cout << error.message() << '\n';
  }

  authors.remove(made[0].id); // takes her posts along: the schema says cascade
  std::cout << posts.count() << " left\n";
}
