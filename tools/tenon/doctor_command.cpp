#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <tenon/adpa/adpa.hpp>
#include <tenon/config/problem.hpp>
#include <tenon/host/registry.hpp>
#include <tenon/tenon.hpp>

#include "commands.hpp"
#include "database_file.hpp"

namespace tenon::tool {
namespace {

enum class State { ok, note, wrong, skipped };

struct Finding {
  std::string part;
  State state;
  std::string message;
  std::string next; ///< what to do; empty: nothing
};

constexpr std::string_view kStates[] = {"ok", "note", "wrong", "skipped"};

/// Collects findings part by part; what depends on a part that is wrong is skipped, visibly.
class Examination {
public:
  explicit Examination(const Common& common) : common_(common) {}

  int run() {
    file();
    plugin();
    server();
    schema();
    return print_all();
  }

private:
  void add(std::string part, State state, std::string message, std::string next = {}) {
    findings_.push_back({std::move(part), state, std::move(message), std::move(next)});
  }
  void wrong(std::string part, const Error& error) {
    if (worst_ == kOk) worst_ = exit_code(error);
    add(std::move(part), State::wrong, error.message(), error.hint());
  }

  void file() {
    try {
      for (const config::Problem& problem : config::check(common_.sources())) {
        const bool error = problem.severity == config::Severity::error;
        if (error) worst_ = kConfiguration;
        add("file", error ? State::wrong : State::note, config::headline(problem), config::advice(problem));
      }
      profile_ = config::load(common_.sources());
      profile_->store.pool.when_down = WhenDown::fail; // the first answer is the answer
      profile_->store.pool.min_idle = 0;               // nothing connects before it is asked to
      add("file", State::ok, fmt::format("profile {} for backend {}", profile_->name, profile_->backend));
    } catch (const ConfigError& error) {
      if (worst_ == kOk) wrong("file", error); // else check() has said it already
    }
  }

  void plugin() {
    if (!profile_) return add("plugin", State::skipped, "no profile to take the backend from");
    try {
      store_.emplace(open(*profile_));
      const auto& info = store_->backend();
      add("plugin", State::ok, fmt::format("{} {}, {}", info.id, info.version, info.build));
    } catch (const Error& error) {
      wrong("plugin", error);
    }
  }

  void server() {
    if (!store_) return add("server", State::skipped, "no backend to ask");
    if (const auto file = file_to_be_created(*profile_)) {
      return add("server", State::note, *file + " is not there yet; the first use creates it", kFileToBeCreated);
    }
    try {
      const auto begin = Clock::now();
      store_->ping();
      const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
      add("server", State::ok, fmt::format("{} answers in {:.1f} ms", store_->endpoint(), took.count()));
      reached_ = true;
    } catch (const Error& error) {
      wrong("server", error);
    }
  }

  /// Asks each table of the application layer for one row of all its columns: what is missing is named by the error.
  template <class... Models> void ask_tables() {
    std::vector<std::string> missing;
    std::size_t there = 0;
    const auto ask = [&]<class Model>() { // false: the next one would get the same answer
      try {
        Session session = store_->session({.read_only = true});
        static_cast<void>(Repository<Model>(session).with_deleted().query().first());
        ++there;
      } catch (const ProgrammingError& error) {
        missing.push_back(error.message());
      } catch (const Error& error) {
        wrong("schema", error);
        return exit_code(error) != kUnreachable;
      }
      return true;
    };
    static_cast<void>((ask.template operator()<Models>() && ...));
    if (missing.size() == sizeof...(Models)) {
      return add("schema", State::note, "none of the tables of tenon::adpa is there",
                 "nothing, unless the application uses tenon::adpa: then call tenon::adpa::create_tables(store)");
    }
    for (const std::string& message : missing) {
      worst_ = worst_ == kOk ? kFailed : worst_;
      add("schema", State::wrong, message,
          "create what is missing with tenon::adpa::create_tables(store), or alter the table");
    }
    if (there == sizeof...(Models))
      add("schema", State::ok, fmt::format("all {} tables of tenon::adpa are there", there));
  }

  void schema() {
    if (!reached_) return add("schema", State::skipped, "no database to look into");
    ask_tables<adpa::Project, adpa::User, adpa::UserProfile, adpa::AppState, adpa::ModelConfig, adpa::SystemHealth>();
  }

  int print_all() const {
    if (common_.json) {
      Json array = Json::array();
      for (const Finding& finding : findings_) {
        array.push_back(Json{{"part", finding.part},
                             {"state", kStates[static_cast<std::size_t>(finding.state)]},
                             {"message", finding.message},
                             {"next", finding.next}});
      }
      print_json(array);
      return worst_;
    }
    for (const Finding& finding : findings_) {
      print(fmt::format("{:<7} {:<8} {}\n", finding.part, kStates[static_cast<std::size_t>(finding.state)],
                        finding.message));
      if (!finding.next.empty()) print(fmt::format("{:16} next: {}\n", "", finding.next));
    }
    return worst_;
  }

  const Common& common_;
  std::vector<Finding> findings_;
  std::optional<config::Profile> profile_;
  std::optional<Store> store_;
  bool reached_ = false;
  Exit worst_ = kOk;
};

} // namespace

int doctor(const Common& common) { return Examination(common).run(); }

} // namespace tenon::tool
