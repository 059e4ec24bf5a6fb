// Filters: conditions with a name that nobody has to remember, and that only their name switches off.
#include <iostream>

#include <tenon/tenon.hpp>

struct Article;
struct Writer : tenon::Model<Writer> {
  std::int64_t tenant_id = 0;
  std::string name;
  tenon::RelatedMany<Article> articles;
};
BOOST_DESCRIBE_STRUCT(Writer, (tenon::Model<Writer>), (tenant_id, name))

struct Article : tenon::Model<Article> {
  std::int64_t writer_id = 0;
  std::string title;
  bool published = false;
  tenon::Related<Writer> writer;
};
BOOST_DESCRIBE_STRUCT(Article, (tenon::Model<Article>), (writer_id, title, published))

template <> struct tenon::Table<Writer> {
  static constexpr auto spec = tenon::table("guide_writers", tenon::unique<&Writer::tenant_id, &Writer::name>,
                                            tenon::has_many<&Writer::articles, &Article::writer_id>);
};
template <> struct tenon::Table<Article> {
  static constexpr auto spec =
      tenon::table("guide_articles", tenon::belongs_to<&Article::writer, &Article::writer_id>,
                   tenon::global_filter("published", [] { return tenon::col<&Article::published> == true; }));
};

int main() {
  using tenon::col, tenon::set;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Writer, Article>();
  auto session = store.session();
  tenon::Repository<Writer> writers{session};
  tenon::Repository<Article> articles{session};
  const auto made = writers.create_many(
      {{.tenant_id = 1, .name = "ada"}, {.tenant_id = 1, .name = "bob"}, {.tenant_id = 2, .name = "ada"}});
  const auto written = articles.create_many({{.writer_id = made[0].id, .title = "engines", .published = true},
                                             {.writer_id = made[0].id, .title = "draft"},
                                             {.writer_id = made[1].id, .title = "trees", .published = true}});

  // A model's own filter holds for queries, counts, updates, relations and joins alike.
  std::cout << articles.count() << " published, " << articles.query().without_filter("published").count()
            << " written, "
            << writers.query().with<&Writer::articles>().order_by(col<&Writer::id>.asc()).first()->articles.size()
            << " of ada, " << articles.update(col<&Article::id> > 0, {set<&Article::title>("new")}) << " renamed\n";

  // `active` is a filter too: it hides what was soft-deleted.
  articles.soft_delete(written[0].id);
  std::cout << articles.count() << " left, " << articles.with_deleted().count() << " with deleted, "
            << writers.count(tenon::exists<&Writer::articles>()) << " writer with articles\n";
  articles.restore(written[0].id);

  // A session's filter, such as a tenant: rows outside of it are neither seen nor written.
  session.set_filter("tenant", col<&Writer::tenant_id> == 1);
  std::cout << writers.count() << " of mine, " << (writers.find(made[2].id) ? "theirs" : "none of theirs") << ", "
            << articles.query().join<&Article::writer>().count() << " articles by mine, "
            << writers.remove(col<&Writer::name> == "nobody") << " removed, "
            << writers.query().without_filter("tenant").count() << " in all\n";
  try {
    writers.create({.tenant_id = 2, .name = "foreign"});
  } catch (const tenon::ProgrammingError& error) {
    std::cout << error.message() << '\n';
  }
}
