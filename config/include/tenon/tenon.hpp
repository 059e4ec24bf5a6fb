#pragma once
// The one header that applications include: models, repositories, sessions, and stores opened from configuration.

#include <tenon/core/batch.hpp>
#include <tenon/core/log.hpp>
#include <tenon/core/model.hpp>
#include <tenon/core/predicate.hpp>
#include <tenon/core/relations.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/select.hpp>
#include <tenon/core/session.hpp>
#include <tenon/core/sql_query.hpp>
#include <tenon/core/store.hpp>
#include <tenon/core/table.hpp>
#include <tenon/core/types.hpp>
#include <tenon/interface/error.hpp>
#include <tenon/open.hpp>
