// Writes: many rows at once, versions, changed members, upserts, computed values, batches.
#include <iostream>

#include <tenon/tenon.hpp>

struct Task : tenon::Model<Task> {
  std::string project;
  std::string name;
  std::optional<std::string> owner;
  int effort = 0;
  int version = 1;
};
BOOST_DESCRIBE_STRUCT(Task, (tenon::Model<Task>), (project, name, owner, effort, version))
template <> struct tenon::Table<Task> {
  static constexpr auto spec =
      tenon::table("guide_tasks", tenon::unique<&Task::project, &Task::name>, tenon::version<&Task::version>);
};

struct Counter {
  std::string day, name;
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(Counter, (), (day, name, value))
template <> struct tenon::Table<Counter> {
  static constexpr auto spec = tenon::table("guide_counters", tenon::primary_key<&Counter::day, &Counter::name>);
};

struct Ticket {
  tenon::Uuid id; // nil: create() makes one, so the key is known before the database is asked
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Ticket, (), (id, text))

int main() {
  using tenon::col, tenon::set;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Task, Counter, Ticket>();
  auto session = store.session();
  tenon::Repository<Task> tasks{session};
  tenon::Repository<Counter> counters{session};

  // Any number of rows, in the backend's fastest form; keys come back in the order of the rows.
  std::vector<Task> many(20'000);
  for (std::size_t i = 0; i < many.size(); ++i)
    many[i] = {.project = "big", .name = "task " + std::to_string(i), .effort = static_cast<int>(i % 10)};
  many = tasks.create_many(std::move(many));
  const auto asked = tasks.find_many({many[19'999].id, many[0].id, std::int64_t{-1}});
  std::cout << asked.size() << " found, first " << asked.front().name << '\n';

  // Only what changed is written, and only if nobody was faster.
  const Task read = many[0];
  Task changed = read;
  changed.owner = "ada";
  changed = tasks.update_changed(read, changed);
  std::cout << "version " << changed.version << '\n';
  try {
    tasks.update(read); // still at version 1
  } catch (const tenon::StaleData& error) {
    std::cout << error.message() << '\n';
  }

  // All rows that match, in one statement, with values that the database computes.
  std::cout << tasks.update(col<&Task::effort> < 6,
                            {set<&Task::effort>(col<&Task::effort> * 2), set<&Task::owner>(std::nullopt)})
            << " updated, " << tasks.remove(col<&Task::effort> > 8) << " removed\n";

  // Insert, or update the row that has the same key.
  counters.upsert<&Counter::day, &Counter::name>({.day = "mon", .name = "runs", .value = 1});
  std::cout << counters.upsert<&Counter::day, &Counter::name>({.day = "mon", .name = "runs", .value = 2}).value
            << " runs, " << counters.get("mon", "runs").value << " stored\n";

  // Keys that the client makes, in the order of time.
  tenon::Repository<Ticket> tickets{session};
  const auto ticket = tickets.create({.id = tenon::new_ordered_uuid(), .text = "a"});
  std::cout << (ticket.id < tickets.create({.text = "b"}).id ? "in order" : "out of order") << '\n';

  // Several writes in one round trip where the database can; all or none of them.
  tenon::Batch batch = session.batch();
  for (int i = 0; i < 3; ++i)
    batch.create(Counter{.day = "tue", .name = "c" + std::to_string(i)});
  batch.update(col<&Counter::name> == "runs", {set<&Counter::value>(col<&Counter::value> + 1)});
  batch.update(tasks.get(changed.id));
  batch.remove<Counter>("tue", "c0");
  std::cout << batch.run().size() << " writes, " << counters.count() << " counters\n";
  session.commit();

  // Taken is taken, on every backend with the same words.
  try {
    store.transaction(
        [](tenon::Session& other) { tenon::Repository<Task>{other}.create({.project = "big", .name = "task 1"}); });
  } catch (const tenon::IntegrityError& error) {
    std::cout << error.constraint() << " over " << error.columns().size() << " columns\n";
  }
}
