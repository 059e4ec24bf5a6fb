// The work on Tenon, through the loaded plugin of a profile: the same code on every backend.
#include <utility>

#include "driver.hpp"

namespace tenon::benchmarks {
namespace {

class TenonDriver final : public Driver {
public:
  explicit TenonDriver(Store store)
      : store_(std::move(store)), session_(store_.session()), users_(session_),
        alone_(store_.session({.autocommit = true})), alone_users_(alone_) {}

  void begin() override {} // a session begins with its first statement
  void commit() override { session_.commit(); }

  std::optional<User> find(std::int64_t id) override { return users_.find(id); }
  std::optional<User> find_alone(std::int64_t id) override { return alone_users_.find(id); }
  std::optional<User> find_by_username(const std::string& username) override {
    return users_.find_by<&User::username>(username);
  }
  std::vector<User> find_many(std::span<const std::int64_t> ids) override { return users_.find_many(ids); }
  std::vector<User> select(std::int64_t project_id) override {
    return users_.query().where(col<&User::project_id> == project_id).all();
  }
  Scan scan() override {
    Scan scan;
    users_.query().for_each([&](const User& user) {
      ++scan.rows;
      scan.sum += sum_of(user);
    });
    return scan;
  }
  void create_many(std::vector<User>& users) override {
    users =
        store_.transaction([&](Session& session) { return Repository<User>(session).create_many(std::move(users)); });
  }
  std::int64_t create(const User& user) override { return alone_users_.create(user).id; }
  void update(const User& user) override { alone_users_.update(user); }
  std::int64_t create_in_transaction(const User& user) override {
    return store_.transaction([&](Session& session) { return Repository<User>(session).create(user).id; });
  }
  void update_in_transaction(const User& user) override {
    store_.transaction([&](Session& session) { Repository<User>(session).update(user); });
  }
  void create_batch(std::span<const User> users) override {
    store_.transaction([&](Session& session) {
      Batch batch = session.batch();
      for (const User& user : users)
        batch.create(user);
      batch.run();
    });
  }
  void update_batch(std::span<const User> users) override {
    store_.transaction([&](Session& session) {
      Batch batch = session.batch();
      for (const User& user : users)
        batch.update(user);
      batch.run();
    });
  }

  std::uint64_t count() override {
    return store_.transaction([](Session& session) { return Repository<User>(session).count(); });
  }
  void remove_above(std::int64_t id) override {
    store_.transaction([&](Session& session) { Repository<User>(session).remove(col<&User::id> > id); });
  }

private:
  Store store_;
  Session session_; // for reads
  Repository<User> users_;
  Session alone_; // for what is one statement
  Repository<User> alone_users_;
};

} // namespace

std::unique_ptr<Driver> open_tenon(const Place& place, const std::string& profile) {
  Store store = tenon::open(place.storage_file, profile);
  store.create_tables<User>();
  return std::make_unique<TenonDriver>(std::move(store));
}

} // namespace tenon::benchmarks
