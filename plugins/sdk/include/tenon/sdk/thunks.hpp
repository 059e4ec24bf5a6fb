#pragma once
// The functions of tenon_backend_v1 over a C++ backend: each catches everything, so nothing but plain data leaves the
// plugin. Used by TENON_EXPORT_BACKEND alone.
// Threads: as said at each function of tenon_abi.h.

#include <concepts>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tenon/sdk/arriving.hpp>
#include <tenon/sdk/bridge.hpp>

namespace tenon::sdk {

/// What TENON_EXPORT_BACKEND asks of a class: an IBackend that says what it is and opens itself from options.
template <class B>
concept Backend = std::derived_from<B, IBackend> && requires(Options options) {
  { B::plugin_info() } -> std::convertible_to<BackendInfo>;
  { B::plugin_capabilities() } -> std::same_as<Capabilities>;
  { B::open(options) } -> std::convertible_to<std::unique_ptr<IBackend>>;
};

namespace detail {

struct DatabaseHandle {
  std::unique_ptr<IBackend> backend;
  std::string endpoint;
};

struct SessionHandle {
  std::vector<std::unique_ptr<RepositoryHandle>> repositories; // outlives the session, which refers to the tables
  std::unique_ptr<ISession> session;
};

inline DatabaseHandle* handle(tenon_database* database) noexcept { return reinterpret_cast<DatabaseHandle*>(database); }
inline ISession& session(tenon_session* session) noexcept {
  return *reinterpret_cast<SessionHandle*>(session)->session;
}
inline IRepository& repository(tenon_repository* repository) noexcept {
  return *reinterpret_cast<RepositoryHandle*>(repository)->repository;
}
inline ICursor* cursor(tenon_cursor* cursor) noexcept { return reinterpret_cast<ICursor*>(cursor); }

/// Runs `body` and turns whatever it throws into a filled error. The text of a foreign exception may hold values, so it
/// goes where values may be: into detail.
template <class Body> std::int32_t guard(tenon_error* error, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return TENON_OK;
  } catch (const Error& e) {
    return bridge::fill_error(error, e.info());
  } catch (const std::bad_alloc&) {
    ErrorInfo info;
    info.code = ErrorCode::resource_exhausted;
    info.message = "out of memory in the backend";
    return bridge::fill_error(error, std::move(info));
  } catch (const std::exception& e) {
    ErrorInfo info;
    info.code = ErrorCode::internal;
    info.message = "the backend threw an exception that is not a tenon::Error";
    info.hint = "report this to the backend's author";
    try {
      info.detail = e.what();
    } catch (...) { // the text is a courtesy
    }
    return bridge::fill_error(error, std::move(info));
  } catch (...) {
    ErrorInfo info;
    info.code = ErrorCode::internal;
    info.message = "the backend threw something that is not an exception";
    info.hint = "report this to the backend's author";
    return bridge::fill_error(error, std::move(info));
  }
}

inline void set_session_functions(tenon_backend_v1& table, Capabilities claimed) {
  table.session_open = [](tenon_database* database, std::int64_t deadline, tenon_session** out, tenon_error* error) {
    return guard(error, [&] {
      auto made = std::make_unique<SessionHandle>();
      made->session = handle(database)->backend->connect(bridge::deadline(deadline));
      *out = reinterpret_cast<tenon_session*>(made.release());
    });
  };
  table.session_close = [](tenon_session* session) { delete reinterpret_cast<SessionHandle*>(session); };
  if (claimed.has(Capability::transactions)) {
    table.session_begin = [](tenon_session* s, const tenon_transaction* from, tenon_error* error) {
      return guard(error, [&] {
        const tenon_transaction wanted = bridge::read_struct(from);
        session(s).begin({static_cast<Isolation>(wanted.isolation), (wanted.flags & TENON_TRANSACTION_READ_ONLY) != 0,
                          (wanted.flags & TENON_TRANSACTION_WRITE_INTENT) != 0});
      });
    };
    table.session_commit = [](tenon_session* s, tenon_error* error) {
      return guard(error, [&] { session(s).commit(); });
    };
    table.session_rollback = [](tenon_session* s, tenon_error* error) {
      return guard(error, [&] { session(s).rollback(); });
    };
  }
  if (claimed.has(Capability::savepoints)) {
    table.session_savepoint = [](tenon_session* s, std::uint32_t action, std::uint32_t number, tenon_error* error) {
      return guard(error, [&] { session(s).savepoint(static_cast<SavepointAction>(action), number); });
    };
  }
  if (claimed.has(Capability::create_tables)) {
    table.session_create_tables = [](tenon_session* s, const tenon_table* const* tables, std::uint64_t count,
                                     tenon_error* error) {
      return guard(error, [&] {
        std::vector<TableDesc> copies;
        for (std::uint64_t i = 0; i < count; ++i)
          copies.push_back(bridge::table(tables[i]));
        std::vector<const TableDesc*> pointers;
        for (const TableDesc& copy : copies)
          pointers.push_back(&copy);
        session(s).create_tables(pointers);
      });
    };
  }
  if (claimed.has(Capability::sql)) {
    table.session_execute = [](tenon_session* s, tenon_string sql, const tenon_cell* parameters, std::uint64_t count,
                               tenon_cursor** out, tenon_error* error) {
      return guard(error, [&] {
        auto made = session(s).execute(bridge::view(sql), {bridge::cells(parameters), static_cast<std::size_t>(count)});
        *out = reinterpret_cast<tenon_cursor*>(made.release());
      });
    };
  }
  table.session_alive = [](tenon_session* s) -> std::int32_t { return session(s).alive() ? 1 : 0; };
  table.session_ping = [](tenon_session* s, tenon_error* error) { return guard(error, [&] { session(s).ping(); }); };
  if (claimed.has(Capability::batch)) {
    table.session_batch = [](tenon_session* s, const tenon_batch_item* items, std::uint64_t count, std::uint32_t stride,
                             std::uint64_t* affected, tenon_error* error) {
      return guard(error, [&] {
        const ArrivingBatch batch(items, count, stride);
        session(s).batch(batch.get(), {affected, static_cast<std::size_t>(count)});
      });
    };
  }
  if (claimed.has(Capability::deadlines)) {
    table.session_set_deadline = [](tenon_session* s, std::int64_t deadline, tenon_error* error) {
      return guard(error, [&] { session(s).set_deadline(bridge::deadline(deadline)); });
    };
  }
  if (claimed.has(Capability::cancel)) {
    table.session_cancel = [](tenon_session* s) { session(s).cancel(); };
  }
}

inline void set_repository_functions(tenon_backend_v1& table, Capabilities claimed) {
  table.repository_open = [](tenon_session* s, const tenon_table* described, tenon_repository** out,
                             tenon_error* error) {
    return guard(error, [&] {
      auto& owner = *reinterpret_cast<SessionHandle*>(s);
      auto made = std::make_unique<RepositoryHandle>();
      made->table = bridge::table(described);
      made->repository = &owner.session->repository(made->table);
      owner.repositories.push_back(std::move(made));
      *out = reinterpret_cast<tenon_repository*>(owner.repositories.back().get());
    });
  };
  table.repository_insert = [](tenon_repository* r, const tenon_write* write, tenon_rows* returned,
                               tenon_error* error) {
    return guard(error, [&] { *returned = bridge::rows(repository(r).insert(write_rows(write))); });
  };
  if (claimed.has(Capability::upsert)) {
    table.repository_upsert = [](tenon_repository* r, const tenon_write* write, std::uint32_t key,
                                 const std::uint32_t* update, std::uint64_t count, tenon_rows* returned,
                                 tenon_error* error) {
      return guard(error, [&] {
        *returned =
            bridge::rows(repository(r).upsert(write_rows(write), key, {update, static_cast<std::size_t>(count)}));
      });
    };
  }
  table.repository_find = [](tenon_repository* r, std::uint32_t key, const tenon_cell* values, std::uint64_t count,
                             tenon_rows* row, tenon_error* error) {
    return guard(error, [&] {
      *row = bridge::rows(repository(r).find(key, {bridge::cells(values), static_cast<std::size_t>(count)}));
    });
  };
  table.repository_select = [](tenon_repository* r, const tenon_query* from, tenon_cursor** out, tenon_error* error) {
    return guard(error, [&] {
      const ArrivingQuery query(from);
      *out = reinterpret_cast<tenon_cursor*>(repository(r).select(query.get()).release());
    });
  };
  table.repository_update = [](tenon_repository* r, const tenon_update* from, std::uint64_t* affected,
                               tenon_error* error) {
    return guard(error, [&] {
      const ArrivingUpdate update(from);
      *affected = repository(r).update(update.get());
    });
  };
  table.repository_remove = [](tenon_repository* r, const tenon_filter* where, std::uint64_t* affected,
                               tenon_error* error) {
    return guard(error, [&] { *affected = repository(r).remove(ArrivingFilter(*where).get()); });
  };
  table.repository_count = [](tenon_repository* r, const tenon_filter* where, std::uint64_t* count,
                              tenon_error* error) {
    return guard(error, [&] { *count = repository(r).count(ArrivingFilter(*where).get()); });
  };
  table.repository_exists = [](tenon_repository* r, const tenon_filter* where, std::uint32_t* found,
                               tenon_error* error) {
    return guard(error, [&] { *found = repository(r).exists(ArrivingFilter(*where).get()) ? 1 : 0; });
  };
  if (claimed.has(Capability::sql)) {
    table.repository_explain = [](tenon_repository* r, const tenon_query* from, tenon_rows* rows, tenon_error* error) {
      return guard(error, [&] {
        const ArrivingQuery query(from);
        *rows = bridge::rows(repository(r).explain(query.get()));
      });
    };
  }
  table.cursor_next = [](tenon_cursor* c, tenon_rows* rows, tenon_error* error) {
    return guard(error, [&] {
      RowBatch batch;
      *rows = cursor(c)->next(batch) ? bridge::rows(batch) : tenon_rows{};
    });
  };
  table.cursor_close = [](tenon_cursor* c) { delete cursor(c); };
}

} // namespace detail

/// The plugin's table. Lifetime: its strings are views into `info`.
template <Backend B> tenon_backend_v1 make_table(const BackendInfo& info) {
  using namespace detail;
  const Capabilities claimed = B::plugin_capabilities();
  tenon_backend_v1 table{};
  table.magic = TENON_ABI_MAGIC;
  table.struct_size = sizeof(tenon_backend_v1);
  table.abi_major = TENON_ABI_MAJOR;
  table.abi_minor = TENON_ABI_MINOR;
  table.min_host_minor = TENON_ABI_MINOR;
  table.capabilities = claimed.bits();
  table.id = bridge::string(info.id);
  table.version = bridge::string(info.version);
  table.vendor = bridge::string(info.vendor);
  table.license = bridge::string(info.license);
  table.url = bridge::string(info.url);
  table.build = bridge::string(info.build);
  table.database_open = [](const tenon_option* options, std::uint64_t count, tenon_database** out, tenon_error* error) {
    return guard(error, [&] {
      std::vector<Option> given;
      for (std::uint64_t i = 0; i < count; ++i) {
        given.push_back({bridge::view(options[i].key), bridge::view(options[i].value)});
      }
      auto made = std::make_unique<DatabaseHandle>();
      made->backend = B::open(given);
      made->endpoint = made->backend->endpoint();
      *out = reinterpret_cast<tenon_database*>(made.release());
    });
  };
  table.database_close = [](tenon_database* database) { delete handle(database); };
  table.database_capabilities = [](tenon_database* database) {
    return handle(database)->backend->capabilities().bits();
  };
  table.database_endpoint = [](tenon_database* database) { return bridge::string(handle(database)->endpoint); };
  if (claimed.has(Capability::resolve_commit)) {
    table.database_resolve = [](tenon_database* database, tenon_string transaction, std::int64_t deadline,
                                std::uint32_t* outcome, tenon_error* error) {
      return guard(error, [&] {
        *outcome = static_cast<std::uint32_t>(
            handle(database)->backend->resolve(bridge::view(transaction), bridge::deadline(deadline)));
      });
    };
  }
  set_session_functions(table, claimed);
  set_repository_functions(table, claimed);
  return table;
}

} // namespace tenon::sdk
