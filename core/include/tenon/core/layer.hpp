#pragma once
// Layers: decorators over ISession and its IRepository for behaviour that cuts across backends. A layer derives from
// SessionLayer<Itself> and defines one method:
//
//   template <class Next> decltype(auto) around(const Call& call, Next&& next);
//
// which runs next() and may do something before, after or on error. Which layers there are, and in which order, stands
// in assemble_layers(). Threads: as the session they wrap.

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/capabilities.hpp>
#include <tenon/interface/error.hpp>
#include <tenon/interface/session.hpp>

namespace tenon {

/// What is being called, for a layer to look at. Lifetime: the call.
struct Call {
  std::string_view operation; ///< "insert", "select", "commit", …
  const TableDesc* table = nullptr;
};

template <class Self> class CursorLayer final : public ICursor {
public:
  CursorLayer(Self& session, Call call, std::unique_ptr<ICursor> inner)
      : session_(session), call_(call), inner_(std::move(inner)) {}
  bool next(RowBatch& batch) override {
    return session_.around(call_, [&] { return inner_->next(batch); });
  }

private:
  Self& session_;
  Call call_;
  std::unique_ptr<ICursor> inner_;
};

template <class Self> class RepositoryLayer final : public IRepository {
public:
  RepositoryLayer(Self& session, IRepository& inner) : session_(session), inner_(inner), table_(inner.table()) {}

  const TableDesc& table() const noexcept override { return table_; }
  RowBatch insert(const WriteRows& rows) override {
    return session_.around(Call{"insert", &table_}, [&] { return inner_.insert(rows); });
  }
  RowBatch upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) override {
    return session_.around(Call{"upsert", &table_}, [&] { return inner_.upsert(rows, key, update); });
  }
  RowBatch find(std::uint32_t key, std::span<const Cell> values) override {
    return session_.around(Call{"find", &table_}, [&] { return inner_.find(key, values); });
  }
  std::unique_ptr<ICursor> select(const Query& query) override {
    auto cursor = session_.around(Call{"select", &table_}, [&] { return inner_.select(query); });
    return std::make_unique<CursorLayer<Self>>(session_, Call{"fetch", &table_}, std::move(cursor));
  }
  std::uint64_t update(const Update& update) override {
    return session_.around(Call{"update", &table_}, [&] { return inner_.update(update); });
  }
  std::uint64_t remove(const Filter& filter) override {
    return session_.around(Call{"remove", &table_}, [&] { return inner_.remove(filter); });
  }
  std::uint64_t count(const Filter& filter) override {
    return session_.around(Call{"count", &table_}, [&] { return inner_.count(filter); });
  }
  bool exists(const Filter& filter) override {
    return session_.around(Call{"exists", &table_}, [&] { return inner_.exists(filter); });
  }
  RowBatch explain(const Query& query) override {
    return session_.around(Call{"explain", &table_}, [&] { return inner_.explain(query); });
  }

private:
  Self& session_;
  IRepository& inner_;
  const TableDesc& table_;
};

template <class Self> class SessionLayer : public ISession {
public:
  explicit SessionLayer(std::unique_ptr<ISession> inner) : inner_(std::move(inner)) {}

  IRepository& repository(const TableDesc& table) override {
    for (const auto& [described, repository] : repositories_) {
      if (described == &table) return *repository;
    }
    IRepository& inner =
        self().around(Call{"open", &table}, [&]() -> IRepository& { return inner_->repository(table); });
    repositories_.emplace_back(&table, std::make_unique<RepositoryLayer<Self>>(self(), inner));
    return *repositories_.back().second;
  }
  void begin(const TransactionOptions& options) override {
    self().around(Call{"begin"}, [&] { inner_->begin(options); });
  }
  void commit() override {
    self().around(Call{"commit"}, [&] { inner_->commit(); });
  }
  void rollback() override {
    self().around(Call{"rollback"}, [&] { inner_->rollback(); });
  }
  void savepoint(SavepointAction action, std::uint32_t number) override {
    const char* const operation = action == SavepointAction::create    ? "savepoint"
                                  : action == SavepointAction::release ? "release"
                                                                       : "rollback to";
    self().around(Call{operation}, [&] { inner_->savepoint(action, number); });
  }
  void create_tables(std::span<const TableDesc* const> tables) override {
    self().around(Call{"create_tables"}, [&] { inner_->create_tables(tables); });
  }
  std::unique_ptr<ICursor> execute(std::string_view sql, std::span<const Cell> parameters) override {
    auto cursor = self().around(Call{"execute"}, [&] { return inner_->execute(sql, parameters); });
    return std::make_unique<CursorLayer<Self>>(self(), Call{"fetch"}, std::move(cursor));
  }
  void batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) override {
    self().around(Call{"batch", items.empty() ? nullptr : items.front().table},
                  [&] { inner_->batch(items, affected); });
  }
  bool alive() noexcept override { return inner_->alive(); }
  void ping() override {
    self().around(Call{"ping"}, [&] { inner_->ping(); });
  }
  /// Forwarded; a layer that has its own idea of deadlines overrides it.
  void set_deadline(Deadline deadline) override { inner_->set_deadline(deadline); }
  void cancel() noexcept override { inner_->cancel(); }

protected:
  [[nodiscard]] ISession& inner() noexcept { return *inner_; }

private:
  Self& self() noexcept { return static_cast<Self&>(*this); }

  std::unique_ptr<ISession> inner_;
  std::vector<std::pair<const TableDesc*, std::unique_ptr<RepositoryLayer<Self>>>> repositories_;
};

struct StoreSettings;

/// Puts the default layers around a new connection; the order is decided here and nowhere else.
[[nodiscard]] std::unique_ptr<ISession> assemble_layers(std::unique_ptr<ISession> session,
                                                        const StoreSettings& settings, Capabilities capabilities);

/// The same error, its detail and that of its cause left out.
[[nodiscard]] ErrorInfo without_detail(const Error& error);

} // namespace tenon
