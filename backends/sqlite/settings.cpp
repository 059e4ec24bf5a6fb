#include "settings.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <tenon/sql/option_names.hpp>

namespace tenon::sqlite {
namespace {

constexpr std::array<std::string_view, 5> kKeys{"database", "busy_timeout", "journal_mode", "synchronous",
                                                "foreign_keys"};

[[noreturn]] void bad_value(const Option& option, std::string_view wanted) {
  throw_error(ErrorCode::config, fmt::format("sqlite: {} cannot be \"{}\"", option.key, option.value),
              fmt::format("write {}", wanted));
}

template <class Value, std::size_t N>
Value one_of(const Option& option, const std::array<std::pair<std::string_view, Value>, N>& words,
             std::string_view wanted) {
  for (const auto& [text, value] : words) {
    if (option.value == text) return value;
  }
  bad_value(option, wanted);
}

/// A number of milliseconds, or a number with its unit.
std::chrono::milliseconds duration(const Option& option) {
  constexpr std::string_view kWanted = "a duration such as 500ms, 5s or 1m; a plain number counts milliseconds";
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
      {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}}};
  constexpr std::int64_t kLongest = 24 * 3600000;
  std::int64_t number = 0;
  const char* const end = option.value.data() + option.value.size();
  const auto read = std::from_chars(option.value.data(), end, number);
  if (read.ec != std::errc{} || number < 0) bad_value(option, kWanted);
  const std::int64_t unit =
      one_of(Option{option.key, std::string_view(read.ptr, static_cast<std::size_t>(end - read.ptr))}, kUnits, kWanted);
  if (number > kLongest / unit) bad_value(option, "at most 24h");
  return std::chrono::milliseconds(number * unit);
}

constexpr std::array<std::pair<std::string_view, JournalMode>, 3> kJournalModes{
    {{"wal", JournalMode::wal}, {"delete", JournalMode::delete_file}, {"memory", JournalMode::memory}}};
constexpr std::array<std::pair<std::string_view, Synchronous>, 3> kSynchronous{
    {{"normal", Synchronous::normal}, {"full", Synchronous::full}, {"off", Synchronous::off}}};
constexpr std::array<std::pair<std::string_view, bool>, 2> kBooleans{{{"true", true}, {"false", false}}};

} // namespace

const char* word(JournalMode mode) noexcept {
  switch (mode) {
    case JournalMode::wal: return "wal";
    case JournalMode::delete_file: return "delete";
    case JournalMode::memory: return "memory";
  }
  return "";
}

const char* word(Synchronous mode) noexcept {
  switch (mode) {
    case Synchronous::normal: return "normal";
    case Synchronous::full: return "full";
    case Synchronous::off: return "off";
  }
  return "";
}

Settings read_settings(Options options) {
  Settings settings;
  for (const Option& option : options) {
    if (option.key == "database") {
      settings.database = option.value;
    } else if (option.key == "busy_timeout") {
      settings.busy_timeout = duration(option);
    } else if (option.key == "journal_mode") {
      settings.journal_mode = one_of(option, kJournalModes, "wal, delete or memory");
    } else if (option.key == "synchronous") {
      settings.synchronous = one_of(option, kSynchronous, "normal, full or off");
    } else if (option.key == "foreign_keys") {
      settings.foreign_keys = one_of(option, kBooleans, "true or false");
    } else {
      sql::reject_option("sqlite", option.key, kKeys);
    }
  }
  if (settings.database.empty()) {
    throw_error(ErrorCode::config, "sqlite needs the connection option \"database\"",
                "give the path of a file, or \":memory:\"");
  }
  if (settings.database.find('\0') != std::string::npos) {
    throw_error(ErrorCode::config, "sqlite: the path of the database holds a NUL byte");
  }
  return settings;
}

} // namespace tenon::sqlite
