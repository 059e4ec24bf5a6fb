#include <chrono>

#include <fmt/format.h>

#include <tenon/tenon.hpp>

#include "commands.hpp"
#include "database_file.hpp"

namespace tenon::tool {
namespace {

enum Answer : int { kAccepting = 0, kRejecting = 1, kNoResponse = 2, kNotAttempted = 3 };

/// A server that answers with a refusal is there; one that does not answer is not.
Answer answer_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::config:
    case ErrorCode::plugin: return kNotAttempted;
    case ErrorCode::not_ready:
    case ErrorCode::auth:
    case ErrorCode::permission:
    case ErrorCode::resource_exhausted: return kRejecting;
    case ErrorCode::connection: return error.sqlstate().empty() ? kNoResponse : kRejecting;
    case ErrorCode::timeout:
    case ErrorCode::pool_timeout: return kNoResponse;
    default: return kRejecting;
  }
}

constexpr std::string_view kWords[] = {"accepting connections", "rejecting connections", "no response",
                                       "not attempted"};

} // namespace

int ping(const Common& common, std::chrono::milliseconds timeout) {
  std::string endpoint;
  try {
    config::Profile profile = config::load(common.sources());
    profile.store.connect_timeout = profile.store.call_timeout = profile.store.pool.timeout = timeout;
    profile.store.pool.when_down = WhenDown::fail; // the first answer is the answer
    if (const auto file = file_to_be_created(profile)) {
      endpoint = *file;
      throw_error(ErrorCode::config, "the file is not there yet; the first use creates it, which ping does not",
                  kFileToBeCreated);
    }
    Store store = open(profile);
    endpoint = store.endpoint();
    const auto begin = Clock::now();
    store.ping();
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    if (common.json) {
      print_json(Json{{"endpoint", endpoint},
                      {"answer", kWords[kAccepting]},
                      {"exit", kAccepting},
                      {"milliseconds", took.count()}});
    } else {
      print(fmt::format("{} - {} ({:.1f} ms)\n", endpoint, kWords[kAccepting], took.count()));
    }
    return kAccepting;
  } catch (const Error& error) {
    const Answer answer = answer_of(error);
    if (common.json) {
      Json object = to_json(error);
      object["endpoint"] = endpoint;
      object["answer"] = kWords[answer];
      object["exit"] = answer;
      print_json(object);
    } else {
      print(fmt::format("{}{}{}\n", endpoint, endpoint.empty() ? "" : " - ", kWords[answer]));
      report(error, common);
    }
    return answer;
  }
}

} // namespace tenon::tool
