#include <tenon/sdk/plugin.hpp>

#include "backend.hpp"

TENON_EXPORT_BACKEND(tenon::sqlite::Backend)
