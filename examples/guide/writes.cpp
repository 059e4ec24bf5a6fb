// Writes: versions, changed members, upserts, computed values, batches, and a tenant that cannot be forgotten.
#include <iostream>

#include <tenon/tenon.hpp>

struct Task : tenon::Model<Task> {
  std::int64_t tenant_id = 0;
  std::string name;
  std::optional<std::string> owner;
  int effort = 0;
  int version = 1;
};
BOOST_DESCRIBE_STRUCT(Task, (tenon::Model<Task>), (tenant_id, name, owner, effort, version))
template <> struct tenon::Table<Task> {
  static constexpr auto spec =
      tenon::table("guide_tasks", tenon::unique<&Task::tenant_id, &Task::name>, tenon::version<&Task::version>);
};

struct Counter {
  std::string name;
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(Counter, (), (name, value))
template <> struct tenon::Table<Counter> {
  static constexpr auto spec = tenon::table("guide_counters", tenon::primary_key<&Counter::name>);
};

int main() {
  using tenon::col, tenon::set;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Task, Counter>();
  auto session = store.session();
  tenon::Repository<Task> tasks{session};
  tenon::Repository<Counter> counters{session};

  // Keys come back in the order of the rows.
  const auto made = tasks.create_many({{.tenant_id = 1, .name = "plan", .effort = 1},
                                       {.tenant_id = 1, .name = "build", .effort = 5},
                                       {.tenant_id = 2, .name = "plan", .effort = 8}});
  std::cout << tasks.find_many({made[2].id, made[0].id}).front().effort << " is the first asked\n";

  // Only what changed is written, and only if nobody was faster.
  Task changed = made[0];
  changed.owner = "ada";
  changed = tasks.update_changed(made[0], changed);
  std::cout << "version " << changed.version << '\n';
  try {
    tasks.update(made[0]); // still at version 1
  } catch (const tenon::StaleData& error) {
    std::cout << error.message() << '\n';
  }

  // Values computed by the database, of all rows that match.
  std::cout << tasks.update(col<&Task::effort> < 6, {set<&Task::effort>(col<&Task::effort> * 2)}) << " doubled\n";

  // Insert, or update the row that has the same key.
  counters.upsert<&Counter::name>({.name = "runs", .value = 1});
  std::cout << counters.upsert<&Counter::name>({.name = "runs", .value = 2}).value << " runs\n";

  // Several writes in one round trip where the database can; all or none of them.
  tenon::Batch batch = session.batch();
  for (int i = 0; i < 3; ++i)
    batch.create(Counter{.name = "c" + std::to_string(i)});
  batch.update(col<&Counter::name> == "runs", {set<&Counter::value>(col<&Counter::value> + 1)});
  batch.remove<Counter>("c0");
  std::cout << batch.run().size() << " writes, " << counters.count() << " counters\n";

  // From here on the session sees and writes rows of this tenant only.
  session.set_filter("tenant", col<&Task::tenant_id> == 1);
  std::cout << tasks.count() << " of mine, " << (tasks.find(made[2].id) ? "theirs" : "none of theirs") << ", "
            << tasks.query().without_filter("tenant").count() << " in all\n";
  try {
    tasks.create({.tenant_id = 2, .name = "foreign"});
  } catch (const tenon::ProgrammingError& error) {
    std::cout << error.message() << '\n';
  }
  session.commit();
}
