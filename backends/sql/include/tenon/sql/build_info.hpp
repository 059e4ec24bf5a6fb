#pragma once
// The compiler that built a backend, for BackendInfo::build. Used by the SQL backends' backend.cpp.

namespace tenon::sql {

#ifdef __clang__
inline constexpr const char* kCompiler = "clang " __clang_version__;
#else
inline constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

} // namespace tenon::sql
