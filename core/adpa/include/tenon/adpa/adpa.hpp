#pragma once
// The whole application layer: all models and repositories, and their tables. Used by applications that want them all.
// Threads: as Store.

#include <tenon/adpa/app_state.hpp>
#include <tenon/adpa/model_config.hpp>
#include <tenon/adpa/project.hpp>
#include <tenon/adpa/system_health.hpp>
#include <tenon/adpa/user.hpp>
#include <tenon/adpa/user_profile.hpp>
#include <tenon/core/store.hpp>

namespace tenon::adpa {

/// Creates the tables of all models that are not there; existing ones are left as they are.
/// Errors: as Store::create_tables. Capability: create_tables.
void create_tables(Store& store);

} // namespace tenon::adpa
