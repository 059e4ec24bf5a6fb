// The two exports of libtenon_postgresql.so.
#include <tenon/sdk/plugin.hpp>

#include "backend.hpp"

TENON_EXPORT_BACKEND(tenon::postgresql::Backend)
