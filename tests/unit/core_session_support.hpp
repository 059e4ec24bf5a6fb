#pragma once
// A store with one connection of the scripted backend, for tests of sessions. Threads: as Script and Store.

#include <memory>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"

namespace tenon::fake {

struct SessionTest {
  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::optional<Store> opened;

  Store& store() {
    if (!opened) {
      StoreSettings settings;
      settings.pool.size = 1;
      settings.pool.max_overflow = 0;
      settings.pool.timeout = Duration{50};
      opened.emplace(std::make_shared<Backend>(script), settings);
    }
    return *opened;
  }
  static void statement(tenon::Session& session) { static_cast<void>(tenon::Repository<Team>{session}.count()); }
  /// A statement that the script makes fail.
  void failing_statement(tenon::Session& session, ErrorInfo info) {
    script->fail("count", std::move(info));
    CHECK_THROWS_AS(statement(session), Error);
  }
};

} // namespace tenon::fake
