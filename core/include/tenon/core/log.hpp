#pragma once
// Where Tenon's own messages go: nowhere, until the application says. Messages never hold values or secrets.

#include <functional>
#include <string_view>

#include <tenon/interface/error.hpp>

namespace tenon {

enum class LogLevel { debug = 1, info = 2, warning = 3, error = 4 };
using LogSink = std::function<void(LogLevel, std::string_view)>;

/// Replaces the sink; an empty one is silence. The sink is called from any thread, one call at a time, and must not
/// throw. Threads: any.
TENON_VISIBLE void set_log_sink(LogSink sink);
TENON_VISIBLE void log(LogLevel level, std::string_view message) noexcept;
/// Whether a message would go anywhere: asked before one is put together.
[[nodiscard]] TENON_VISIBLE bool log_enabled() noexcept;

} // namespace tenon
