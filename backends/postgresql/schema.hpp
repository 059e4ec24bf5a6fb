#pragma once
// create_tables for PostgreSQL: described tables that are not there yet, in one transaction. Used by Session.

#include <span>

#include <tenon/interface/table.hpp>

namespace tenon::postgresql {

class Session;

/// Safe against others who create the same tables at the same time.
void create_tables(Session& session, std::span<const TableDesc* const> tables);

} // namespace tenon::postgresql
